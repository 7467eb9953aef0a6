"""The change log on PostgreSQL: nothing is passed by, however transactions overlap."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from tests.contract.board import CREATE, post, run, run_all
from tests.postgres_server import Server

from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.engines.postgresql import engine as parts
from jotbase.engines.postgresql.log import change_log
from jotbase.engines.postgresql.log.notifications import CHANNEL
from jotbase.values import Change

pytestmark = pytest.mark.anyio

Connect = Callable[[], Any]


@pytest.fixture
async def board(
    postgres_server: Server, anyio_backend: Any
) -> AsyncIterator[tuple[PostgresEngine, Connect]]:
    """Give an engine on a database of its own, and what connects to it as another program."""
    url = await postgres_server.create()
    async with AsyncExitStack() as stack:
        engine = PostgresEngine(url, PostgresOptions())
        await engine.open()
        stack.push_async_callback(engine.close)

        async def connect() -> asyncpg.Connection:
            connection = await asyncpg.connect(url)
            stack.push_async_callback(connection.close)
            return connection

        await engine.write(run_all(CREATE["postgres"]))
        yield engine, connect


def post_text(title: str) -> str:
    """Return what another program writes."""
    return f"INSERT INTO jobs (title) VALUES ('{title}')"


def titles(changes: list[Change]) -> list[Any]:
    """Return the new titles of changes."""
    return [change.new["title"] for change in changes if change.new is not None]


async def test_what_commits_late_is_not_passed_by(board: tuple[PostgresEngine, Connect]) -> None:
    """Of two transactions, the second commits first: the first is told behind it."""
    engine, connect = board
    first, second = await connect(), await connect()
    late = first.transaction()
    await late.start()
    await first.execute("INSERT INTO jobs (title) VALUES ('late')")
    await second.execute("INSERT INTO jobs (title) VALUES ('early')")
    told = await engine.changes(0)
    await late.commit()

    assert titles(told) == ["early"]
    assert titles(await engine.changes(told[-1].number)) == ["late"]


async def test_who_writes_a_row_later_is_told_later(board: tuple[PostgresEngine, Connect]) -> None:
    """The one that began first writes the row after the other has committed."""
    engine, connect = board
    await engine.write(post("a"))
    first, second = await connect(), await connect()
    long = first.transaction()
    await long.start()
    await first.execute("INSERT INTO jobs (title) VALUES ('other')")
    await second.execute("UPDATE jobs SET title = 'b' WHERE id = 1")
    await first.execute("UPDATE jobs SET title = 'c' WHERE id = 1")
    await long.commit()

    assert titles(await engine.changes(0)) == ["a", "b", "other", "c"]


async def test_a_transaction_is_told_whole_and_in_order(
    board: tuple[PostgresEngine, Connect],
) -> None:
    """What two write in turns comes one transaction after the other."""
    engine, connect = board
    one, two = await connect(), await connect()
    pair = (one.transaction(), two.transaction())
    for started in pair:
        await started.start()
    for place in range(2):
        await one.execute("INSERT INTO jobs (title) VALUES ($1)", f"one {place}")
        await two.execute("INSERT INTO jobs (title) VALUES ($1)", f"two {place}")
    for ended in pair:
        await ended.commit()

    assert titles(await engine.changes(0)) == ["one 0", "one 1", "two 0", "two 1"]


async def test_direct_writes_ring(board: tuple[PostgresEngine, Connect]) -> None:
    """Another program's commit is heard, without a word from it."""
    engine, connect = board
    rung = asyncio.Event()
    engine.on_commit(rung.set)
    other = await connect()
    await other.execute("INSERT INTO jobs (title) VALUES ('psql')")

    await asyncio.wait_for(rung.wait(), 10)
    assert titles(await engine.changes(0)) == ["psql"]


async def test_other_servers_are_heard(
    board: tuple[PostgresEngine, Connect], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that never looks by itself hears of what another one has numbered."""
    engine, heard = board[0], asyncio.Event()
    other = PostgresEngine(engine._url, PostgresOptions())
    await other.open()
    try:
        monkeypatch.setattr(change_log, "LOOK_EVERY", 3600)
        engine.on_commit(heard.set)
        await other.write(post("theirs"))
        other.on_commit(lambda: None)
        await asyncio.wait_for(heard.wait(), 10)
        heard.clear()
        await other.write(post("another"))
        await asyncio.wait_for(heard.wait(), 10)
    finally:
        await other.close()

    assert titles(await engine.changes(0)) == ["theirs", "another"]


async def test_no_writer_notifies(board: tuple[PostgresEngine, Connect]) -> None:
    """Whoever numbers what was committed tells others, once for all of it."""
    engine, connect = board
    told: list[str] = []
    listening = await connect()
    await listening.add_listener(CHANNEL, lambda *word: told.append(word[3]))
    for title in ("a", "b", "c"):
        await (await connect()).execute(post_text(title))
    assert told == []
    await engine.changes(0)
    await listening.execute("SELECT 1")

    assert told == ["3"]


async def test_truncated_rows_are_told(board: tuple[PostgresEngine, Connect]) -> None:
    """Each as a deletion, though no row's trigger fires."""
    engine, connect = board
    await engine.write(
        run(
            'CREATE TRIGGER "jotbase.log_truncate" BEFORE TRUNCATE ON jobs'
            ' FOR EACH STATEMENT EXECUTE FUNCTION "jotbase"."log_truncate"()'
        )
    )
    await engine.write(post("gone"))
    await (await connect()).execute("TRUNCATE jobs CASCADE")

    assert [(one.kind, one.new) for one in await engine.changes(1)] == [("DELETE", None)]


async def test_pruning_drops_whole_partitions(
    board: tuple[PostgresEngine, Connect], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And deletes what is left of one; numbers are never given again."""
    engine, connect = board
    many = "INSERT INTO jobs (title) SELECT 'many ' || n FROM generate_series(1, 70000) AS n"
    await (await connect()).execute(many)

    assert (await engine.last_change()) == (1, 70_000)
    assert await engine.prune(100) == 69_900
    assert (await engine.last_change()) == (69_901, 70_000)
    named = 'SELECT count(*) FROM pg_inherits WHERE inhparent = \'"jotbase"."changes"\'::regclass'
    assert parts.PARTITION == 65_536
    assert await engine.read(named, ()) == [(2,)]


@pytest.mark.parametrize("turns", range(4))
async def test_a_log_that_is_closed_while_it_rings_ends(
    board: tuple[PostgresEngine, Connect], turns: int
) -> None:
    """However many turns of the loop after the word of a commit: no look goes on."""
    engine, _ = board
    rung = asyncio.Event()
    engine.on_commit(rung.set)
    await engine.write(post("a"))
    await asyncio.wait_for(rung.wait(), 5)
    for _ in range(5):  # until the look has come to its pause
        await engine.changes(0)
    log = engine._log
    log.committed()
    loop = asyncio.get_running_loop()
    for _ in range(turns):
        passed = loop.create_future()
        loop.call_soon(passed.set_result, None)
        await passed

    async with asyncio.timeout(5):
        await log.close()
