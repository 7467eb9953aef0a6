"""PKCE: challenges, and codes that only their asker can use."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, NOW, drive, row

from jotbase.auth.accounts.accounts import IssuedSession
from jotbase.auth.mail.pkce import (
    AuthCode,
    Challenge,
    exchange_code,
    read_challenge,
    session_or_code,
    verifier_matches,
)
from jotbase.auth.sessions.users import Account
from jotbase.auth.tokens.one_time import FlowState, OneTimeToken
from jotbase.errors import AuthError

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
STATE = FlowState("hash", ADA.id, CHALLENGE, "s256", "signup", MOMENT)


def stored(state: FlowState) -> list[tuple[Any, ...]]:
    return [tuple(getattr(state, field.name) for field in fields(state))]


def test_the_example_of_the_standard_fits() -> None:
    """By its hash, or plainly; nothing else does."""
    assert verifier_matches(Challenge(CHALLENGE, "s256"), VERIFIER)
    assert verifier_matches(Challenge(VERIFIER, "plain"), VERIFIER)
    assert not verifier_matches(Challenge(CHALLENGE, "s256"), VERIFIER[:-1] + "x")
    assert not verifier_matches(Challenge(CHALLENGE, "plain"), VERIFIER)
    assert not verifier_matches(Challenge("", "plain"), "")


@pytest.mark.parametrize("body", [{}, {"code_challenge": ""}])
def test_no_challenge_is_none(body: dict[str, Any]) -> None:
    """Clients send both names without values where there is no PKCE."""
    assert read_challenge(body) is None


def test_a_challenge_is_read_whatever_the_case_of_its_method() -> None:
    """The standard writes S256, clients write s256."""
    body = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}

    assert read_challenge(body) == Challenge(CHALLENGE, "s256")


@pytest.mark.parametrize(
    "body",
    [
        {"code_challenge": CHALLENGE},
        {"code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "md5"},
        {"code_challenge": "short", "code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE[:-1] + "=", "code_challenge_method": "s256"},
    ],
)
def test_half_a_challenge_is_refused(body: dict[str, Any]) -> None:
    """Nothing would be proved by it."""
    with pytest.raises(AuthError) as caught:
        read_challenge(body)

    assert (caught.value.status, caught.value.code) == (400, "validation_failed")


def test_an_opened_link_with_a_challenge_gives_a_code() -> None:
    """No session is begun yet; what is stored is a hash of the code."""
    token = OneTimeToken("t", ADA.id, "recovery", "recovery", "ada@example.com", MOMENT)
    code, verbs = drive(
        session_or_code(CONTEXT, Account(ADA), replace(token, code_challenge=CHALLENGE))
    )
    granted, _ = drive(session_or_code(CONTEXT, Account(ADA), token))

    assert (code, verbs) == (AuthCode(CONTEXT.new_id(0)), ["DELETE", "INSERT"])
    assert isinstance(granted, IssuedSession)


def test_a_code_and_its_verifier_give_a_session() -> None:
    """Once; the session says by which mail it was reached."""
    answers = (stored(STATE), [row(ADA)])
    granted, verbs = drive(exchange_code(CONTEXT, "code", VERIFIER), *answers)

    assert granted.session.amr[0]["method"] == "email/signup"
    assert verbs[3] == "DELETE"


@pytest.mark.parametrize(
    ("state", "later", "verifier", "refusal"),
    [
        (None, 0, VERIFIER, (404, "flow_state_not_found")),
        (STATE, 300, VERIFIER, (422, "flow_state_expired")),
        (STATE, 299, VERIFIER[::-1], (400, "bad_code_verifier")),
    ],
)
def test_any_other_code_or_verifier_is_refused(
    state: FlowState | None, later: float, verifier: str, refusal: tuple[int, str]
) -> None:
    """Nothing is written, so that the right verifier may still come."""
    context = replace(CONTEXT, now=NOW + later)
    with pytest.raises(AuthError) as caught:
        drive(exchange_code(context, "code", verifier), stored(state) if state else [])

    assert (caught.value.status, caught.value.code) == refusal
