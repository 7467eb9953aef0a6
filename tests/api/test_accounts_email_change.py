"""`PUT /user` with another address, where mails confirm it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.account_world import Answer, World, opened

OLD, NEW = "ada@example.com", "new@example.com"


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world


@pytest.fixture
def session(world: World) -> Any:
    """Sign somebody up whose address needs no confirmation, and let later changes need one."""
    session = world.signed_up(OLD)
    world.set(autoconfirm=False)
    return session


def asked(world: World, session: Any, email: str = NEW) -> Answer:
    return world.call("PUT", "/user", {"email": email}, bearer=session["access_token"])


def proved(world: World, email: str, code: str) -> Answer:
    body = {"type": "email_change", "email": email, "token": code}
    return world.call("POST", "/verify", body)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_both_addresses_confirm_in_any_order(
    world: World, session: Any, order: tuple[int, int]
) -> None:
    """The first proof is told and gives no session; the second changes the address."""
    user = asked(world, session).body
    first, second = (world.mails[number] for number in order)
    half = proved(world, first.to, first.code)
    before = world.current_account(OLD).status
    whole = proved(world, second.to, second.code)

    assert (user["email"], user["new_email"]) == (OLD, NEW)
    assert [mail.to for mail in world.mails] == [NEW, OLD]
    assert (half.status, half.body["code"]) == (200, "200")
    assert "access_token" not in half.body
    assert (whole.body["user"]["email"], "new_email" in whole.body["user"]) == (NEW, False)
    assert (before, world.current_account(OLD).status, world.current_account(NEW).status) == (
        200,
        400,
        200,
    )


def test_one_letter_does_not_count_twice(world: World, session: Any) -> None:
    """Whoever has but one of the mailboxes changes nothing."""
    asked(world, session)
    code = world.mails[0].code

    assert proved(world, NEW, code).status == 200
    assert proved(world, NEW, code).body["error_code"] == "otp_expired"
    assert world.current_account(OLD).status == 200


def test_the_links_lead_on_with_a_message_then_a_session(world: World, session: Any) -> None:
    """As clients look for them, in the fragment."""
    asked(world, session)
    led = []
    for mail in world.mails:
        path = mail.link.removeprefix("http://localhost/auth/v1")
        led.append(dict(world.call("GET", path, key=None).response.headers)["Location"])

    assert led[0].startswith("http://localhost#message=Confirmation+link+accepted.")
    assert led[1].startswith("http://localhost#access_token=")
    assert "&type=email_change&" in led[1]


def test_a_second_change_must_wait(world: World, session: Any) -> None:
    """And is not kept; after the pause it takes the place of the first."""
    asked(world, session)
    soon = asked(world, session, "third@example.com")
    world.now += 60
    later = asked(world, session, "third@example.com")

    assert (soon.status, soon.body["error_code"]) == (429, "over_email_send_rate_limit")
    assert later.body["new_email"] == "third@example.com"
    assert proved(world, NEW, world.mails[0].code).status == 403


def test_the_letters_are_sent_again(world: World, session: Any) -> None:
    """To both, and an address that waits for none is answered the same."""
    asked(world, session)
    world.now += 60
    again = world.call("POST", "/resend", {"type": "email_change", "email": OLD})
    nobody = world.call("POST", "/resend", {"type": "email_change", "email": "x@example.com"})

    assert (again.status, again.body, nobody.status, nobody.body) == (200, {}, 200, {})
    assert [mail.to for mail in world.mails] == [NEW, OLD, NEW, OLD]


def test_an_address_taken_meanwhile_stays_where_it_is(world: World, session: Any) -> None:
    """The last proof is refused, and the user keeps the old one."""
    asked(world, session)
    world.set(autoconfirm=True).signed_up(NEW)
    proved(world, NEW, world.mails[0].code)
    answer = proved(world, OLD, world.mails[1].code)

    assert (answer.status, answer.body["error_code"]) == (422, "email_exists")
    assert world.current_account(OLD).status == 200
