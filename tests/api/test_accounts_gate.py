"""What stands before every flow: API key, token, method, path, size, rate, and the error shapes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.api.account_world import ANON_KEY, RING, SECRET_KEY, World, opened

from jotbase.auth.tokens.apikeys import legacy_key
from jotbase.auth.tokens.keys import new_ring, read_ring
from jotbase.auth.tokens.tokens import sign, sign_shared


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world


def test_the_older_error_shape_is_the_default(world: World) -> None:
    """Without a version the status is the code, and the code is error_code."""
    answer = world.call("POST", "/token?grant_type=x", {})

    assert answer.body == {
        "code": 400,
        "error_code": "invalid_credentials",
        "msg": "unsupported_grant_type",
    }
    assert answer.response.header("X-Supabase-Api-Version") is None


@pytest.mark.parametrize("version", ["2024-01-01", "2025-06-30"])
def test_the_newer_error_shape_is_asked_for_and_echoed(world: World, version: str) -> None:
    """From 2024-01-01 on the code is text, and the header tells which shape it is."""
    answer = world.call("POST", "/token?grant_type=x", {}, x_supabase_api_version=version)

    assert answer.body == {"code": "invalid_credentials", "message": "unsupported_grant_type"}
    assert answer.response.header("X-Supabase-Api-Version") == "2024-01-01"
    assert answer.response.header("x-sb-error-code") == "invalid_credentials"


@pytest.mark.parametrize("version", ["2023-12-31", "latest", "2024-13-01", "20240101", ""])
def test_an_older_or_unreadable_version_gets_the_older_shape(world: World, version: str) -> None:
    """What is no date, or an early one, counts as no version."""
    answer = world.call("POST", "/token?grant_type=x", {}, x_supabase_api_version=version)

    assert answer.body["error_code"] == "invalid_credentials"


def test_a_weak_password_comes_with_its_reasons(world: World) -> None:
    """SDKs read the reasons beside the code, in both shapes."""
    world.set(password_characters=("0123456789",))
    body = {"email": "ada@example.com", "password": "abc"}
    old = world.call("POST", "/signup", body).body
    new = world.call("POST", "/signup", body, x_supabase_api_version="2024-01-01").body

    assert old["weak_password"] == new["weak_password"] == {"reasons": ["length", "characters"]}
    assert (old["error_code"], new["code"]) == ("weak_password", "weak_password")


@pytest.mark.parametrize(
    "key", [None, "", "wrong", "sb_publishable_x_y", f"{SECRET_KEY}x", SECRET_KEY[:-1]]
)
@pytest.mark.parametrize("path", ["/health", "/settings", "/user", "/nowhere"])
def test_without_a_good_key_nothing_is_answered(world: World, key: str | None, path: str) -> None:
    """A missing or unknown API key is refused before the path is looked at."""
    answer = world.call("GET", path, key=key)

    assert (answer.status, answer.body["error_code"]) == (401, "no_authorization")


@pytest.mark.parametrize("role", ["anon", "service_role"])
def test_a_key_in_the_older_form_serves_too(world: World, role: str) -> None:
    """A long-lived token of a role is an API key, in the header or the query."""
    key = legacy_key(role, RING, 1_700_000_000)

    assert world.call("GET", "/health", key=key).status == 200
    assert world.call("GET", f"/health?apikey={key}", key=None).status == 200


def test_a_user_token_is_no_api_key(world: World) -> None:
    """A user's token does not open the gate, though the ring signed it."""
    token = world.signed_up()["access_token"]

    assert world.call("GET", "/health", key=token).status == 401


def test_the_public_keys_are_open_to_all(world: World) -> None:
    """The JWK set needs no key, may be cached, and holds no secret."""
    answer = world.call("GET", "/.well-known/jwks.json", key=None)
    (key,) = answer.body["keys"]

    assert answer.response.header("Cache-Control") == "public, max-age=600"
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "key_ops", "alg"}
    assert (key["use"], key["key_ops"], key["alg"]) == ("sig", ["verify"], "ES256")


