"""Dead letters on each engine: listed, run again, deleted."""

from __future__ import annotations

from functools import partial

import pytest
from tests.contract.board import run, run_all

from jotbase.engines.sqlite import SqliteEngine
from jotbase.tasks.overview import count_tasks, delete_tasks, listed, retry_tasks
from jotbase.tasks.tables import create_task_tables
from jotbase.tasks.units import Failure, add_task, settle

pytestmark = pytest.mark.anyio


@pytest.fixture
async def board(engine: SqliteEngine) -> SqliteEngine:
    """Three tasks, of which two are dead."""
    dialect = engine.dialect
    await engine.write(run_all(create_task_tables(dialect.name)))
    for key in ("a", "b", "c"):
        await engine.write(partial(add_task, dialect, key, "task-f", "[[], {}]", 5.0))
    dead = [Failure("a", "no", None), Failure("b", "never", None)]
    await engine.write(lambda: settle(dialect, [], dead))
    return engine


async def test_dead_letters_are_listed_first(board: SqliteEngine) -> None:
    """With how often they were tried, and why they were given up."""
    rows = await board.read_internal(*listed(board.dialect, False, 10))
    assert [tuple(row) for row in rows] == [
        ("a", "dead", 0.0, 1, "no"),
        ("b", "dead", 0.0, 1, "never"),
        ("c", "waiting", 5.0, 0, None),
    ]
    ((dead, waiting),) = await board.read_internal(*count_tasks(board.dialect))
    assert (dead, waiting) == (2, 1)


async def test_dead_letters_run_again_or_go(board: SqliteEngine) -> None:
    """By key, or all; what waits stays."""
    dialect = board.dialect
    assert await board.write(lambda: retry_tasks(dialect, ["a", "c"], 9.0)) == ["a"]
    assert await board.write(lambda: delete_tasks(dialect, [])) == ["b"]
    left = await board.write(
        run(f'SELECT "key", "attempts" FROM {_TASKS[dialect.name]} ORDER BY 1')
    )
    assert [tuple(row) for row in left] == [("a", 0), ("c", 0)]


_TASKS = {"sqlite": '"jotbase.tasks"', "postgres": '"jotbase"."tasks"'}
