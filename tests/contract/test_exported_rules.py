"""Rules as policies show each caller the rows that the same rules show on SQLite."""

from __future__ import annotations

import asyncio
from typing import Any

import apsw
import pytest
from tests.contract.supabase import ask, exported_database
from tests.contract.test_rules import run
from tests.postgres_server import Server
from tests.unit.access.board import ADA, BOB, NOW, model, policy

from jotbase.access.enforcement.policy import load_policy
from jotbase.engines.sqlite.database.connection import ConnectionFactory
from jotbase.exporting.script import exported
from jotbase.expression.expr import Context
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.expression.predicate import predicate
from jotbase.schema.ddl.postgres.columns import literal
from jotbase.schema.ddl.tables import create
from jotbase.schema.model.tables import Model
from jotbase.schema.values.convert import stored
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.fragment import sql
from jotbase.values import Principal

RULES = (
    "True",
    "user.id is not None",
    "row.posted_by == user.id",
    "row.posted_by is None or row.posted_by != user.id",
    "not row.posted_by == user.id",
    "user.role == 'anon' and row.open",
    "user.email == 'ada@example.org'",
    "'admin' in user.roles",
    "'admin' not in user.roles",
    "row.company in user.claims['companies']",
    "row.company not in user.claims['companies']",
    "user.claims['level'] > 3",
    "user.claims['level'] == row.salary",
    "user.claims['share'] < row.equity",
    "user.claims['open'] == row.open",
    "user.claims['org']['name'] == row.company",
    "user.claims['org'] is None",
    "user.claims['boss'] == row.posted_by",
    "row.title.startswith('Sen')",
    "lower(row.title) == 'clockmaker'",
    "len(row.title) > 9 and len(row.tags) < 2",
    "'python' in row.tags",
    "row.created_at < now()",
    "row.settings['theme'] == 'dark'",
    "1000 <= row.salary < 3000",
    "row.salary not in [1000, 5000]",
    "row.title == 'it''s' or row.title == \"o'clock\"",
    "row.company.owner == user.id",
    "row.posted_by.email == user.email",
    "any(m.user == user.id for m in members if m.job == row.id)",
    "not any(m.user == user.id for m in members if m.job == row.id)",
    "any(m.user == c.owner for c in companies for m in members if m.job == row.id)",
)
BASE: dict[str, Any] = {
    "tags": [],
    "mixed": [],
    "settings": {},
    "fee": "1.5",
    "logo": None,
    "equity": 0.25,
}
JOBS: list[dict[str, Any]] = [
    {**BASE, "id": 1, "title": "Clockmaker", "company": "brass", "salary": 1000, "open": True,
     "tags": ["python", "brass"], "posted_by": ADA, "created_at": "2020-01-01T00:00:00+00:00"},
    {**BASE, "id": 2, "title": "Senior o'clock", "company": "tin", "salary": 5, "open": False,
     "settings": {"theme": "dark"}, "posted_by": BOB, "created_at": "2099-01-01T00:00:00+00:00"},
    {**BASE, "id": 3, "title": "o'clock", "company": None, "salary": None, "open": None,
     "equity": None, "posted_by": None, "created_at": None},
]  # fmt: skip
OTHERS: dict[str, list[dict[str, Any]]] = {
    "companies": [{"handle": "brass", "owner": ADA}, {"handle": "tin", "owner": BOB}],
    "members": [{"id": 1, "user": BOB, "job": 1}, {"id": 2, "user": None, "job": 2}],
}
USERS = ((ADA, "ada@example.org"), (BOB, "bob@example.org"))
TOKENS: tuple[dict[str, Any], ...] = (
    {"role": "anon"},
    {"role": "authenticated", "sub": ADA, "email": "ada@example.org", "companies": ["brass", 3],
     "level": 5, "share": 0.1, "open": True, "org": {"name": "brass"}, "boss": BOB},
    {"role": "authenticated", "sub": BOB, "email": "bob@example.org", "companies": "tin",
     "level": "5", "share": True, "open": "true", "org": ["name"], "boss": "nobody",
     "app_metadata": {"roles": ["admin", 7]}},
    {"role": "authenticated", "sub": BOB, "companies": [], "level": 4.5, "open": None,
     "org": None, "boss": 7, "app_metadata": {"roles": "admin"}},
)  # fmt: skip


def inserts(found: Model, users: str) -> list[str]:
    """Return the statements that fill the tables, in PostgreSQL's or SQLite's own words."""
    rows = {"companies": OTHERS["companies"], "jobs": JOBS, "members": OTHERS["members"]}
    told = [f"INSERT INTO {users} VALUES ('{one}', '{email}')" for one, email in USERS]
    for name, several in rows.items():
        columns = found.tables[name].by_name
        for row in several:
            values = ", ".join(literal(columns[key].type, value) for key, value in row.items())
            told.append(f"INSERT INTO {name} ({', '.join(map(_quoted, row))}) VALUES ({values})")
    return told


def _quoted(name: str) -> str:
    return POSTGRES.identifier(name)


@pytest.fixture(scope="module")
def sqlite() -> apsw.Connection:
    """Give the board's tables on SQLite."""
    opened = ConnectionFactory(":memory:", SQL_FUNCTIONS, durable=False).connect(reader=False)
    opened.execute("PRAGMA foreign_keys = OFF")
    opened.execute('CREATE TABLE "auth.users" (id TEXT PRIMARY KEY, email TEXT)')
    for statement in create(model(), SQLITE):
        opened.execute(statement.text)
    opened.executemany('INSERT INTO "auth.users" VALUES (?, ?)', USERS)
    for name, rows in {"jobs": JOBS, **OTHERS}.items():
        columns = model().tables[name].by_name
        for row in rows:
            values = [stored(columns[key].type, value, SQLITE) for key, value in row.items()]
            marks = ", ".join("?" * len(row))
            into = ", ".join(map(_quoted, row))
            opened.execute(f'INSERT INTO "{name}" ({into}) VALUES ({marks})', values)
    return opened


def context(token: dict[str, Any]) -> Context:
    """Return the caller of a token, as authentication reads it."""
    return Context(
        Principal(token["role"], token.get("sub"), token.get("email"), claims=token), (), NOW
    )


@pytest.mark.parametrize("rule", RULES)
def test_a_policy_shows_what_its_rule_shows(
    rule: str, sqlite: apsw.Connection, postgres_server: Server
) -> None:
    """Whoever calls, whatever the types of their claims, and whatever other tables show them."""
    found = model(jobs={"select": rule})
    said = exported(found, load_policy(found))
    assert not [note for note in said.notes if "translate" in note]
    url = asyncio.run(exported_database(postgres_server, said.sql, inserts(found, "auth.users")))
    condition = predicate(
        policy(select=rule).rule(found.tables["jobs"], "select").expression, SQLITE
    )
    asked = sql('SELECT id FROM jobs AS "row" WHERE (') + condition + ") ORDER BY id"

    for token in TOKENS:
        [shown] = asyncio.run(ask(url, token, "SELECT id FROM jobs ORDER BY id"))
        assert shown == run(sqlite, asked, context(token)), token