def test_health_and_settings_say_what_clients_look_for(world: World) -> None:
    """Clients read the server's name and which ways in there are."""
    health, settings = world.call("GET", "/health").body, world.call("GET", "/settings").body

    assert health["name"] == "GoTrue"
    assert settings["external"]["email"] is True
    assert [name for name, on in settings["external"].items() if on] == ["email"]
    assert (settings["mailer_autoconfirm"], settings["disable_signup"]) == (True, False)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("GET", "/user/", 404),
        ("GET", "/signup", 405),
        ("DELETE", "/user", 405),
        ("PATCH", "/admin/users/1", 405),
    ],
)
def test_an_unknown_path_or_method_is_told(
    world: World, method: str, path: str, status: int
) -> None:
    """404 for a path that is not served, 405 with Allow for a method that is not."""
    answer = world.call(method, path)

    assert answer.status == status
    assert bool(answer.response.header("Allow")) is (status == 405)


def test_a_large_body_is_refused(world: World) -> None:
    """More than a mebibyte is not read as JSON."""
    answer = world.call("POST", "/signup", b" " * 1_048_577)

    assert (answer.status, answer.body["error_code"]) == (413, "request_entity_too_large")


def test_a_missing_token_is_401_and_a_bad_one_403(world: World) -> None:
    """SDKs tell «not signed in» from «signed in no more» by these."""
    token = world.signed_up()["access_token"]
    missing = world.call("GET", "/user")
    garbled = world.call("GET", "/user", authorization=f"Basic {token}")
    bad = world.call("GET", "/user", bearer=token[:-4])

    assert (missing.status, missing.body["error_code"]) == (401, "no_authorization")
    assert (garbled.status, garbled.body["error_code"]) == (401, "no_authorization")
    assert (bad.status, bad.body["error_code"]) == (403, "bad_jwt")


def test_an_expired_token_is_refused_when_the_data_api_refuses_it(world: World) -> None:
    """One allowance for clocks that disagree, wherever a token is looked at: 30 seconds."""
    token = world.signed_up()["access_token"]
    world.now = 1_780_003_630
    last = world.call("GET", "/user", bearer=token)
    world.now += 1
    late = world.call("GET", "/user", bearer=token)

    assert (last.status, late.status, late.body["error_code"]) == (200, 403, "bad_jwt")


def test_forged_and_odd_tokens_are_refused(world: World) -> None:
    """A token of another ring, of nobody, and of somebody who is no UUID."""
    other = read_ring(*new_ring(bytes(range(1, 73))))
    claims = {"sub": "8f1d4f0a-0000-4000-8000-000000000000", "role": "authenticated"}
    answers = [
        world.call("GET", "/user", bearer=sign(claims, other)),
        world.call("GET", "/user", bearer=sign_shared(claims, other)),
        world.call("GET", "/user", bearer=sign({"role": "authenticated"}, RING)),
        world.call("GET", "/user", bearer=sign({"sub": "7", "role": "authenticated"}, RING)),
        world.call("GET", "/user", bearer=sign(claims, RING)),
    ]

    assert [(one.status, one.body["error_code"]) for one in answers] == [
        (403, "bad_jwt"),
        (403, "bad_jwt"),
        (403, "bad_jwt"),
        (400, "bad_jwt"),
        (403, "user_not_found"),
    ]


def test_tokens_are_not_to_be_stored(world: World) -> None:
    """Answers with tokens and users say no-store (RFC 6749 section 5.1)."""
    body = {"email": "ada@example.com", "password": "123456"}
    answer = world.call("POST", "/signup", body)

    assert answer.response.header("Cache-Control") == "no-store"


def test_no_answer_holds_a_secret(world: World) -> None:
    """Hash, session key and shared secret stay inside, in success and in refusal."""
    session = world.signed_up()
    bearer = session["access_token"]
    answers = [
        world.call("GET", "/user", bearer=bearer),
        world.call("PUT", "/user", {"password": "correct horse"}, bearer=bearer),
        world.admin("GET", "/admin/users"),
        world.current_account(password="hunter2-hunter2"),
    ]
    text = b"".join(one.response.body for one in answers).decode()

    assert "$argon2" not in text
    assert "correct horse" not in text
    assert "hunter2" not in text
    assert "refresh_key" not in text


def test_the_key_in_place_of_a_bearer_serves_as_key(world: World) -> None:
    """A client that sends an opaque key as bearer alone gets in as that key's role."""
    assert world.call("GET", "/health", key=None, bearer=ANON_KEY).status == 200
    assert world.call("GET", "/admin/users", key=None, bearer=SECRET_KEY).status == 200
