"""What a start makes of PostgreSQL's change log when tables have gone and come."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from tests.contract.test_history import COLUMNS, FILE
from tests.postgres_server import Server
from tests.unit.schema.projects import model, table_file

from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.project.migration import migrate

ONE = "INSERT INTO t (a, c) VALUES (1, 'x')"


@pytest.mark.anyio
async def test_a_new_table_has_no_changes_of_an_earlier_one(
    postgres_server: Server, anyio_backend: Any
) -> None:
    """What was logged of a dropped table is forgotten, whether it was numbered yet or not."""
    url, other = await postgres_server.create(), table_file(COLUMNS, primaryKey=["id"])
    engine = PostgresEngine(url, PostgresOptions())
    await engine.open()
    try:
        theirs = await asyncpg.connect(url)
        await migrate(engine, model(t=FILE, other=other))
        await theirs.execute(ONE)
        kept = await engine.changes(0)
        await theirs.execute("UPDATE t SET c = 'y'; DROP TABLE t")
        await migrate(engine, model(t=FILE, other=other))
        forgotten = await engine.changes(0)
        await theirs.execute(ONE)
        await theirs.close()

        assert ([one.kind for one in kept], forgotten) == (["INSERT"], [])
        assert [one.new for one in await engine.changes(0)] == [
            {"id": 1, "a": 1, "b": None, "c": "x"}
        ]
    finally:
        await engine.close()
