"""A new password that a mailed code allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, NOW, drive, row

from jotbase.auth.mail.reauthentication import (
    RECENT,
    needs_reauthentication,
    request_reauthentication,
    use_nonce,
)
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.tokens.one_time import OneTimeToken, link_token, stored_hash
from jotbase.errors import AuthError
from jotbase.values import Principal

CALLER = Principal("authenticated", ADA.id)
CODE = link_token(b"key", "ada@example.com", "123456")
TOKEN = OneTimeToken(
    stored_hash(CODE), ADA.id, "reauthentication", "reauthentication", "ada@example.com", MOMENT
)
SESSION = Session("s", ADA.id, MOMENT, MOMENT, refresh_key=b"")
STRICT = replace(CONTEXT, policy=replace(CONTEXT.policy, secure_password_change=True))


def test_the_letter_goes_to_the_users_own_address() -> None:
    """It bears a code, and the time of it is noted."""
    (letter,), verbs = drive(request_reauthentication(CONTEXT, CALLER), [row(ADA)])

    assert (letter.to, letter.purpose) == ("ada@example.com", "reauthentication")
    assert len(letter.code) == 6
    assert verbs[-2:] == ["INSERT", "UPDATE"]


@pytest.mark.parametrize(
    ("user", "code"),
    [
        (replace(ADA, email=None), "validation_failed"),
        (replace(ADA, email_confirmed_at=None), "email_not_confirmed"),
    ],
)
def test_who_has_no_proven_address_gets_none(user: object, code: str) -> None:
    """A code could reach nobody, or a stranger."""
    with pytest.raises(AuthError) as refused:
        drive(request_reauthentication(CONTEXT, CALLER), [row(user)])  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("seconds", "needed"), [(0, False), (RECENT, False), (RECENT + 1, True), (None, True)]
)
def test_when_a_code_is_needed(seconds: int | None, needed: bool) -> None:
    """A day after the session began, or without one; never where the project does not ask."""
    now = NOW + (seconds or 0)
    found = [] if seconds is None else [row(SESSION)]

    assert drive(needs_reauthentication(replace(STRICT, now=now), CALLER), found)[0] is needed
    assert drive(needs_reauthentication(replace(CONTEXT, now=now), CALLER), found)[0] is False


def test_a_code_is_used_up() -> None:
    """Its wrong ones are forgotten with it."""
    assert drive(use_nonce(CONTEXT, ADA, "123456"), [], [row(TOKEN)]) == (
        None,
        ["SELECT", "SELECT", "DELETE", "DELETE"],
    )


@pytest.mark.parametrize(
    ("token", "now"),
    [
        (replace(TOKEN, token_hash="other"), NOW),
        (replace(TOKEN, slot="recovery"), NOW),
        (TOKEN, NOW + CONTEXT.policy.otp_expiry),
    ],
    ids=["another code", "another proof", "too old"],
)
def test_a_wrong_code_is_counted(token: OneTimeToken, now: float) -> None:
    """The error is returned, so that the count is committed."""
    context = replace(CONTEXT, now=now)

    outcome, verbs = drive(use_nonce(context, ADA, "123456"), [], [row(token)])

    assert isinstance(outcome, AuthError)
    assert (outcome.status, outcome.code) == (422, "reauthentication_not_valid")
    assert verbs[-1] == "INSERT"
