"""Rows of all types as they are after a copy to PostgreSQL, and copies that are refused whole."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.postgres_server import Server
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.engines.base import Engine
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.engines.sqlite import SqliteEngine
from jotbase.errors import ProjectError
from jotbase.project.copying import copy_rows
from jotbase.project.migration import migrate
from jotbase.schema.model.tables import Model

ALL = table_file(
    {
        "id": ID,
        "parent": {**NUMBER, "references": "t.id"},
        "price": {"type": "string", "format": "decimal"},
        "share": {"type": "number"},
        "text": TEXT,
        "on": {"type": "boolean"},
        "at": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "who": {"type": "string", "format": "uuid"},
        "tags": {"type": "array", "items": TEXT},
        "doc": {"type": ["object", "array", "number"]},
        "twice": {**NUMBER, "generated": "id * 2"},
    },
    primaryKey=["id"],
    realtime=True,
)
WHO = "00000000-0000-4000-8000-00000000000a"
FILLED = (
    'INSERT INTO t (id, parent, price, share, text, "on", at, day, who, tags, doc) VALUES'
    f" (7, 9, 12.5, 1e300, 'a\\b\t\n\\N', 1, '2026-01-01T10:00:00.25+00:00', '2026-01-02', '{WHO}',"
    ' \'["x\\\\y"]\', \'{"b": 1.0, "a": [1e2, null]}\'),'
    " (9, NULL, NULL, 0.1, '', 0, NULL, NULL, NULL, '[]', '3')"
)


async def migrated(engine: Engine, found: Model) -> None:
    """Make the tables by an engine that is closed then."""
    await engine.open()
    try:
        await migrate(engine, found)
    finally:
        await engine.close()


def prepared(folder: Path, server: Server, *statements: str) -> tuple[Path, str, Model]:
    """Make the tables on both, and fill those of SQLite."""
    found, source = model(t=ALL), folder / "app.db"
    url = asyncio.run(server.create())
    asyncio.run(migrated(SqliteEngine(str(source)), found))
    asyncio.run(migrated(PostgresEngine(url, PostgresOptions()), found))
    with closing(sqlite3.connect(source)) as there:
        there.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            there.execute(statement)
        there.commit()
    return source, url, found


async def asked(url: str, statement: str) -> list[Any]:
    """Return the rows of a statement."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def test_each_type_arrives_as_it_was(tmp_path: Path, postgres_server: Server) -> None:
    """References forward, documents and escapes among them; the database computes what it does."""
    source, url, found = prepared(tmp_path, postgres_server, FILLED)
    told: list[str] = []
    copied = asyncio.run(copy_rows(source, url, found, lambda one: told.append(one.table)))
    columns = (
        'id, parent, price::text, share, text, "on", at::text, day::text, who::text, tags, doc'
    )

    assert asyncio.run(asked(url, f"SELECT {columns}, twice FROM t ORDER BY id")) == [
        (7, 9, "12.5", 1e300, "a\\b\t\n\\N", True, "2026-01-01 10:00:00.25+00", "2026-01-02", WHO,
         '["x\\\\y"]', '{"a": [100, null], "b": 1.0}', 14),
        (9, None, None, 0.1, "", False, None, None, None, "[]", "3", 18),
    ]  # fmt: skip
    assert (copied[-1].table, copied[-1].rows, told[0]) == ("t", 2, "auth.users")
    assert asyncio.run(asked(url, "SELECT count(*) FROM jotbase.pending")) == [(0,)]


def test_what_does_not_arrive_as_it_was_is_no_copy(tmp_path: Path, postgres_server: Server) -> None:
    """The sums differ where the other database keeps a value in another form."""
    source, url, found = prepared(tmp_path, postgres_server, FILLED)
    asyncio.run(asked(url, "ALTER TABLE t ALTER price TYPE numeric(10, 0)"))

    with pytest.raises(ProjectError, match="2 rows of 2 arrived, or not as they were"):
        asyncio.run(copy_rows(source, url, found, lambda _: None))
    assert asyncio.run(asked(url, "SELECT count(*) FROM t")) == [(0,)]


def test_a_value_of_another_type_refuses_the_copy(tmp_path: Path, postgres_server: Server) -> None:
    """Its table and line are told, and nothing is copied."""
    wrong = "INSERT INTO t (text, at) VALUES ('a', 'yesterday noon')"
    source, url, found = prepared(tmp_path, postgres_server, FILLED, wrong)

    with pytest.raises(ProjectError, match="COPY t, line 3, column at"):
        asyncio.run(copy_rows(source, url, found, lambda _: None))
    assert asyncio.run(asked(url, "SELECT count(*) FROM t")) == [(0,)]
