"""Rows in and out: what is bound, what is read."""

from __future__ import annotations

from tests.unit.auth.driving import ADA, MOMENT, drive, row

from jotbase.auth.accounts import store
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Identity, User
from jotbase.sql.dialect import POSTGRES, SQLITE

SESSION = Session("s1", ADA.id, MOMENT, MOMENT, b"key", amr=({"method": "otp", "timestamp": 1},))
VALUES = (ADA, SESSION, Identity("i", "x", ADA.id, "email", MOMENT, MOMENT))


def test_a_row_comes_back_as_the_value_that_went_in() -> None:
    """JSON, flags and tuples survive the way to SQLite and back."""
    user, session, identity = (store.insert(SQLITE, value).params for value in VALUES)

    assert (user, session, identity) == tuple(row(value) for value in VALUES)
    assert drive(store.one_or_none(SQLITE, User, "id", "x"), [user])[0] == ADA
    assert drive(store.one_or_none(SQLITE, Session, "id", "x"), [session])[0] == SESSION
    assert drive(store.one_or_none(SQLITE, Identity, "id", "x"), [identity])[0] == VALUES[2]


def test_flags_are_bound_as_each_dialect_stores_them() -> None:
    """SQLite has 0 and 1, PostgreSQL a boolean of its own."""
    change, user = {"is_anonymous": True}, "00000000-0000-4000-8000-000000000000"

    assert store.update(SQLITE, User, user, change).params == (1, user)
    assert store.update(POSTGRES, User, user, change).params == (True, user)


def test_a_change_names_its_columns_and_binds_its_values() -> None:
    """No value becomes part of the text."""
    change = {"email": "'; DROP TABLE x; --", "user_metadata": {"a": 1}}
    statement = store.update(SQLITE, User, "u", change)

    assert statement.text == (
        'UPDATE "auth.users" SET "email" = ?, "user_metadata" = ? WHERE "id" = ?'
    )
    assert statement.params == ("'; DROP TABLE x; --", '{"a":1}', "u")


def test_an_identity_is_changed_by_its_own_key() -> None:
    """Its `id` is the provider's; `identity_id` is the row's."""
    statement = store.update(SQLITE, Identity, "i", {"email": "a@b.c"})

    assert statement.text.endswith('WHERE "identity_id" = ?')


def test_deleting_keeps_the_one_to_keep_and_tells_the_rest() -> None:
    """The statement gives back the ids of what it deleted."""
    statement = store.delete(SQLITE, Session, {"user_id": "u"}, keep="s")

    assert statement.text == (
        'DELETE FROM "auth.sessions" WHERE "user_id" = ? AND "id" <> ? RETURNING "id"'
    )
    assert statement.params == ("u", "s")


def test_nobody_found_is_none_and_costs_one_statement() -> None:
    """Identities are read only for a user that is there."""
    assert drive(store.account(SQLITE, "email", "x@y.z")) == (None, ["SELECT"])
    account, verbs = drive(store.account(SQLITE, "id", ADA.id), [row(ADA)])

    assert account is not None
    assert (account.user, account.identities, verbs) == (ADA, (), ["SELECT", "SELECT"])


def test_a_search_is_bound_and_spelled_per_dialect() -> None:
    """A part of the address or of the full name, never a pattern."""
    for dialect, function in ((SQLITE, "instr"), (POSTGRES, "strpos")):
        unit = store.count(dialect, User, store.sought_users(dialect, "%a"))
        statement = next(unit)

        assert statement.text.count(f"{function}(lower(") == 2
        assert list(statement.params) == ["%a", "%a"]
