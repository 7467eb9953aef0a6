"""The tables of accounts, in both dialects."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, suppress
from dataclasses import fields, replace

import pytest
from tests.unit.auth.driving import ADA

from jotbase.auth.accounts import store
from jotbase.auth.accounts.ddl import create, upgrade_tables
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import Identity, User
from jotbase.auth.tokens.one_time import FlowState, OneTimeToken
from jotbase.sql.dialect import POSTGRES, SQLITE, Dialect

COLUMN = re.compile(
    r'(?:^|, )"(\w+)" (?:TEXT|INTEGER|BLOB|uuid|text|timestamptz|bytea|bigint|boolean|jsonb)\b'
)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (User, "auth.users"),
        (Identity, "auth.identities"),
        (Session, "auth.sessions"),
        (OneTimeToken, "auth.one_time_tokens"),
        (FlowState, "auth.flow_states"),
    ],
)
def test_every_value_has_its_column(kind: type, table: str, dialect: Dialect) -> None:
    """What a row is read into, the table holds: no column more, none less."""
    begin = f"CREATE TABLE IF NOT EXISTS {dialect.identifier(table)} ("
    (statement,) = (one.text for one in create(dialect) if one.text.startswith(begin))
    columns = COLUMN.findall(statement.removeprefix(begin))

    assert sorted(columns) == sorted(field.name for field in fields(kind))


def test_sqlite_checks_what_its_types_do_not() -> None:
    """Strict tables, JSON that is JSON, flags that are 0 or 1."""
    users = create(SQLITE)[0].text

    assert users.endswith(") STRICT")
    assert '"user_metadata" TEXT NOT NULL CHECK (json_valid("user_metadata"))' in users
    assert '"is_anonymous" INTEGER NOT NULL CHECK ("is_anonymous" IN (0, 1))' in users


def test_postgres_has_its_own_types_and_a_schema() -> None:
    """The same tables in the schema `auth`, with types that check themselves."""
    users, identities = (one.text for one in create(POSTGRES)[1:3])

    assert users.startswith('CREATE TABLE IF NOT EXISTS "auth"."users" ("id" uuid PRIMARY KEY')
    assert '"created_at" timestamptz NOT NULL' in users
    assert 'REFERENCES "auth"."users" ("id") ON DELETE CASCADE' in identities


def test_all_can_be_run_again() -> None:
    """Every statement makes only what is missing."""
    words = ("IF NOT EXISTS", "OR REPLACE", "ON CONFLICT DO NOTHING")
    statements = create(SQLITE) + create(POSTGRES)

    assert all(any(word in one.text for word in words) for one in statements)


def test_letters_of_an_earlier_version_are_let_go() -> None:
    """And with them what waited for one, of which nobody can tell whose it is."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute('CREATE TABLE "auth.one_time_tokens" ("token_hash" TEXT)')
        for statement in create(SQLITE):
            if "one_time_tokens" not in statement.text and "TRIGGER" not in statement.text:
                connection.execute(statement.text)
        waiting = replace(ADA, id="waiting", email="x@y.z", email_confirmed_at=None)
        for user in (ADA, waiting):
            inserted = store.insert(SQLITE, user)
            connection.execute(inserted.text, inserted.params)
        for _ in range(2):
            unit = upgrade_tables(SQLITE)
            rows = connection.execute(next(unit).text).fetchall()
            with suppress(StopIteration):
                while True:
                    rows = connection.execute(unit.send(rows).text).fetchall()
        left = connection.execute('SELECT "encrypted_password" FROM "auth.users" ORDER BY "id"')

        assert left.fetchall() == [("hash",), (None,)]
        assert connection.execute('SELECT "client" FROM "auth.one_time_tokens"').fetchall() == []
