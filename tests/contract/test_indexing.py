"""Indexes that are kept up while an engine runs."""

from __future__ import annotations

import asyncio

import pytest
from tests.contract.board import run
from tests.contract.conftest import MakeEngine
from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.background import indexing
from jotbase.background.indexing import index_batch, index_periodically
from jotbase.engines.sqlite import SqliteEngine
from jotbase.errors import StatementTimeout
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.project.migration import migrate
from jotbase.schema.model.tables import Model
from jotbase.search.lexing import MAX_SEARCHED, lexemes

pytestmark = pytest.mark.anyio

INDEX = {"columns": ["a"], "kind": "fulltext"}
INDEXED = model(t=table_file({"id": ID, "a": TEXT}, primaryKey=["id"], indexes=[INDEX]))
OTHER = model(u=table_file({"id": ID, "a": TEXT}, primaryKey=["id"], indexes=[INDEX]))
FOUND = 'SELECT rowid FROM "jotbase.search.t.english.a" WHERE "jotbase.search.t.english.a" MATCH ?'


async def migrated(make_engine: MakeEngine) -> SqliteEngine:
    """Return an engine with the indexed table, empty."""
    engine = await make_engine(functions=SQL_FUNCTIONS)
    await migrate(engine, INDEXED)
    return engine


async def test_rows_are_indexed_some_at_a_time(make_engine: MakeEngine) -> None:
    """Until none waits; then nothing is written."""
    engine = await migrated(make_engine)
    rows = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 150)"
    await engine.write(run(f"INSERT INTO t (a) {rows} SELECT 'cats' FROM c"))

    assert await index_batch(engine, INDEXED)
    assert len(await engine.read(FOUND, ["cat"])) == 100
    assert not await index_batch(engine, INDEXED)
    assert len(await engine.read(FOUND, ["cat"])) == 150
    assert not await index_batch(engine, INDEXED)
    assert not await index_batch(engine, Model())


async def test_a_row_that_takes_too_long_holds_up_no_other(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Alone it is tried once more, then set aside with a line in the log; the others are found."""

    def endless(text: str, language: str) -> str:
        if text == "poison":
            raise StatementTimeout(1)
        return lexemes(text, language)

    functions = {**SQL_FUNCTIONS, "jot_lexemes": endless}
    engine = await make_engine(functions=functions)
    await migrate(engine, INDEXED)
    await engine.write(run("INSERT INTO t (a) VALUES ('cats'), ('poison'), ('the cats')"))
    for _ in range(4):
        await index_batch(engine, INDEXED)

    assert await engine.read(FOUND, ["cat"]) == [(1,), (3,)]
    assert not await index_batch(engine, INDEXED)
    assert caplog.text.count("row 2 of t cannot be indexed in time") == 1


async def test_a_large_text_is_searched_in_part(make_engine: MakeEngine) -> None:
    """The words of its beginning are in the index; what comes after is not looked at."""
    engine = await migrated(make_engine)
    text = "cat " + " ".join(f"w{n}" for n in range(60_000)) + " dog"
    await engine.write(run("INSERT INTO t (a) VALUES (?)", text))
    await index_batch(engine, INDEXED)

    assert len(text) > MAX_SEARCHED
    assert await engine.read(FOUND, ["cat"]) == [(1,)]
    assert await engine.read(FOUND, ["dog"]) == []


async def test_a_failure_is_no_end(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are indexed that are written while it runs, after a look that failed too."""
    monkeypatch.setattr(indexing, "POLL_SECONDS", 0)
    engine = await migrated(make_engine)
    models, looked = iter([OTHER]), asyncio.Event()

    def look() -> Model:
        looked.set()
        return next(models, INDEXED)

    task = asyncio.create_task(index_periodically(engine, look))
    await engine.write(run("INSERT INTO t (a) VALUES ('the cats')"))
    for _ in range(3):  # a look that may have begun before, one that finds the row, one after
        looked.clear()
        await asyncio.wait_for(looked.wait(), 20)
    task.cancel()

    assert await engine.read(FOUND, ["cat"]) == [(1,)]
