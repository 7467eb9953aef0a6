"""Unlinking an identity as a unit of work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.changes.identities import unlink_identity
from jotbase.auth.sessions.users import Identity
from jotbase.errors import AuthError
from jotbase.values import AUTHENTICATED, Principal

PRINCIPAL = Principal(role=AUTHENTICATED, id=ADA.id)
OWN = Identity("1", ADA.id, ADA.id, "email", MOMENT, MOMENT, email=ADA.email)
PHONE = replace(OWN, identity_id="2", provider="phone", email=None)


def test_the_phone_goes_with_its_identity() -> None:
    """And with it what confirmed it; the address stays."""
    with_phone = replace(ADA, phone="49151", phone_confirmed_at=MOMENT)
    unit = unlink_identity(CONTEXT, PRINCIPAL, "2")
    account, verbs = drive(unit, [row(with_phone)], [row(OWN), row(PHONE)])

    assert (account.user.phone, account.user.phone_confirmed_at) == (None, None)
    assert (account.user.email, account.identities) == (ADA.email, (OWN,))
    assert verbs == ["SELECT", "SELECT", "DELETE", "UPDATE"]


def test_the_last_identity_stays() -> None:
    """Nobody could sign in to the account any more."""
    with pytest.raises(AuthError) as caught:
        drive(unlink_identity(CONTEXT, PRINCIPAL, "1"), [row(ADA)], [row(OWN)])

    assert caught.value.code == "single_identity_not_deletable"
