"""Another address: two letters, two proofs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.mail.email_change import (
    SecondConfirmationPending,
    request_email_change,
    resend_email_change,
    verify_change_code,
    verify_change_link,
)
from jotbase.auth.tokens.one_time import OneTimeToken, link_token, stored_hash
from jotbase.errors import AuthError
from jotbase.sql.units import Rows

NEW = "new@example.com"
WISHING = replace(ADA, new_email=NEW, email_change_sent_at=MOMENT)
LINK = link_token(b"key", NEW, "123456")
TOKEN = OneTimeToken(stored_hash(LINK), ADA.id, "email_change_new", "email_change", NEW, MOMENT)
OTHER = replace(TOKEN, token_hash="other", slot="email_change_current", email="ada@example.com")


def stored(token: OneTimeToken) -> tuple[Any, ...]:
    return row(token)


def test_both_addresses_are_written_to() -> None:
    """The new one first; each letter has a code of its own."""
    (new, old), _ = drive(request_email_change(CONTEXT, ADA, NEW))

    assert (new.to, old.to) == (NEW, "ada@example.com")
    assert (new.purpose, old.purpose) == ("email_change", "email_change_old")
    assert new.code != old.code


def test_who_had_no_address_has_one_letter() -> None:
    """There is nobody else to ask."""
    mails, _ = drive(request_email_change(CONTEXT, replace(ADA, email=None), NEW))

    assert [mail.to for mail in mails] == [NEW]


def test_the_first_proof_is_half_of_it() -> None:
    """While the other letter is unread, nothing changes and no session comes of it."""
    answers: tuple[Rows, ...] = (
        [],
        [],
        [stored(TOKEN)],
        [row(WISHING)],
        [],
        [],
        [],
        [stored(TOKEN), stored(OTHER)],
    )
    outcome, verbs = drive(verify_change_code(CONTEXT, NEW, "123456"), *answers)

    assert outcome == SecondConfirmationPending()
    assert "UPDATE" not in verbs


def test_the_second_proof_changes_the_address() -> None:
    """And gives a session."""
    answers: tuple[Rows, ...] = ([stored(TOKEN)], [row(WISHING)], [], [stored(TOKEN)])
    outcome, _ = drive(verify_change_link(CONTEXT, LINK), *answers)

    assert isinstance(outcome, IssuedSession)
    assert (outcome.account.user.email, outcome.account.user.new_email) == (NEW, None)


@pytest.mark.parametrize(
    "user",
    [ADA, replace(WISHING, new_email="third@example.com")],
    ids=["nothing wished", "another wish"],
)
def test_a_letter_proves_only_what_is_still_wished(user: Any) -> None:
    """Whoever changed their mind is not held to the first letter."""
    with pytest.raises(AuthError, match="invalid or has expired"):
        drive(verify_change_link(CONTEXT, LINK), [stored(TOKEN)], [row(user)])


def test_a_wrong_code_is_counted() -> None:
    """The error is returned, so that the count is committed."""
    outcome, verbs = drive(verify_change_code(CONTEXT, NEW, "654321"))

    assert isinstance(outcome, AuthError)
    assert (outcome.code, verbs[-1]) == ("otp_expired", "INSERT")


def test_letters_are_sent_again_while_a_change_waits() -> None:
    """Otherwise nobody is written to, and the ledger is all that is touched."""
    mails, _ = drive(resend_email_change(CONTEXT, "ada@example.com"), [row(WISHING)], [])
    none, verbs = drive(resend_email_change(CONTEXT, "ada@example.com"), [row(ADA)], [])

    assert [mail.to for mail in mails] == [NEW, "ada@example.com"]
    assert (none, verbs[2:]) == ((), ["SELECT", "SELECT", "DELETE", "INSERT"])
