"""`/auth/v1` where it is asked for what a project has not switched on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.account_world import World

SOMEBODY = "8f1d4f0a-0000-4000-8000-000000000000"


@pytest.fixture
def world(accounts: World) -> World:
    return accounts


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "message"),
    [
        ("POST", "/sso", 404, "saml_provider_disabled", "SAML 2.0 is disabled"),
        ("GET", "/sso/saml/metadata", 404, "saml_provider_disabled", "SAML 2.0 is disabled"),
        (
            "POST",
            "/token?grant_type=web3",
            422,
            "web3_provider_disabled",
            "Web3 provider is disabled",
        ),
        ("POST", "/passkeys/authentication/options", 404, "passkey_disabled", "Passkeys are dis"),
        ("GET", "/passkeys", 404, "passkey_disabled", "Passkeys are disabled"),
        ("POST", "/oauth/token", 404, "feature_disabled", "OAuth server is disabled"),
        ("GET", "/scim/v2/Schemas", 404, "feature_disabled", "SCIM server is disabled"),
        (
            "POST",
            "/factors",
            401,
            "no_authorization",
            "This endpoint requires a valid Bearer token",
        ),
        ("POST", f"/factors/{SOMEBODY}/verify", 401, "no_authorization", "This endpoint requires"),
        ("DELETE", f"/factors/{SOMEBODY}", 401, "no_authorization", "This endpoint requires a"),
        ("GET", "/user/identities/authorize?provider=google", 401, "no_authorization", "This end"),
        ("DELETE", f"/user/identities/{SOMEBODY}", 401, "no_authorization", "This endpoint req"),
        ("GET", "/user/oauth/grants", 401, "no_authorization", "This endpoint requires a valid"),
        ("GET", "/authorize?provider=google", 400, "validation_failed", "Unsupported provider: p"),
        ("GET", "/authorize?provider=nobody", 400, "validation_failed", "Unsupported provider: P"),
        ("GET", "/admin/sso/providers", 403, "not_admin", "User not allowed"),
    ],
)
def test_what_is_off_says_so_before_anything_is_read(
    world: World, method: str, path: str, status: int, code: str, message: str
) -> None:
    """Without a session and with a body that is no JSON, in the words that clients look for."""
    answer = world.call(method, path, b"no json")

    assert (answer.status, answer.body["error_code"]) == (status, code)
    assert answer.body["msg"].startswith(message)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/user/identities/authorize", None, 404, "manual_linking_disabled"),
        ("DELETE", f"/user/identities/{SOMEBODY}", None, 404, "manual_linking_disabled"),
        ("GET", "/user/oauth/grants", None, 404, "feature_disabled"),
        ("POST", "/factors", {"factor_type": "webauthn"}, 422, "mfa_webauthn_enroll_not_enabled"),
        ("POST", "/factors", {"factor_type": "phone"}, 422, "mfa_phone_enroll_not_enabled"),
        ("POST", "/factors", {"factor_type": "tin"}, 400, "validation_failed"),
        ("POST", f"/factors/{SOMEBODY}/challenge", {}, 404, "mfa_factor_not_found"),
        ("DELETE", "/factors/7", None, 404, "validation_failed"),
        ("PUT", "/user", {"phone": "+491234567"}, 422, "phone_provider_disabled"),
    ],
)
def test_who_is_signed_in_is_told_more(
    world: World, method: str, path: str, body: Any, status: int, code: str
) -> None:
    """After the bearer comes the part that is off."""
    answer = world.call(method, path, body, bearer=world.signed_up()["access_token"])

    assert (answer.status, answer.body["error_code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 400, {"error": "invalid request", "error_description": "id_token required"}),
        ({"id_token": "x", "provider": "google"}, 400, "provider_disabled"),
        ({"id_token": "x", "provider": "tin"}, 400, "validation_failed"),
        ({"id_token": "x", "client_id": "c", "issuer": "https://i"}, 400, "provider_disabled"),
    ],
)
def test_tokens_of_providers_are_not_taken(world: World, body: Any, status: int, told: Any) -> None:
    """The request itself is refused in OAuth's shape, the provider in the API's own."""
    answer = world.call("POST", "/token?grant_type=id_token", body)
    code = answer.body.get("error_code")

    assert answer.status == status
    assert told in (answer.body, code)


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "message"),
    [
        ("/signup", {"password": "correct horse"}, 400, "phone_provider_disabled", "Phone signups"),
        ("/otp", {}, 400, "phone_provider_disabled", "Unsupported phone provider"),
        ("/otp", {"create_user": False}, 422, "otp_disabled", "Signups not allowed for otp"),
        ("/token?grant_type=password", {}, 422, "phone_provider_disabled", "Phone logins are dis"),
        ("/resend", {"type": "phone_change"}, 400, "phone_provider_disabled", "Phone logins are"),
        ("/resend", {"type": "sms"}, 400, "phone_provider_disabled", "Phone logins are disabled"),
        ("/verify", {"type": "sms", "token": "1"}, 403, "otp_expired", "Token has expired or is"),
        ("/verify", {"type": "phone_change", "token": "1"}, 403, "otp_expired", "Token has exp"),
    ],
)
def test_a_phone_is_refused_in_each_requests_own_words(
    world: World, path: str, body: Any, status: int, code: str, message: str
) -> None:
    """A code for a phone is wrong, since none is ever sent; all else is off."""
    answer = world.call("POST", path, {"phone": "+49 151 2345", **body})

    assert (answer.status, answer.body["error_code"]) == (status, code)
    assert answer.body["msg"].startswith(message)


def test_a_phone_in_no_known_form_is_told_so(world: World) -> None:
    """E.164, before it is looked up."""
    answer = world.call("POST", "/verify", {"phone": "12-34", "type": "sms", "token": "1"})

    assert (answer.status, answer.body["msg"]) == (
        400,
        "Invalid phone number format (E.164 required)",
    )


def test_without_authenticator_apps_their_endpoints_say_so(world: World) -> None:
    """By a setting; factors that are there stay, and are not asked for."""
    world.set(mfa_totp=False)
    bearer = world.signed_up()["access_token"]
    refused = world.call("POST", "/factors", {"factor_type": "totp"}, bearer=bearer)

    assert (refused.status, refused.body["error_code"]) == (422, "mfa_totp_enroll_not_enabled")


def test_the_service_role_finds_nothing_where_nothing_can_be(world: World) -> None:
    """Empty lists for a user that exists; a factor, a client or a provider of one's own is not."""
    path = f"/admin/users/{world.signed_up()['user']['id']}"

    assert world.admin("GET", f"{path}/factors").body == []
    assert world.admin("GET", f"{path}/passkeys").body == []
    assert world.admin("GET", "/admin/sso/providers").body == {"items": []}
    assert world.admin("DELETE", f"{path}/factors/{SOMEBODY}").body["error_code"] == (
        "mfa_factor_not_found"
    )
    assert world.admin("GET", f"/admin/users/{SOMEBODY}/factors").status == 404
    assert world.admin("GET", "/admin/oauth/clients").body["error_code"] == "feature_disabled"


def test_metadata_that_nests_too_deeply_is_refused_everywhere(world: World) -> None:
    """Nothing is stored that could not be listed again; the limit is that of the data API."""
    deep: Any = "x"
    for _ in range(99):
        deep = [deep]
    body = {"email": "ada@example.com", "password": "correct horse"}
    refused = [
        world.call("POST", "/signup", {**body, "data": {"deep": deep}}),
        world.admin("POST", "/admin/users", {**body, "user_metadata": {"deep": deep}}),
        world.admin("POST", "/admin/users", {**body, "app_metadata": {"deep": deep}}),
    ]
    taken = world.call("POST", "/signup", {**body, "data": {"deep": deep[0]}})

    assert [(one.status, one.body["error_code"]) for one in refused] == [(400, "bad_json")] * 3
    assert taken.status == 200
    assert world.call("GET", "/user", bearer=taken.body["access_token"]).status == 200
    assert world.admin("GET", "/admin/users").status == 200
