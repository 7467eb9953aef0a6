"""Savepoints that a unit of work makes itself, on each engine."""

from __future__ import annotations

import pytest
from tests.contract.board import post

from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio


async def test_a_units_savepoint_outlives_a_refused_statement(engine: Engine) -> None:
    """Also where that is the first thing that the unit asks for."""
    await engine.write(post("there"))

    def unit() -> UnitOfWork[str]:
        yield Statement('SAVEPOINT "before"')
        try:
            yield Statement("INSERT INTO jobs (id, title) VALUES (1, 'again')")
        except JotError as refused:
            yield Statement('ROLLBACK TO SAVEPOINT "before"')
            yield Statement("INSERT INTO jobs (id, title) VALUES (7, 'other')")
            return refused.code
        return ""

    assert await engine.write(unit) == "23505"
    assert await engine.read("SELECT id FROM jobs ORDER BY id", ()) == [(1,), (7,)]
