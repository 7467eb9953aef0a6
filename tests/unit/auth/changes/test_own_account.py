"""Units of work by which users change themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, POLICY, drive, row

from jotbase.auth.changes.own_account import UserAttributes, update_user
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Identity
from jotbase.errors import AuthError
from jotbase.values import Principal

PRINCIPAL = Principal("authenticated", id=ADA.id, session_id="s1")
IDENTITY = Identity("i1", ADA.id, ADA.id, "email", MOMENT, MOMENT, email="ada@example.com")
SESSION = Session("s1", ADA.id, MOMENT, MOMENT, bytes(32))
FOUND = ([row(ADA)], [row(IDENTITY)], [row(SESSION)])


def test_data_alone_changes_the_metadata_alone() -> None:
    """One statement, no session ended."""
    change = UserAttributes(data={"age": 36})
    changed, verbs = drive(update_user(CONTEXT, PRINCIPAL, change), *FOUND)

    assert changed.account.user == replace(
        ADA, user_metadata={"name": "Ada", "age": 36}, updated_at=MOMENT
    )
    assert verbs[3:] == ["UPDATE"]


def test_a_password_ends_the_other_sessions() -> None:
    """The database ends all of them; the one that it was changed in is put back."""
    change = UserAttributes(password_hash="better")
    changed, verbs = drive(update_user(CONTEXT, PRINCIPAL, change), *FOUND, [row(SESSION)])

    assert changed.account.user.encrypted_password == "better"
    assert verbs[3:] == ["SELECT", "UPDATE", "INSERT"]


@pytest.mark.parametrize("autoconfirm", [True, False])
def test_an_address_of_another_is_refused(autoconfirm: bool) -> None:
    """Whoever has it keeps it, whether or not a letter would be due."""
    context = replace(CONTEXT, policy=replace(POLICY, autoconfirm=autoconfirm))
    change = UserAttributes(email="bob@example.com")

    with pytest.raises(AuthError, match="already been registered"):
        drive(update_user(context, PRINCIPAL, change), *FOUND, [], [row(ADA)])


def test_a_new_address_holds_at_once_with_autoconfirm() -> None:
    """No letter is due."""
    change = UserAttributes(email="new@example.com")
    changed, _ = drive(update_user(CONTEXT, PRINCIPAL, change), *FOUND)

    assert (changed.account.user.email, changed.mails) == ("new@example.com", ())


def test_a_new_address_waits_without_autoconfirm() -> None:
    """It stands in `new_email`; the old one goes on."""
    context = replace(CONTEXT, policy=replace(POLICY, autoconfirm=False))
    change = UserAttributes(email="new@example.com")
    changed, _ = drive(update_user(context, PRINCIPAL, change), *FOUND)

    assert (changed.account.user.email, changed.account.user.new_email) == (
        "ada@example.com",
        "new@example.com",
    )
    assert [mail.to for mail in changed.mails] == ["new@example.com", "ada@example.com"]


def test_the_address_one_has_is_no_change() -> None:
    """Nothing is looked up and nothing waits."""
    change = UserAttributes(email="ada@example.com")
    changed, verbs = drive(update_user(CONTEXT, PRINCIPAL, change), *FOUND)

    assert (changed.account.user.new_email, verbs[3:]) == (None, ["UPDATE"])


def test_somebody_without_an_address_gets_no_password() -> None:
    """There would be no way to use it."""
    nobody = replace(ADA, email=None, is_anonymous=True)
    unit = update_user(CONTEXT, PRINCIPAL, UserAttributes(password_hash="hash"))

    with pytest.raises(AuthError, match="without an email or phone"):
        drive(unit, [row(nobody)], [], [row(SESSION)])
