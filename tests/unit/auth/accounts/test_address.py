"""An address put in the place of another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.accounts.address import replace_address
from jotbase.auth.sessions.users import Account, Identity, User
from jotbase.errors import AuthError

IDENTITY = Identity("i1", ADA.id, ADA.id, "email", MOMENT, MOMENT, email="ada@example.com")
VISITOR = User(ADA.id, "authenticated", "authenticated", MOMENT, MOMENT, is_anonymous=True)


def test_user_identity_and_metadata_all_name_it() -> None:
    """And nothing waits any more."""
    claimed = replace(ADA, user_metadata={"name": "Ada", "email": ADA.email})
    changed, verbs = drive(
        replace_address(CONTEXT, Account(claimed, (IDENTITY,)), "new@example.com")
    )

    assert verbs == ["SELECT", "UPDATE", "UPDATE"]
    assert (changed.user.email, changed.user.user_metadata["email"]) == ("new@example.com",) * 2
    assert changed.identities[0].identity_data["email"] == "new@example.com"
    assert changed.user.new_email is None


def test_a_visitor_becomes_a_user() -> None:
    """With an identity, under the same id."""
    changed, verbs = drive(replace_address(CONTEXT, Account(VISITOR), "new@example.com"))

    assert verbs == ["SELECT", "INSERT", "UPDATE"]
    assert (changed.user.id, changed.user.is_anonymous) == (ADA.id, False)
    assert changed.user.app_metadata == {"provider": "email", "providers": ["email"]}


def test_an_address_of_another_is_refused() -> None:
    """Whoever has it keeps it."""
    with pytest.raises(AuthError, match="already been registered"):
        drive(replace_address(CONTEXT, Account(ADA), "bob@example.com"), [row(ADA)])
