"""Links of the service role as units of work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, drive, row

from jotbase.auth.changes.links import LinkRequest, generate_link, invite, read_link_type
from jotbase.errors import AuthError

EMAIL = "ada@example.com"


def test_a_type_is_one_of_six() -> None:
    """Another one is named in the refusal."""
    assert read_link_type("invite") == "invite"
    with pytest.raises(AuthError) as caught:
        read_link_type("tin")

    assert caught.value.message == "Invalid email action link type requested: tin"


def test_a_link_is_no_mail() -> None:
    """No mail is counted; an invitation that is mailed is."""
    unconfirmed = replace(ADA, email_confirmed_at=None)
    _, link = drive(generate_link(CONTEXT, LinkRequest("invite", EMAIL)), [row(unconfirmed)])
    made, mailed = drive(invite(CONTEXT, LinkRequest("invite", EMAIL)), [row(unconfirmed)])

    assert made.mail.to == EMAIL
    assert len(mailed) == len(link) + 1


def test_a_link_of_a_change_stores_both_tokens() -> None:
    """The other one under a code that nobody is told."""
    asked = LinkRequest("email_change_new", EMAIL, "new@example.com")
    made, verbs = drive(generate_link(CONTEXT, asked), [row(ADA)])

    assert made.account.user.new_email == made.mail.to == "new@example.com"
    assert verbs.count("INSERT") == 2


@pytest.mark.parametrize("kind", ["signup", "invite"])
def test_who_is_confirmed_needs_no_confirmation(kind: str) -> None:
    """The address has a user."""
    with pytest.raises(AuthError) as caught:
        drive(generate_link(CONTEXT, LinkRequest(read_link_type(kind), EMAIL)), [row(ADA)])

    assert caught.value.code == "email_exists"
