"""Units of work by mail: who is written to, and what a proof changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.mail.flows import (
    request_magic_link,
    request_recovery,
    resend_confirmation,
    sign_up_by_mail,
    verify_code,
    verify_link,
)
from jotbase.auth.tokens.one_time import OneTimeToken, link_token, stored_hash
from jotbase.errors import AuthError
from jotbase.sql.units import Rows, UnitOfWork

EMAIL = "ada@example.com"
WAITING = replace(CONTEXT, policy=replace(CONTEXT.policy, autoconfirm=False))
UNCONFIRMED = replace(ADA, email_confirmed_at=None)
#: What the ledger asks and writes: the hour, a line, what is old, this asking.
SPACED: list[Rows] = [[], [], [], []]
ASKED = ["SELECT", "SELECT", "DELETE", "INSERT"]
LINK = link_token(b"key", EMAIL, "123456")
TOKEN = OneTimeToken(stored_hash(LINK), ADA.id, "recovery", "recovery", EMAIL, MOMENT)


def stored(token: OneTimeToken) -> Rows:
    return [row(token)]


def refused(unit: UnitOfWork[Any], *answers: Rows) -> tuple[int, str]:
    with pytest.raises(AuthError) as caught:
        drive(unit, *answers)
    return caught.value.status, caught.value.code


def test_a_known_address_gets_a_letter() -> None:
    """Its code comes from the random bytes, its token from the code; the last letter's is gone."""
    (mail,), verbs = drive(request_recovery(CONTEXT, EMAIL), *SPACED, [row(ADA)], [])

    assert (mail.to, mail.purpose, mail.verification) == (EMAIL, "recovery", "recovery")
    assert mail.code == f"{int.from_bytes(bytes(range(80, 88))) % 1_000_000:06}"
    assert mail.token == link_token(b"key", EMAIL, mail.code)
    assert verbs[-5:] == ["INSERT", "DELETE", "SELECT", "INSERT", "UPDATE"]


def test_an_unknown_address_gets_none() -> None:
    """Nothing but the ledger is written."""
    mails, verbs = drive(request_recovery(CONTEXT, EMAIL), *SPACED)

    assert mails == ()
    assert verbs == [*ASKED, "SELECT"]


def test_a_sign_up_is_confirmed_by_letter() -> None:
    """The user is stored unconfirmed and without a password, and told when the mail went out."""
    made, verbs = drive(sign_up_by_mail(WAITING, EMAIL, "hash", {"name": "Ada"}), *SPACED)

    (mail,) = made.mails
    assert (mail.purpose, mail.verification) == ("signup", "signup")
    assert made.account.user.confirmed_at is None
    assert made.account.user.confirmation_sent_at == MOMENT
    assert (made.account.user.encrypted_password, made.account.user.user_metadata["name"]) == (
        None,
        "Ada",
    )
    assert verbs == [*ASKED, "SELECT", *["INSERT"] * 3, "DELETE", "SELECT", "INSERT", "UPDATE"]


def test_a_known_address_signing_up_gets_no_letter() -> None:
    """Its owner is not bothered, and the caller sees a user without identities."""
    made, _ = drive(sign_up_by_mail(WAITING, EMAIL, "hash", {}), *SPACED, [row(ADA)], [])

    assert (made.mails, made.account.identities) == ((), ())


@pytest.mark.parametrize("found", [[], [row(ADA)]])
def test_only_who_waits_is_written_to_again(found: Rows) -> None:
    """Neither nobody nor a confirmed user is."""
    mails, _ = drive(resend_confirmation(WAITING, EMAIL), *SPACED, found, [])
    again, _ = drive(resend_confirmation(WAITING, EMAIL), *SPACED, [row(UNCONFIRMED)], [])

    assert mails == ()
    assert [mail.to for mail in again] == [EMAIL]


@pytest.mark.parametrize(
    ("found", "verification"),
    [([row(ADA)], "magiclink"), ([row(UNCONFIRMED)], "signup"), ([], "signup")],
)
def test_a_magic_link_confirms_whoever_is_not_yet(found: Rows, verification: str) -> None:
    """The same words, but a link of another type."""
    unit = request_magic_link(CONTEXT, EMAIL, {}, create=True)
    (mail,), _ = drive(unit, found, *([[]] if found else []), *SPACED, *SPACED)

    assert (mail.purpose, mail.verification) == ("magiclink", verification)


def test_nobody_new_comes_in_where_nobody_may() -> None:
    """The caller may have said so, or the project."""
    closed = replace(CONTEXT, policy=replace(CONTEXT.policy, signup_disabled=True))

    assert refused(request_magic_link(CONTEXT, EMAIL, {}, create=False)) == (422, "otp_disabled")
    assert refused(request_magic_link(closed, EMAIL, {}, create=True)) == (422, "signup_disabled")


def test_the_right_code_gives_a_session() -> None:
    """All letters of the user are used up, and the session says how it was reached."""
    unit = verify_code(CONTEXT, "recovery", EMAIL, "123456")
    granted, verbs = drive(unit, [], [row(ADA)], [], stored(TOKEN))

    assert isinstance(granted, IssuedSession)
    assert granted.session.amr[0]["method"] == "otp"
    assert granted.account.user.user_metadata["email_verified"] is True
    assert granted.account.user.encrypted_password == "hash"
    assert verbs[4:6] == ["DELETE", "DELETE"]


@pytest.mark.parametrize(
    "answers",
    [
        [[], []],
        [[], [row(ADA)], [], []],
        [[], [row(ADA)], [], stored(replace(TOKEN, token_hash="other"))],
        [[], [row(ADA)], [], stored(replace(TOKEN, slot="confirmation"))],
        [[], [row(ADA)], [], stored(replace(TOKEN, created_at="2026-05-28T19:26:40+00:00"))],
        [[(MOMENT, 5)], [row(ADA)], [], stored(TOKEN)],
    ],
    ids=["nobody", "no letter", "wrong", "other kind", "too old", "tried too often"],
)
def test_any_other_code_is_counted(answers: list[Rows]) -> None:
    """One error for all of them, returned so that the count is committed."""
    outcome, verbs = drive(verify_code(CONTEXT, "recovery", EMAIL, "123456"), *answers)

    assert isinstance(outcome, AuthError)
    assert (outcome.status, outcome.code) == (403, "otp_expired")
    assert verbs[-1] == "INSERT"


@pytest.mark.parametrize(
    ("purpose", "own", "kept"),
    [("signup", "own", "own"), ("signup", None, "hash"), ("magiclink", None, None)],
)
def test_a_letters_proof_brings_its_own_password(
    purpose: str, own: str | None, kept: str | None
) -> None:
    """What was set in no sign-up stays with a resent letter; one for a sign-in leaves none."""
    token = replace(TOKEN, slot="confirmation", purpose=purpose, encrypted_password=own)
    granted, _ = drive(verify_link(CONTEXT, "signup", LINK), stored(token), [row(UNCONFIRMED)], [])

    assert granted.account.user.encrypted_password == kept
    assert granted.account.user.email_confirmed_at == MOMENT


def test_a_link_that_is_not_there_is_refused() -> None:
    """Nothing is counted: a link cannot be guessed."""
    assert refused(verify_link(CONTEXT, "recovery", "x")) == (403, "otp_expired")
