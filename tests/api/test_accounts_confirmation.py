"""`/auth/v1` where addresses are confirmed by mail, and where one signs in by mail alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.account_world import Answer, World, opened

ADA = {"email": "ada@example.com", "password": "correct horse"}


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world.set(autoconfirm=False)


def proved(world: World, code: str, kind: str = "signup") -> Answer:
    body = {"email": "ada@example.com", "type": kind, "token": code}
    return world.call("POST", "/verify", body)


def otp(world: World, **more: Any) -> Answer:
    return world.call("POST", "/otp", {"email": "ada@example.com", **more})


@pytest.mark.parametrize("kind", ["signup", "email"])
def test_a_sign_up_is_confirmed_by_its_code(world: World, kind: str) -> None:
    """The user alone at first; after the code a session, and the password works."""
    waiting = world.call("POST", "/signup", ADA)
    early = world.current_account()
    session = proved(world, world.mails[0].code, kind)
    user = session.body["user"]

    assert "access_token" not in waiting.body
    assert "email_confirmed_at" not in waiting.body
    assert waiting.body["confirmation_sent_at"] == "2026-05-28T20:26:40.25Z"
    assert (early.status, early.body["error_code"]) == (400, "email_not_confirmed")
    assert (user["id"], user["email_confirmed_at"]) == (
        waiting.body["id"],
        "2026-05-28T20:26:40.25Z",
    )
    assert user["user_metadata"]["email_verified"] is True
    assert user["identities"][0]["identity_data"]["email_verified"] is True
    assert world.current_account().status == 200


def test_a_code_of_another_kind_confirms_nothing(world: World) -> None:
    """A sign-up's code is no recovery's."""
    world.call("POST", "/signup", ADA)

    assert proved(world, world.mails[0].code, "recovery").body["error_code"] == "otp_expired"


def test_signing_up_again_neither_tells_nor_changes_anything(world: World) -> None:
    """Known and new addresses get the same answer, and the first password stays."""
    world.call("POST", "/signup", ADA)
    proved(world, world.mails[0].code)
    world.now += 61
    known = world.call("POST", "/signup", {**ADA, "password": "some horse"})
    new = world.call("POST", "/signup", {**ADA, "email": "new@example.com"})

    assert (known.status, new.status) == (200, 200)
    assert known.body["identities"] == []
    assert [mail.to for mail in world.mails] == ["ada@example.com", "new@example.com"]
    assert world.current_account().status == 200


def test_who_waits_signs_up_again_and_gets_another_mail(world: World) -> None:
    """After the pause; a mail proves its own request, and the last one takes the first's place."""
    world.call("POST", "/signup", ADA)
    soon = world.call("POST", "/signup", ADA)
    world.now += 60
    again = world.call("POST", "/signup", {**ADA, "password": "other horse"})

    assert (soon.status, soon.body["error_code"]) == (429, "over_email_send_rate_limit")
    assert (again.status, len(world.mails)) == (200, 2)
    assert proved(world, world.mails[1].code).status == 200
    assert world.current_account(password="other horse").status == 200
    assert world.current_account().status == 400


def test_a_sign_up_mail_is_sent_again(world: World) -> None:
    """To who waits for it, once the pause is over; the answer is the same for everybody."""
    world.call("POST", "/signup", ADA)
    body = {"type": "signup", "email": "ada@example.com"}
    soon = world.call("POST", "/resend", body)
    world.now += 60
    again = world.call("POST", "/resend", body)
    nobody = world.call("POST", "/resend", {**body, "email": "nobody@example.com"})

    assert soon.status == 429
    assert (again.status, again.body, nobody.status, nobody.body) == (200, {}, 200, {})
    assert [mail.to for mail in world.mails] == ["ada@example.com"] * 2
    assert proved(world, world.mails[1].code).status == 200


@pytest.mark.parametrize(
    ("kind", "code"), [("", "validation_failed"), ("sms", "phone_provider_disabled")]
)
def test_what_is_never_sent_again_is_refused(world: World, kind: str, code: str) -> None:
    """No type, or that of a phone."""
    answer = world.call("POST", "/resend", {"type": kind, "email": "ada@example.com"})

    assert (answer.status, answer.body["error_code"]) == (400, code)


@pytest.mark.parametrize("path", ["/otp", "/magiclink"])
def test_a_new_user_comes_in_without_a_password(world: World, path: str) -> None:
    """The mail signs up and in at once, with the metadata given."""
    body = {"email": "ada@example.com", "data": {"name": "Ada"}}
    asked = world.call("POST", path, body)
    session = proved(world, world.mails[0].code, "email")

    assert (asked.status, asked.body) == (200, {})
    assert world.mails[0].subject == "Your sign-in link"
    assert session.body["user"]["user_metadata"]["name"] == "Ada"
    assert session.body["user"]["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert world.current_account().body["error_code"] == "invalid_credentials"


def test_a_known_user_comes_in_with_a_magic_link(world: World) -> None:
    """The same user, and the password stays what it was."""
    world.set(autoconfirm=True)
    known = world.signed_up()["user"]
    assert otp(world).status == 200
    session = proved(world, world.mails[0].code, "magiclink")

    assert session.body["user"]["id"] == known["id"]
    assert world.current_account().status == 200


def test_nobody_new_where_the_caller_or_the_project_says_so(world: World) -> None:
    """Nothing is stored and nothing sent."""
    uninvited = otp(world, create_user=False)
    world.set(signup_disabled=True)
    closed = otp(world)

    assert (uninvited.status, uninvited.body["error_code"]) == (422, "otp_disabled")
    assert (closed.status, closed.body["error_code"]) == (422, "signup_disabled")
    assert (world.count("users"), world.mails) == (0, [])


def test_a_stranger_does_not_lie_in_wait_with_a_password(world: World) -> None:
    """Signed up by somebody else, then claimed by mail: the stranger's password opens nothing."""
    world.call("POST", "/signup", ADA)
    world.now += 60
    otp(world)
    assert proved(world, world.mails[1].code, "email").status == 200

    assert world.current_account().body["error_code"] == "invalid_credentials"


def test_settings_tell_that_mails_confirm(world: World) -> None:
    """Clients read it before they draw their forms."""
    assert world.call("GET", "/settings").body["mailer_autoconfirm"] is False
