"""Rows of large tables are held against a changed schema while others write."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.database import result_rows
from jotbase.errors import ProjectError
from jotbase.project.early_check import LARGE_TABLE
from jotbase.project.migration import migrate
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.touched_rows import note_touched_rows
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio
LEFT = "SELECT name FROM sqlite_schema WHERE name LIKE 'jotbase.touched%'"


def project(**more: Any) -> Model:
    """Return a model of one table, its text column with these keywords."""
    properties = {"id": ID, "n": NUMBER, "a": {**TEXT, **more}}
    return model(t=table_file(properties, primaryKey=["id"], required=["a"]))


def unit(text: str, *values: Any) -> Callable[[], UnitOfWork[None]]:
    """Return a unit of one statement."""

    def work() -> UnitOfWork[None]:
        yield Statement(text, values)

    return work


class WrittenMeanwhile:
    """An engine on which a statement is run as soon as the third page of rows is asked for."""

    def __init__(self, engine: SqliteEngine, text: str) -> None:
        self._engine, self._text, self._pages = engine, text, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def read_internal(self, text: str, values: Any) -> Any:
        """Read, and write before the third page."""
        self._pages += 'FROM "t" WHERE' in text
        if self._pages == 2 and self._text:
            done, self._text = self._text, ""
            await self._engine.write(unit(done))
        return await self._engine.read_internal(text, values)


async def filled(make_engine: Any) -> SqliteEngine:
    """Return an engine with a large table."""
    engine: SqliteEngine = await make_engine()
    await migrate(engine, project())
    await engine.write(
        unit(
            "INSERT INTO t (a) WITH RECURSIVE c(x) AS"
            f" (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {LARGE_TABLE}) SELECT x FROM c"
        )
    )
    return engine


@pytest.mark.parametrize(
    "meanwhile",
    ["INSERT INTO t (a) VALUES ('bad')", "UPDATE t SET a = 'bad' WHERE id = 1"],
)
@pytest.mark.parametrize("keywords", [{"pattern": "^(?!b)"}, {"maxLength": 4, "pattern": "^(?!b)"}])
async def test_a_row_written_meanwhile_is_held_against_it_too(
    make_engine: Any, meanwhile: str, keywords: dict[str, Any]
) -> None:
    """One that does not fit refuses the migration, and nothing is left of the check."""
    engine = await filled(make_engine)
    watched: Any = WrittenMeanwhile(engine, meanwhile)
    with pytest.raises(ProjectError, match="do not fit the changed schema"):
        await migrate(watched, project(**keywords), started=False)
    assert await engine.read_internal("SELECT count(*) FROM t WHERE a = 'bad'", ()) == [(1,)]

    await engine.write(unit("UPDATE t SET a = 'good' WHERE a = 'bad'"))
    await migrate(engine, project(**keywords), started=False)
    assert await engine.read_internal(LEFT, ()) == []


async def test_rows_of_many_bytes_are_read_in_smaller_pages(make_engine: Any) -> None:
    """A page that is more than a unit may read refuses no migration."""
    engine: SqliteEngine = await make_engine()
    await migrate(engine, project())
    series = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20)"
    await engine.write(unit(f"INSERT INTO t (a) {series} SELECT printf('%.*c', 9000, 'b') FROM c"))
    with (
        mock.patch.object(result_rows, "MOST_GIVEN", 50_000),
        mock.patch.object(result_rows, "MOST_ON_LOOP", 50_000),
        pytest.raises(ProjectError, match=r"20 row\(s\) do not fit the changed schema"),
    ):
        await migrate(engine, project(pattern="^(?!b)"))


async def test_what_a_killed_check_left_goes_with_the_next_start(make_engine: Any) -> None:
    """Its triggers and notes, of more rows than a unit may read, though nothing is to be done."""
    engine = await filled(make_engine)
    await engine.write(lambda: note_touched_rows("killed", [project().tables["t"]]))
    many = "INSERT INTO \"jotbase.touched\" SELECT printf('%.*c', 100, 'x'), id FROM t"
    await engine.write(unit(many))
    assert len(await engine.read_internal(LEFT, ())) == 3
    with (
        mock.patch.object(result_rows, "MOST_GIVEN", 100_000),
        mock.patch.object(result_rows, "MOST_ON_LOOP", 100_000),
    ):
        await migrate(engine, project())

    assert await engine.read_internal(LEFT, ()) == []


async def test_writers_go_on_until_the_change_itself(make_engine: Any) -> None:
    """What they write meanwhile is kept, and the constraint holds from then on."""
    engine = await filled(make_engine)
    watched: Any = WrittenMeanwhile(engine, "INSERT INTO t (a) VALUES ('new')")
    migrated = await migrate(watched, project(maxLength=4), started=False)

    assert migrated.descriptions == ("t: constraints changed",)
    count = await engine.read_internal("SELECT count(*) FROM t", ())
    assert count == [(LARGE_TABLE + 1,)]
    with pytest.raises(Exception, match="t_a_check"):
        await engine.write(unit("INSERT INTO t (a) VALUES ('longer')"))


async def test_a_row_that_does_not_fit_is_found_before_writers_wait(make_engine: Any) -> None:
    """The triggers that noted writes are taken away."""
    engine = await filled(make_engine)
    with pytest.raises(ProjectError, match="do not fit the changed schema; the first: id 1000"):
        await migrate(engine, project(maxLength=3), started=False)

    assert await engine.read_internal(LEFT, ()) == []
