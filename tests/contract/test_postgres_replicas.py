"""Reads on a standby of the tests' own: never behind what its caller wrote or has seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from tests.contract.board import CREATE, post, run_all
from tests.postgres_server import FOLLOWED, Server, server, standby

from jotbase.engines.base import CALLER, REPLICA, ReplicaRead
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.engines.postgresql.read import replicas
from jotbase.engines.postgresql.read.replicas import LastCommits, position
from jotbase.http.server import data_routes
from jotbase.http.server.data_routes import DataRoutes
from jotbase.values import Request, Response

pytestmark = pytest.mark.anyio

STANDBY = "SELECT pg_is_in_recovery()"
TITLES = "SELECT title FROM jobs ORDER BY id"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    """Give a primary and its standby."""
    with server(FOLLOWED) as primary, standby(primary) as follower:
        yield primary, follower


@pytest.fixture
async def engine(
    servers: tuple[Server, Server], anyio_backend: Any
) -> AsyncIterator[PostgresEngine]:
    primary, follower = servers
    url = await primary.create()
    replica = follower.url(url.partition("?")[0].rpartition("/")[2])
    made = PostgresEngine(url, PostgresOptions(replicas=(replica,)))
    await made.open()
    await made.write(run_all(CREATE["postgres"]))
    yield made
    await made.close()


async def read(engine: PostgresEngine, text: str, least: int = 0) -> tuple[Any, int | None]:
    """Return what a read gives that may be behind, and what it has seen."""
    asked = ReplicaRead(least)
    REPLICA.set(asked)
    rows = await engine.read(text, ())
    return rows, asked.seen


async def caught_up(engine: PostgresEngine) -> None:
    """Wait until the standby is read again."""
    async with asyncio.timeout(20):
        while (await read(engine, STANDBY))[0] != [(True,)]:
            assert engine._replicas is not None
            await engine._replicas.look()


async def pause(servers: tuple[Server, Server], verb: str) -> None:
    """Have the standby replay no more, or go on."""
    connection = await asyncpg.connect(servers[1].url())
    await connection.execute(f"SELECT pg_wal_replay_{verb}()")
    await connection.close()


async def test_reads_go_to_the_standby(engine: PostgresEngine) -> None:
    """Those that may be behind; all others are the primary's."""
    await caught_up(engine)
    REPLICA.set(None)

    assert await engine.read(STANDBY, ()) == [(False,)]
    assert await engine.read_internal(STANDBY, ()) == [(False,)]


async def test_who_wrote_reads_what_it_wrote(
    engine: PostgresEngine, servers: tuple[Server, Server]
) -> None:
    """On the primary, while the standby has not replayed it; others read on the standby."""
    await caught_up(engine)
    await pause(servers, "pause")
    try:
        CALLER.set("ada")
        await engine.write(post("hers"))
        mine, seen = await read(engine, TITLES)
        CALLER.set("bob")
        theirs, behind = await read(engine, TITLES)
    finally:
        await pause(servers, "resume")

    assert (mine, seen) == ([("hers",)], None)
    assert (theirs, behind) == ([], 0)


async def test_who_has_seen_a_change_reads_what_holds_it(
    engine: PostgresEngine, servers: tuple[Server, Server]
) -> None:
    """A cursor that a client sends back is the least that its read has seen."""
    await caught_up(engine)
    await pause(servers, "pause")
    try:
        CALLER.set("ada")
        await engine.write(post("told"))
        assert [change.number for change in await engine.changes(0)] == [1]
        CALLER.set("bob")

        assert await read(engine, TITLES, least=1) == ([("told",)], None)
        assert await read(engine, TITLES) == ([], 0)
    finally:
        await pause(servers, "resume")


async def test_a_standby_that_is_far_behind_is_not_read(
    engine: PostgresEngine, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So long a right that was taken away may hold, and no longer."""
    await caught_up(engine)
    monkeypatch.setattr(replicas, "MOST_BEHIND", 0.0)

    assert await read(engine, STANDBY) == ([(False,)], None)


async def test_what_fails_on_the_standby_is_asked_on_the_primary(engine: PostgresEngine) -> None:
    """As a conflict with what it replays, or a connection that was lost."""
    await caught_up(engine)
    fails_there = "SELECT pg_current_wal_lsn() IS NOT NULL"

    assert await read(engine, fails_there) == ([(True,)], None)


async def test_a_standby_is_connected_to_once(servers: tuple[Server, Server]) -> None:
    """However many look at it at once; a connection that nobody holds is never closed."""
    primary, follower = servers
    url = await primary.create()
    name = url.partition("?")[0].rpartition("/")[2]
    connected = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
    engine = PostgresEngine(url, PostgresOptions(replicas=(follower.url(name),)))
    await engine.open()
    looking = engine._replicas
    assert looking is not None
    async with asyncio.timeout(20):
        while not looking._replicas[0].is_open:  # the standby must have replayed CREATE DATABASE
            await asyncio.gather(*(looking.look() for _ in range(5)))
    await engine.close()
    connection = await asyncpg.connect(follower.url())
    try:
        async with asyncio.timeout(20):
            while await connection.fetchval(connected):  # a server ends a moment after its client
                pass
    finally:
        await connection.close()


async def test_a_standby_that_is_away_harms_nobody(servers: tuple[Server, Server]) -> None:
    """The server starts, and reads on the primary."""
    url = await servers[0].create()
    engine = PostgresEngine(url, PostgresOptions(replicas=("postgresql://a@127.0.0.1:1/x",)))
    await engine.open()
    try:
        assert await read(engine, STANDBY) == ([(False,)], None)
    finally:
        await engine.close()


async def test_an_answer_tells_the_cursor_of_what_the_standby_had_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the cursor that a request brings, a `commit_timestamp` too, is the least that is read."""
    least: list[int] = []

    async def answered(request: Request, data: Any) -> Response:
        asked = REPLICA.get()
        assert asked is not None
        least.append(asked.least)
        asked.seen = 3
        return Response(200)

    monkeypatch.setattr(data_routes, "answer", answered)
    routes = DataRoutes(lambda: None, None, False, lambda number=9: f"{number:03d}-x")  # type: ignore[arg-type, return-value]
    stamp = "2026-08-21T10:11:12.345000000000000008123456789+00:00"
    cursors = ("000000000000007-x", stamp, "", "-7", "x")
    answers = [
        await routes.answer(Request("GET", "/jobs", headers={"x-jotbase-cursor": one}))
        for one in cursors
    ]

    assert least == [7, 8, 0, 0, 0]
    assert {one.headers for one in answers} == {(("X-Jotbase-Cursor", "003-x"),)}


async def test_positions_are_numbers() -> None:
    """Of two halves in hexadecimal digits (pg_lsn)."""
    assert position("16/B374D848") == 0x16_B374_D848


async def test_a_writer_that_is_forgotten_counts_as_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that no read misses what was written; the service's commits concern everybody, too."""
    monkeypatch.setattr(replicas, "MOST_WRITERS", 1)
    writers = LastCommits()
    writers.wrote("ada", 1.0)
    writers.wrote("bob", 2.0)

    assert (writers.last("ada"), writers.last("bob"), writers.last("eve")) == (1.0, 2.0, 1.0)
    writers.wrote("", 3.0)
    assert writers.last("eve") == 3.0
