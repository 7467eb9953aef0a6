"""`/admin/generate_link` and `/invite`: links that the service role makes, on each engine."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.api.account_world import World

EMAIL = "ada@example.com"


def link(world: World, kind: str, **body: Any) -> Any:
    answer = world.admin("POST", "/admin/generate_link", {"type": kind, "email": EMAIL, **body})
    assert answer.status == 200, answer.body
    return answer.body


def opened_by(world: World, made: Any) -> Any:
    body = {"type": made["verification_type"], "token_hash": made["hashed_token"]}
    return world.call("POST", "/verify", body)


def test_a_sign_up_link_makes_the_user_that_it_confirms(accounts: World) -> None:
    """The metadata is exactly what was sent, the password holds once the link was opened."""
    made = link(accounts, "signup", password="correct horse", data={"name": "Ada"})

    assert (made["email"], made["verification_type"]) == (EMAIL, "signup")
    assert made["user_metadata"] == {"name": "Ada"}
    assert made["identities"][0]["identity_data"]["email"] == EMAIL
    query = parse_qs(urlsplit(made["action_link"]).query)
    assert made["action_link"].startswith("http://localhost/auth/v1/verify?token=")
    assert (query["token"], query["type"]) == ([made["hashed_token"]], ["signup"])
    assert (made["redirect_to"], len(made["email_otp"]), accounts.mails) == (
        "http://localhost",
        6,
        [],
    )
    assert opened_by(accounts, made).body["user"]["user_metadata"] == {
        "name": "Ada",
        "email_verified": True,
    }
    assert accounts.current_account().status == 200


@pytest.mark.parametrize("kind", ["magiclink", "recovery"])
def test_a_link_signs_in_whom_it_was_made_for(accounts: World, kind: str) -> None:
    """By its token or its code, once."""
    user = accounts.signed_up()["user"]
    made = link(accounts, kind)
    code = {"type": "email", "email": EMAIL, "token": made["email_otp"]}

    assert made["verification_type"] == kind
    assert opened_by(accounts, made).body["user"]["id"] == user["id"]
    assert accounts.call("POST", "/verify", code).body["error_code"] == "otp_expired"


def test_a_magic_link_of_nobody_is_a_sign_up(accounts: World) -> None:
    """The user is made, without a password."""
    made = link(accounts, "magiclink", data={"name": "Ada"})

    assert made["verification_type"] == "signup"
    assert opened_by(accounts, made).body["user"]["email"] == EMAIL


def test_an_address_changes_once_both_links_were_opened(accounts: World) -> None:
    """Each link by itself changes nothing, in whichever order they are made and opened."""
    user = accounts.signed_up()["user"]
    new = link(accounts, "email_change_new", new_email="new@example.com")
    first = opened_by(accounts, new)
    current = link(accounts, "email_change_current", new_email="new@example.com")

    assert (new["verification_type"], new["new_email"]) == ("email_change", "new@example.com")
    assert first.body["code"] == "200"
    shown = opened_by(accounts, current).body["user"]
    assert (shown["id"], shown["email"]) == (user["id"], "new@example.com")


def test_an_invitation_is_mailed_and_accepted(accounts: World) -> None:
    """The invited user has the metadata that was sent, no password, and is invited again freely."""
    body = {"email": EMAIL, "data": {"team": "red"}}
    invited = accounts.admin("POST", "/invite", body)
    again = accounts.admin("POST", "/invite", {"email": EMAIL, "data": {"team": "blue"}})

    assert (invited.status, again.status, len(accounts.mails)) == (200, 200, 2)
    assert invited.body["user_metadata"] == again.body["user_metadata"] == {"team": "red"}
    assert invited.body["invited_at"] == "2026-05-28T20:26:40.25Z"
    code = {"type": "invite", "email": EMAIL, "token": accounts.mails[1].code}
    accepted = accounts.call("POST", "/verify", code)
    assert accepted.body["user"]["user_metadata"] == {"team": "red", "email_verified": True}
    refused = accounts.admin("POST", "/invite", {"email": EMAIL})
    assert (refused.status, refused.body["error_code"]) == (422, "email_exists")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "signup"}, 400, "validation_failed"),
        ({"type": "tin", "email": EMAIL}, 400, "validation_failed"),
        ({"type": "signup", "email": "ada"}, 400, "validation_failed"),
        ({"type": "signup", "email": EMAIL}, 400, "validation_failed"),
        ({"type": "signup", "email": EMAIL, "password": "x"}, 422, "weak_password"),
        ({"type": "recovery", "email": EMAIL}, 404, "user_not_found"),
        ({"type": "email_change_new", "email": EMAIL}, 400, "validation_failed"),
        (
            {"type": "email_change_new", "email": EMAIL, "new_email": "new@example.com"},
            404,
            "user_not_found",
        ),
        ({"type": "signup", "email": "eve@example.com", "password": "long enough"}, 422, "email_"),
        ({"type": "invite", "email": "eve@example.com"}, 422, "email_exists"),
        (
            {
                "type": "email_change_new",
                "email": "eve@example.com",
                "new_email": "eve@example.com",
            },
            422,
            "email_exists",
        ),
    ],
)
def test_a_bad_link_is_not_made(
    accounts: World, body: dict[str, Any], status: int, code: str
) -> None:
    """Each fault has its code, and nothing is stored."""
    accounts.signed_up("eve@example.com")
    answer = accounts.admin("POST", "/admin/generate_link", body)

    assert answer.status == status
    assert answer.body["error_code"].startswith(code)
    assert (accounts.count("users"), accounts.count("one_time_tokens")) == (1, 0)


def test_only_the_service_role_makes_links(accounts: World) -> None:
    """Neither the publishable key nor a user's token does."""
    for path in ("/admin/generate_link", "/invite"):
        answer = accounts.call("POST", path, {"type": "magiclink", "email": EMAIL})
        assert (answer.status, answer.body["error_code"]) == (403, "not_admin")


def test_opening_a_link_shows_a_page_and_its_button_uses_it_up(accounts: World) -> None:
    """Programs that open links in mails change nothing; the form leads on like the link did."""
    accounts.set(link_page=True)
    made = link(accounts, "magiclink", redirect_to="http://localhost:3000/in")
    path, query = made["action_link"].removeprefix("http://localhost/auth/v1").split("?")
    seen = [accounts.page(f"{path}?{query}") for _ in range(2)]
    fields = {name: parse_qs(query)[name][0] for name in ("type", "token", "redirect_to")}

    assert [one.status for one in seen] == [200, 200]
    policy = seen[0].header("Content-Security-Policy") or ""
    assert ("frame-ancestors 'none'" in policy, "script-src" in policy) == (True, False)
    for name, value in fields.items():
        assert f'name="{name}" value="{escape(value)}"' in seen[0].body.decode()
    first, second = (accounts.page("/verify", urlencode(fields).encode()) for _ in range(2))
    assert (first.header("Location") or "").startswith("http://localhost:3000/in#access_token=")
    assert "error_code=otp_expired" in (second.header("Location") or "")


@pytest.mark.parametrize("evil", ['"><script>', "x' onclick='"])
def test_what_a_link_says_is_no_html_on_its_page(accounts: World, evil: str) -> None:
    """Tokens are escaped, and an address that is not allowed is not repeated."""
    accounts.set(link_page=True)
    asked = urlencode({"type": "signup", "token": evil, "redirect_to": f"https://{evil}"})
    text = accounts.page(f"/verify?{asked}").body.decode()

    assert (evil in text, escape(evil) in text) == (False, True)
    assert 'name="redirect_to" value="http://localhost"' in text
