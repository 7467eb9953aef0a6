"""Connections to PostgreSQL: lost ones, too few of them, a pooler between, and what is shown."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.contract.board import CREATE, ENDLESS, post, run_all
from tests.postgres_server import Server

from jotbase.engines.base import Session
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.engines.postgresql.database.placeholders import numbered
from jotbase.engines.postgresql.database.pool import PoolLimits
from jotbase.errors import JotError, ProjectError

pytestmark = pytest.mark.anyio

SOON = 5
Make = Callable[..., Awaitable[PostgresEngine]]
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
async def make(postgres_server: Server, anyio_backend: Any) -> AsyncIterator[Make]:
    """Open engines on a database of the test's own."""
    url = await postgres_server.create()
    async with AsyncExitStack() as stack:

        async def open_engine(parameters: str = "", **limits: Any) -> PostgresEngine:
            engine = PostgresEngine(url + parameters, PostgresOptions(pool=PoolLimits(**limits)))
            await engine.open()
            stack.push_async_callback(engine.close)
            return engine

        yield open_engine


async def test_lost_connections_are_made_again(make: Make) -> None:
    """All are cut by the server; the next read, write and look are well."""
    engine = await make()
    await engine.write(run_all(CREATE["postgres"]))
    with pytest.raises(JotError) as cut:
        await engine.read(f"{CUT} ORDER BY pid = pg_backend_pid()", ())

    assert (cut.value.code, cut.value.status) == ("08006", 503)
    assert await engine.read("SELECT 1", ()) == [(1,)]
    assert await engine.write(post("after")) == [(1,)]
    assert [change.number for change in await engine.changes(0)] == [1]


async def test_too_many_who_wait_are_told_so(make: Make) -> None:
    """One has the connection, one waits for it, the third is refused at once."""
    engine = await make(connections=1, waiting=1)
    busy = [asyncio.ensure_future(engine.read(ENDLESS, ())) for _ in range(2)]
    await asyncio.wait(busy, timeout=0.05)
    with pytest.raises(JotError) as refused:
        await engine.read("SELECT 1", ())

    assert (refused.value.code, refused.value.status) == ("53300", 503)
    assert refused.value.headers == (("Retry-After", "1"),)
    for one in busy:
        one.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_who_waits_too_long_is_told_so(make: Make) -> None:
    """PostgREST's code for it, and its status."""
    engine = await make(connections=1, seconds=0.05)
    busy = asyncio.ensure_future(engine.read(ENDLESS, ()))
    await asyncio.wait([busy], timeout=0.02)
    with pytest.raises(JotError) as refused:
        await engine.read("SELECT 1", ())

    assert (refused.value.code, refused.value.status) == ("PGRST003", 504)
    busy.cancel()
    await asyncio.gather(busy, return_exceptions=True)


async def test_calls_leave_connections_to_others(make: Make) -> None:
    """Functions that wait hold three quarters of the connections at most."""
    engine = await make(connections=4, seconds=SOON)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def wait(session: Session) -> None:
        begun.release()
        go_on.wait(SOON)

    calls = [asyncio.ensure_future(engine.call(wait, reads=False)) for _ in range(5)]
    try:
        for _ in range(3):
            assert await asyncio.to_thread(begun.acquire, timeout=SOON)

        assert await engine.read("SELECT 1", ()) == [(1,)]
        assert not begun.acquire(blocking=False)
    finally:
        go_on.set()
        await asyncio.gather(*calls)


async def test_nothing_outlives_a_transaction_behind_a_pooler(make: Make) -> None:
    """No prepared statement, and the settings of a session are each transaction's."""
    engine = await make("&pgbouncer=true")
    await engine.write(run_all(CREATE["postgres"]))
    await engine.write(post("a"))
    zone = await engine.read("SELECT current_setting('timezone')", ())
    kept = await engine.read("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''", ())

    assert (zone, kept) == ([("UTC",)], [(0,)])
    assert await engine.read("SELECT title FROM jobs WHERE id = ?", (1,)) == [("a",)]


async def test_no_password_is_shown() -> None:
    """Where nobody listens, the error says where, and for whom."""
    engine = PostgresEngine("postgresql://ada:secret@127.0.0.1:1/jobs?sslmode=disable")
    with pytest.raises(ProjectError) as refused:
        await engine.open()

    assert "postgresql://ada@127.0.0.1:1/jobs: cannot be reached" in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_marks_are_numbered_where_they_are_marks() -> None:
    """Texts, names and comments keep theirs."""
    text = "SELECT ?, '?', \"?\", E'\\'?' -- ?\n, $a$ ? $a$ /* ? */ WHERE x = ?"

    assert numbered(text) == (
        "SELECT $1, '?', \"?\", E'\\'?' -- ?\n, $a$ ? $a$ /* ? */ WHERE x = $2"
    )
