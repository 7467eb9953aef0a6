"""Runners of one database: which of them runs what, and how far the log waits for their hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event

import pytest
from tests.contract.board import post, run_all

from jotbase.background.tasks import Job, Places, TaskRunner, Work
from jotbase.engines.sqlite import SqliteEngine
from jotbase.sql.units import UnitOfWork
from jotbase.tasks import units
from jotbase.tasks.tables import create_task_tables
from jotbase.tasks.units import Task, Told, add_task

pytestmark = pytest.mark.anyio

HOOK = Told("after-insert-jobs-f", "jobs", "INSERT")


class Pool:
    """Threads that are all ended."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(8)

    def submit(self, call: Callable[[], None]) -> Future[None]:
        return self.executor.submit(call)

    def leave(self, running: Future[None]) -> None:
        raise AssertionError("nothing takes that long")


@asynccontextmanager
async def runner(engine: SqliteEngine, run: Callable[[Task], None]) -> AsyncIterator[TaskRunner]:
    """Give a runner that tells a hook of new jobs, and has one task."""
    pool = Pool()
    made = TaskRunner(engine, lambda: 1000.0, Places(pool, pool, 4))
    jobs = {HOOK.name: Job(run, 3, 20.0), "task-f": Job(run, 3, 20.0)}
    await made.declare(Work(jobs, [HOOK]))
    try:
        yield made
    finally:
        await made.stop()
        pool.executor.shutdown()


@pytest.fixture
async def board(engine: SqliteEngine) -> SqliteEngine:
    await engine.write(run_all(create_task_tables(engine.dialect.name)))
    return engine


def adding(engine: SqliteEngine, key: str) -> Callable[[], UnitOfWork[None]]:
    return lambda: add_task(engine.dialect, key, "task-f", "[[], {}]", 0.0)


async def test_two_runners_never_run_a_task_at_once(board: SqliteEngine) -> None:
    """While one is at it, another finds nothing to do; stopped, it lets the other go on."""
    begun, go_on, told = asyncio.Event(), Event(), list[str]()
    loop = asyncio.get_running_loop()

    def slow(task: Task) -> None:
        told.append(f"slow {task.key}")
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(20)

    async with runner(board, lambda task: told.append(task.key)) as second:
        async with runner(board, slow) as first:
            await board.write(adding(board, "a"))
            draining = asyncio.create_task(first.drain())
            async with asyncio.timeout(20):
                await begun.wait()
            await board.write(adding(board, "b"))
            assert await second.drain() == 0
            go_on.set()
            async with asyncio.timeout(20):
                await draining
        assert told == ["slow a", "slow b"]
        await board.write(adding(board, "c"))
        assert await second.drain() == 1
    assert told == ["slow a", "slow b", "c"]


async def test_a_hook_is_told_once_of_each_change(board: SqliteEngine) -> None:
    """More than are taken at a time, in their order, and none again."""
    told = list[int]()
    async with runner(board, lambda task: told.append(task.number)) as one:
        await board.write(
            run_all([f"INSERT INTO jobs (title) VALUES ('{n}')" for n in range(1200)])
        )
        assert await one.drain() > 0
        assert told == list(range(1, 1201))
        assert await one.drain() == 0


async def test_the_log_waits_for_hooks(board: SqliteEngine) -> None:
    """What no hook has to be told of may go, what one has not been told of may not."""
    told = list[int]()
    async with runner(board, lambda task: told.append(task.number)) as one:
        await asyncio.gather(*(board.write(post(f"t{n}")) for n in range(10)))
        assert await one.untold() == 0
        assert await board.prune(5, None, await one.untold()) == 0
        await one.drain()
        assert await one.untold() == 10
        assert await board.prune(5, None, await one.untold()) == 5
    assert told == list(range(1, 11))


async def test_what_no_hook_is_told_of_holds_up_no_log(
    board: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nobody has held the lease since: there was nothing to run."""
    async with runner(board, lambda _: None) as one:
        await board.write(post("a"))
        await one.drain()
        monkeypatch.setattr(one, "_until", 0.0)
        await board.write(run_all(["UPDATE jobs SET title = 'b'", "UPDATE jobs SET title = 'c'"]))
        assert await one.drain() == 0
        assert await one.untold() == 3


async def test_a_hook_that_is_too_far_behind_is_named(
    board: SqliteEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told of what the log still has."""
    told = list[int]()
    async with runner(board, lambda task: told.append(task.number)) as one:
        await asyncio.gather(*(board.write(post(f"t{n}")) for n in range(10)))
        await board.prune(2, None, await one.untold())
        with caplog.at_level(logging.ERROR, "jotbase.tasks"):
            await one.drain()
    assert told == [7, 8, 9, 10]
    assert "after-insert-jobs-f may have missed changes before number 7" in caplog.text


async def test_what_is_declared_no_more_holds_up_nothing(board: SqliteEngine) -> None:
    """A project without hooks forgets where they were."""
    async with runner(board, lambda _: None) as one:
        await one.declare(Work())
        assert await one.untold() is None
        assert await board.read_internal(*units.cursors(board.dialect)) == []
