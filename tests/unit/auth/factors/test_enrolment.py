"""Enrolling and deleting second factors as units of work."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.factors.enrolment import enrol_totp, unenrol
from jotbase.auth.sessions.factors import Factor
from jotbase.errors import AuthError
from jotbase.sql.units import Rows
from jotbase.values import AUTHENTICATED, Principal

PRINCIPAL = Principal(role=AUTHENTICATED, id=ADA.id)
MINE = Factor("f1", ADA.id, MOMENT, MOMENT, "totp", "verified", "mine", "ABC")


def test_the_issuer_is_the_sites_host_or_what_was_asked_for() -> None:
    """And the secret is one of thirty-two letters, of the context's random bytes."""
    answers: tuple[Rows, ...] = ([], [], [row(ADA)])
    made, verbs = drive(enrol_totp(CONTEXT, PRINCIPAL, "", "Shop"), *answers)

    assert made.uri.startswith(f"otpauth://totp/Shop:{ADA.email}?")
    assert len(made.factor.secret) == 32
    assert made.factor.secret not in repr(made)
    assert verbs == ["DELETE", "DELETE", "SELECT", "SELECT", "INSERT"]


@pytest.mark.parametrize(
    ("status", "code"), [("verified", "insufficient_aal"), ("unverified", None)]
)
def test_a_verified_factor_asks_for_itself(
    status: Literal["verified", "unverified"], code: str | None
) -> None:
    """To be deleted; one that was never verified does not count."""
    factor = replace(MINE, status=status)
    unit = unenrol(CONTEXT, PRINCIPAL, "f1")
    try:
        drive(unit, [row(ADA)], factors=[row(factor)])
        refused = None
    except AuthError as error:
        refused = error.code

    assert refused == code
