"""What a change of a user ends: the table, carried out by SQLite itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.auth.driving import ADA, MOMENT

from jotbase.auth.accounts import ddl, store
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Identity
from jotbase.auth.tokens.one_time import FlowState, OneTimeToken
from jotbase.auth.tokens.revocation_triggers import ENDINGS, FACTS
from jotbase.sql.dialect import SQLITE

BOB = replace(ADA, id="bob", email="bob@example.com")


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """Two users, each with a session, a letter and a code; foreign keys off, as in the shell."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in ddl.create(SQLITE):
            connection.execute(statement.text)
        for user in (ADA, BOB):
            rows: tuple[Any, ...] = (
                replace(user, new_email="new@example.com"),
                Session(f"s {user.id}", user.id, MOMENT, MOMENT, b""),
                OneTimeToken(f"t {user.id}", user.id, "recovery", "recovery", "x", MOMENT),
                FlowState(f"f {user.id}", user.id, "c", "s256", "recovery", MOMENT),
                Identity(f"i {user.id}", user.id, user.id, "email", MOMENT, MOMENT),
            )
            for row in rows:
                statement = store.insert(SQLITE, row)
                connection.execute(statement.text, statement.params)
        yield connection


def left(database: sqlite3.Connection) -> set[str]:
    """Return what Ada has left."""
    found = set()
    for table in ("sessions", "one_time_tokens", "flow_states", "identities"):
        count = f'SELECT count(*) FROM "auth.{table}" WHERE "user_id" = ?'
        if database.execute(count, (ADA.id,)).fetchone()[0]:
            found.add(table)
        assert database.execute(count, (BOB.id,)).fetchone()[0] == 1
    if database.execute('SELECT "new_email" FROM "auth.users"').fetchone()[0]:
        found.add("new_email")
    return found


PROOFS = {"one_time_tokens", "flow_states", "new_email"}
ALL = {*PROOFS, "sessions", "identities"}


@pytest.mark.parametrize(
    ("change", "ended"),
    [
        ("encrypted_password = 'other'", {*PROOFS, "sessions"}),
        ("encrypted_password = NULL", {*PROOFS, "sessions"}),
        ("encrypted_password = 'hash'", set()),
        ("email = 'new@example.com'", PROOFS),
        ("phone = '49151'", PROOFS),
        ("banned_until = '2027-01-01T00:00:00+00:00'", PROOFS),
        ("banned_until = NULL", set()),
        ("deleted_at = '2027-01-01T00:00:00+00:00'", {*PROOFS, "sessions"}),
        ("user_metadata = '{}', last_sign_in_at = NULL, role = 'x'", set()),
    ],
)
def test_a_change_by_any_hand_ends_what_the_table_says(
    database: sqlite3.Connection, change: str, ended: set[str]
) -> None:
    """Nobody else's, and nothing where a column is set to what it was."""
    database.execute(f'UPDATE "auth.users" SET {change} WHERE "id" = ?', (ADA.id,))

    assert left(database) == ALL - ended


def test_a_deleted_user_leaves_nothing(database: sqlite3.Connection) -> None:
    """Even where foreign keys are off."""
    database.execute('DELETE FROM "auth.users" WHERE "id" = ?', (ADA.id,))

    assert left(database) - {"new_email"} == set()


def log(database: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = database.execute('SELECT "session_id", "user_id" FROM "auth.revocations"')
    return rows.fetchall()


@pytest.mark.parametrize("column", FACTS)
def test_every_changed_fact_is_logged(database: sqlite3.Connection, column: str) -> None:
    """Once, and only if it changed."""
    value = 1 if column == "is_anonymous" else '{"a": 1}' if "metadata" in column else "x"
    update = f'UPDATE "auth.users" SET "{column}" = ? WHERE "id" = ?'
    database.execute(update, (value, ADA.id))
    first = log(database)
    database.execute(update, (value, ADA.id))

    assert ("", ADA.id) in first
    assert first.count(("", ADA.id)) == 1
    assert log(database) == first


@pytest.mark.parametrize(
    ("statement", "logged"),
    [
        ('DELETE FROM "auth.sessions" WHERE "id" LIKE \'s 0%\'', [(f"s {ADA.id}", ADA.id)]),
        (
            'DELETE FROM "auth.users" WHERE "id" LIKE \'0%\'',
            [(f"s {ADA.id}", ADA.id), ("", ADA.id)],
        ),
        (
            'INSERT OR REPLACE INTO "auth.users" SELECT * FROM "auth.users" WHERE "id" LIKE \'0%\'',
            [("", ADA.id)],
        ),
    ],
)
def test_what_others_do_is_logged(
    database: sqlite3.Connection, statement: str, logged: list[tuple[str, str]]
) -> None:
    """A session or a user deleted, and a user replaced, for which no DELETE trigger is run."""
    database.execute(statement)

    assert log(database) == logged


def test_the_table_names_columns_of_users() -> None:
    """A column that was renamed would end nothing."""
    assert {ending.column for ending in ENDINGS} | set(FACTS) <= set(dir(ADA))
