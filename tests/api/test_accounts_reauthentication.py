"""`/auth/v1/reauthenticate`: a new password needs a mailed code, where the session is not of today.

And `/callback`, while no provider is on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.account_world import Answer, World, opened

DAY = 86_400


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world.set(site_url="https://app.example.com", secure_password_change=True)


def aged(world: World, seconds: int = DAY + 1) -> Any:
    """Return a session of Ada's that began so long ago."""
    session = world.signed_up()
    world.now += seconds
    return world.refreshed(session["refresh_token"]).body


def changed(world: World, session: Any, **body: str) -> Answer:
    bearer = session["access_token"]
    return world.call("PUT", "/user", {"password": "new horse", **body}, bearer=bearer)


def asked(world: World, session: Any) -> Answer:
    return world.call("GET", "/reauthenticate", bearer=session["access_token"])


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["error_code"]


def test_an_old_session_sets_a_password_with_a_mailed_code(world: World) -> None:
    """The code is mailed to the user, is no link, and works once."""
    session = aged(world)
    needed = changed(world, session)
    told = asked(world, session)
    (mail,) = world.mails
    done = changed(world, session, nonce=mail.code)
    again = changed(world, session, password="newer horse", nonce=mail.code)

    assert refusal(needed) == (400, "reauthentication_needed")
    assert (told.status, told.body) == (200, {})
    assert (mail.to, mail.link) == ("ada@example.com", "")
    assert mail.code in mail.text
    assert (done.status, done.body["reauthentication_sent_at"][:4]) == (200, "2026")
    assert refusal(again) == (422, "reauthentication_not_valid")
    assert world.current_account(password="new horse").status == 200


def test_a_session_of_today_needs_none(world: World) -> None:
    """Neither does any session where the project does not ask for it."""
    assert changed(world, aged(world, DAY)).status == 200
    world.set(secure_password_change=False)
    world.now += 2 * DAY
    session = world.current_account(password="new horse").body
    world.now += 2 * DAY
    fresh = world.refreshed(session["refresh_token"]).body
    assert changed(world, fresh, password="newer horse").status == 200


def test_a_code_is_no_other_proof_and_no_other_proof_is_one(world: World) -> None:
    """It signs nobody in; and a recovery's code proves nothing here."""
    session = aged(world)
    asked(world, session)
    (mail,) = world.mails
    ada = {"email": "ada@example.com", "token": mail.code}
    kinds = ("signup", "recovery", "magiclink", "email", "email_change", "reauthentication")
    codes = {world.call("POST", "/verify", {**ada, "type": kind}).status for kind in kinds}
    world.call("POST", "/recover", {"email": "ada@example.com"})

    assert codes == {400, 403}
    assert refusal(changed(world, session, nonce=world.mails[-1].code))[0] == 422
    assert changed(world, session, nonce=mail.code).status == 200


@pytest.mark.parametrize("end", ["wrong", "late", "password", "stranger"])
def test_a_code_ends(world: World, end: str) -> None:
    """By five wrong ones, by its time, by a new password, and it is one user's."""
    session = aged(world)
    other = world.signed_up("bob@example.com")
    asked(world, session)
    code = world.mails[0].code
    if end == "wrong":
        for step in range(1, 6):
            changed(world, session, nonce=f"{(int(code) + step) % 1_000_000:06}")
    if end == "late":
        world.now += world.policy.otp_expiry
        session = world.refreshed(session["refresh_token"]).body
    if end == "password":
        path = f"/admin/users/{session['user']['id']}"
        world.admin("PUT", path, {"password": "theirs now"})
        session = world.current_account(password="theirs now").body
        world.now += DAY + 1
        session = world.refreshed(session["refresh_token"]).body
    if end == "stranger":
        world.now += DAY + 1
        session = world.refreshed(other["refresh_token"]).body

    assert refusal(changed(world, session, nonce=code)) == (422, "reauthentication_not_valid")


def test_who_has_no_confirmed_address_is_told_so(world: World) -> None:
    """Anonymous users have none; and a code comes once a minute."""
    world.set(anonymous_users=True)
    nobody = world.call("POST", "/signup", {}).body
    ada = world.signed_up()
    first, second = asked(world, ada), asked(world, ada)

    assert refusal(asked(world, nobody)) == (400, "validation_failed")
    assert first.status == 200
    assert refusal(second) == (429, "over_email_send_rate_limit")
    assert world.call("GET", "/reauthenticate").status == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/callback", None, "bad_oauth_callback"),
        ("GET", "/callback?code=x", None, "bad_oauth_callback"),
        ("GET", "/callback?state=x&redirect_to=https://evil.example", None, "bad_oauth_state"),
        ("POST", "/callback", b"state=x&code=y", "bad_oauth_state"),
        ("POST", "/callback", b"error=access_denied", "bad_oauth_callback"),
    ],
)
def test_a_callback_of_no_sign_in_leads_to_the_site(
    world: World, method: str, path: str, body: Any, code: str
) -> None:
    """With the error in the query alone, and never to where the request says."""
    answer = world.call(method, path, body, key=None)
    location = dict(answer.response.headers)["Location"]

    assert answer.status == 303
    assert location.startswith("https://app.example.com?error=invalid_request&error_code=")
    assert f"error_code={code}&" in location
    assert "#" not in location
