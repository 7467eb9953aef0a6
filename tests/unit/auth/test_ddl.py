"""The tables of accounts, in both dialects."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from jotbase.auth.ddl import create
from jotbase.auth.one_time import FlowState, OneTimeToken
from jotbase.auth.sessions import Session
from jotbase.auth.users import Identity, User
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
    users, identities = (one.text for one in create(POSTGRES)[:2])

    assert users.startswith('CREATE TABLE IF NOT EXISTS "auth"."users" ("id" uuid PRIMARY KEY')
    assert '"created_at" timestamptz NOT NULL' in users
    assert 'REFERENCES "auth"."users" ("id") ON DELETE CASCADE' in identities


def test_all_can_be_run_again() -> None:
    """Every statement makes only what is missing."""
    assert all("IF NOT EXISTS" in one.text for one in create(SQLITE) + create(POSTGRES))
