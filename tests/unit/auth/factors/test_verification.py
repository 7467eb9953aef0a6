"""Answering a challenge as a unit of work."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.factors.totp import PERIOD, code_at
from jotbase.auth.factors.verification import verify_factor
from jotbase.auth.sessions.factors import Factor, FactorChallenge
from jotbase.auth.sessions.sessions import Session
from jotbase.errors import AuthError
from jotbase.sql.units import Rows
from jotbase.values import AUTHENTICATED, Principal

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
OWN = str(UUID(int=1))
PRINCIPAL = Principal(role=AUTHENTICATED, id=ADA.id, session_id=OWN)
FACTOR = Factor("f1", ADA.id, MOMENT, MOMENT, "totp", "unverified", "", SECRET)
CHALLENGE = FactorChallenge("c1", "f1", MOMENT, CONTEXT.client)
PASSED = ({"method": "password", "timestamp": 1},)
SESSION = Session(OWN, ADA.id, MOMENT, MOMENT, b"k" * 32, refresh_counter=4, amr=PASSED)
READ: tuple[Rows, ...] = ([row(ADA)], [], [row(SESSION)], [row(CHALLENGE)])


def test_a_right_code_gives_the_session_another_key() -> None:
    """Its earlier refresh tokens are of the old one; sessions below aal2 are deleted."""
    code = code_at(SECRET, int(CONTEXT.now) // PERIOD)
    other = replace(SESSION, id=str(UUID(int=2)))
    unit = verify_factor(CONTEXT, PRINCIPAL, "f1", "c1", code)
    raised = replace(SESSION, aal="aal2")
    after: tuple[Rows, ...] = ([], [], [row(SESSION)], [], [row(raised), row(other)])
    issued, verbs = drive(unit, *READ, *after, factors=[row(FACTOR)])

    assert not isinstance(issued, AuthError)
    assert (issued.session.id, issued.session.aal, issued.session.factor_id) == (OWN, "aal2", "f1")
    assert issued.session.refresh_key == CONTEXT.session_key != SESSION.refresh_key
    assert [one["method"] for one in issued.session.amr] == ["totp", "password"]
    assert verbs[4:] == ["UPDATE", "UPDATE", "SELECT", "UPDATE", "SELECT", "DELETE"]


def test_a_wrong_code_is_counted() -> None:
    """The error is returned: a unit that raises stores nothing."""
    unit = verify_factor(CONTEXT, PRINCIPAL, "f1", "c1", "000000")
    refused, verbs = drive(unit, *READ, factors=[row(FACTOR)])

    assert isinstance(refused, AuthError)
    assert (refused.status, refused.code) == (422, "mfa_verification_failed")
    assert verbs[4:] == ["UPDATE"]
