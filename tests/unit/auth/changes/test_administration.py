"""Units of work of the service role."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, drive, row

from jotbase.auth.changes.administration import (
    AdminUserAttributes,
    UserPage,
    UserQuery,
    create_user,
    delete_user,
    list_users,
    read_duration,
    update_user,
)
from jotbase.errors import AuthError
from jotbase.sql.dialect import SQLITE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("none", 0),
        ("0", 0),
        ("24h", 86_400),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("100ms", 0.1),
        ("9999999999h", 31_536_000_000),
    ],
)
def test_a_duration_is_read_as_go_writes_it(text: str, seconds: float) -> None:
    """Numbers with units, one after the other; a ban for ever ends in a thousand years."""
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1d", "1h ", "-1h", "1h30", "1e3h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """No unit, an unknown one, a sign, anything left over."""
    with pytest.raises(AuthError) as caught:
        read_duration(text)

    assert caught.value.code == "validation_failed"


def test_a_user_is_made_as_described() -> None:
    """The given id, role data and ban; the providers are added by the server."""
    profile = AdminUserAttributes(
        id="00000000-0000-4000-8000-00000000000c",
        email="ada@example.com",
        role="editor",
        app_metadata={"roles": ["admin"]},
        ban=60,
    )
    made, verbs = drive(create_user(CONTEXT, profile))

    assert verbs == ["SELECT", "SELECT", "INSERT", "INSERT"]
    assert (made.user.id, made.user.role) == ("00000000-0000-4000-8000-00000000000c", "editor")
    assert made.user.banned_until == "2026-05-28T20:27:40+00:00"
    assert made.user.app_metadata["roles"] == ["admin"]
    assert made.user.app_metadata["providers"] == ["email"]
    assert made.identities[0].id == made.user.id


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (AdminUserAttributes(email="ada@example.com"), "email_exists"),
        (AdminUserAttributes(id=ADA.id), "user_already_exists"),
    ],
)
def test_a_taken_address_or_id_is_refused(profile: AdminUserAttributes, code: str) -> None:
    """Nobody is made twice."""
    with pytest.raises(AuthError) as caught:
        drive(create_user(CONTEXT, profile), [row(ADA)])

    assert (caught.value.status, caught.value.code) == (422, code)


def test_a_page_comes_with_the_total() -> None:
    """The count first, then the rows."""
    unit = list_users(SQLITE, UserQuery(50))

    assert drive(unit, [(7,)], [row(ADA)]) == (UserPage((ADA,), 7), ["SELECT", "SELECT"])


def test_what_is_said_is_set_in_one_statement() -> None:
    """A password or a ban ends the address that waits to be confirmed, too."""
    waiting = replace(ADA, new_email="other@example.com")
    password, harmless = (
        AdminUserAttributes(password_hash="new"),
        AdminUserAttributes(role="editor"),
    )
    changed, verbs = drive(update_user(CONTEXT, ADA.id, password), [row(waiting)])
    kept, _ = drive(update_user(CONTEXT, ADA.id, harmless), [row(waiting)])

    assert (changed.account.user.encrypted_password, verbs[2:]) == ("new", ["UPDATE"])
    assert changed.account.user.new_email is None
    assert (kept.account.user.new_email, kept.account.user.role) == ("other@example.com", "editor")


def test_a_ban_is_set_and_lifted() -> None:
    """Zero seconds lift it; saying nothing leaves it."""
    banned = replace(ADA, banned_until="2027-01-01T00:00:00+00:00")
    lifted, _ = drive(update_user(CONTEXT, ADA.id, AdminUserAttributes(ban=0)), [row(banned)])
    left, _ = drive(update_user(CONTEXT, ADA.id, AdminUserAttributes()), [row(banned)])

    assert lifted.account.user.banned_until is None
    assert left.account.user.banned_until == "2027-01-01T00:00:00+00:00"


def test_deleting_takes_the_row_or_empties_it() -> None:
    """What hangs on it, the database takes (`endings`)."""
    _, verbs = drive(delete_user(CONTEXT, ADA.id, soft=False), [row(ADA)])
    _, emptying = drive(delete_user(CONTEXT, ADA.id, soft=True), [row(ADA)])

    assert verbs[2:] == ["DELETE"]
    assert emptying[2:] == ["UPDATE", "DELETE"]


def test_an_unknown_user_is_not_found() -> None:
    """404, and nothing is deleted."""
    with pytest.raises(AuthError) as caught:
        drive(delete_user(CONTEXT, ADA.id, soft=False))

    assert (caught.value.status, caught.value.code) == (404, "user_not_found")
