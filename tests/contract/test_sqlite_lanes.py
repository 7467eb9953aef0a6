"""Threads for reads: short ones never behind long ones, no caller with all of them, none lost."""

import asyncio
import threading
from collections.abc import Callable

import apsw
import pytest
from tests.contract.board import ENDLESS
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import CALLER
from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.read import lanes, reader
from jotbase.engines.sqlite.read.lanes import Lanes
from jotbase.errors import JotError

pytestmark = pytest.mark.anyio

LONG = 20
CHEAP = "SELECT title FROM jobs WHERE id = 1"


def connect() -> apsw.Connection:
    """Open a database for one lane."""
    return apsw.Connection(":memory:")


def until(event: threading.Event, begun: threading.Event) -> Callable[[apsw.Connection], str]:
    """Return work that says that it began, and lasts until the event."""

    def work(connection: apsw.Connection) -> str:
        begun.set()
        event.wait(LONG)
        return "done"

    return work


async def as_caller(made: Lanes, name: str, work: Callable[[apsw.Connection], str]) -> str:
    """Run work for a caller."""
    CALLER.set(name)
    return await made.run(work)


async def test_a_short_read_does_not_wait_for_long_ones(engine: SqliteEngine) -> None:
    """With every long lane taken, and more waiting, what owes a run in a thread is answered."""
    endless = [asyncio.ensure_future(engine.read(ENDLESS, ())) for _ in range(6)]
    await asyncio.to_thread(bool)
    engine._reader._costs.found_long(ENDLESS, ())
    engine._reader._costs.mark_expensive(CHEAP, ())

    assert await asyncio.wait_for(engine.read(CHEAP, ()), LONG) == []
    assert not any(one.done() for one in endless)
    for one in endless:
        one.cancel()
    await asyncio.gather(*endless, return_exceptions=True)


async def test_what_is_long_starts_over_in_a_long_lane(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that a short lane stopped gives its rows all the same, and remembers its place."""
    monkeypatch.setattr(reader, "SHORT", 0.001)
    text = (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 500000)"
        " SELECT max(n) FROM c"
    )

    assert await engine.read(text, ()) == [(500_000,)]
    assert engine._reader._costs.is_long(text, ())


async def test_one_caller_leaves_a_lane_to_others() -> None:
    """The share is bounded, and who waits for it does not keep others waiting."""
    made, free = Lanes("t", 2, connect, limit_ms=LONG * 1000, spared=1), threading.Event()
    begun = threading.Event()
    greedy = [asyncio.ensure_future(as_caller(made, "a", until(free, begun))) for _ in range(3)]
    await asyncio.to_thread(begun.wait, LONG)

    assert await as_caller(made, "b", lambda _: "b's") == "b's"
    assert not any(one.done() for one in greedy)
    free.set()
    assert await asyncio.gather(*greedy) == ["done"] * 3
    await made.close()


async def test_a_lane_without_a_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no thread to give the caller is told 503, and the next one is served."""
    made = Lanes("t", 1, connect, limit_ms=LONG * 1000)

    def none_left(name: str) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(lanes, "WorkerThread", none_left)
        for _ in range(3):
            with pytest.raises(JotError) as caught:
                await made.run(lambda _: "never")
            assert (caught.value.code, caught.value.status) == ("53000", 503)

    assert await made.run(lambda _: "served") == "served"
    await made.close()


async def test_a_lane_without_a_file_opens_one_next_time() -> None:
    """A connection that cannot be opened is tried again by the next read in that lane."""
    tries = iter([apsw.CantOpenError("no file")])

    def connect_later() -> apsw.Connection:
        for error in tries:
            raise error
        return connect()

    made = Lanes("t", 1, connect_later, limit_ms=LONG * 1000)
    with pytest.raises(apsw.CantOpenError):
        await made.run(lambda _: "never")

    assert await made.run(lambda _: "served") == "served"
    await made.close()


async def test_who_goes_away_while_waiting_takes_no_lane_along() -> None:
    """A cancelled ticket leaves the lane to the next caller."""
    made, free, begun = Lanes("t", 1, connect, limit_ms=LONG * 1000), *events(2)
    first = asyncio.ensure_future(made.run(until(free, begun)))
    waiting = asyncio.ensure_future(made.run(lambda _: "never"))
    await asyncio.to_thread(begun.wait, LONG)
    waiting.cancel()
    free.set()

    assert await first == "done"
    assert await made.run(lambda _: "next") == "next"
    await made.close()


def events(count: int) -> list[threading.Event]:
    """Return fresh events."""
    return [threading.Event() for _ in range(count)]


async def test_closing_stops_what_is_read(make_engine: MakeEngine) -> None:
    """An endless read is stopped, one that waits for its turn refused: `close` comes to its end."""
    engine = await make_engine(statement_timeout=3_600_000)
    reads = [asyncio.ensure_future(engine.read(ENDLESS, ())) for _ in range(6)]
    await asyncio.to_thread(bool)
    await asyncio.wait_for(engine.close(), LONG)
    told = await asyncio.gather(*reads, return_exceptions=True)

    assert all(isinstance(one, JotError) for one in told)
