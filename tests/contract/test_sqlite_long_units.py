"""Long units: once a statement is too dear for the loop, the thread runs all that follow."""

from unittest import mock

import pytest
from tests.contract.test_engine import MANY

from jotbase.engines.base import Engine
from jotbase.engines.sqlite.database import result_rows as given
from jotbase.sql.units import Rows, Statement, UnitOfWork

pytestmark = pytest.mark.anyio


async def test_a_unit_starts_over_once_however_many_statements_are_dear(engine: Engine) -> None:
    """One statement too dear for the loop sends all that follow to the thread."""
    begun: list[str] = []

    def unit() -> UnitOfWork[None]:
        begun.append("unit")
        for number in range(4):  # four texts: of each the engine would have to find out by itself
            yield Statement(MANY.replace("many", f"m{number}"))

    await engine.write(unit)

    assert begun == ["unit", "unit"]
    assert await engine.read("SELECT count(*) FROM jobs", ()) == [(80_000,)]


async def test_large_rows_are_not_fetched_on_the_loop(engine: Engine) -> None:
    """A write that gives back many bytes in few steps starts over where these are counted."""
    begun: list[str] = []

    def unit() -> UnitOfWork[Rows]:
        begun.append("unit")
        text = "INSERT INTO jobs (title) SELECT printf('%.*c', 500000, n) FROM "
        yield Statement(text + "(SELECT 1 AS n UNION SELECT 2 UNION SELECT 3) RETURNING title")
        return (yield Statement("UPDATE jobs SET title = title RETURNING title, title, title"))

    with mock.patch.object(given, "FEW", 0):
        assert (len(await engine.write(unit)), begun) == (3, ["unit", "unit"])
