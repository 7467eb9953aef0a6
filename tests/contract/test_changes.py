"""The change log's contract: complete, in order, numbered once, and a bell for what is new."""

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contract.board import CREATE, post, run, run_all
from tests.contract.conftest import MakeEngine
from tests.contract.test_engine import MANY

from jotbase.engines.base import Engine, Session
from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.log import change_log as log
from jotbase.engines.sqlite.log.pruning import prune
from jotbase.engines.sqlite.read import reader
from jotbase.sql.units import Rows, Statement, UnitOfWork
from jotbase.values import Change

pytestmark = pytest.mark.anyio

AT = "2026-08-21T10:11:12+00:00"
SOON = 10
#: A program of somebody else's, in a process of its own: file locks hold between processes.
THEIRS = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("INSERT INTO jobs (title) VALUES ('theirs')")
"""
FAILING = """
import contextlib, sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database, contextlib.suppress(sqlite3.Error):
    database.execute("INSERT OR FAIL INTO jobs (title) VALUES ('a'), ('b'), (NULL)")
"""


class Bell:
    """Counts its rings and can be waited for."""

    def __init__(self, engine: Engine) -> None:
        self.rings = 0
        self._rung = asyncio.Event()
        engine.on_commit(self._ring)

    def _ring(self) -> None:
        self.rings += 1
        self._rung.set()

    async def rung(self) -> None:
        """Wait for a ring after the last wait."""
        async with asyncio.timeout(SOON):
            await self._rung.wait()
        self._rung.clear()


async def test_changes_carry_both_rows_in_order(engine: Engine) -> None:
    """Each change holds its kind, old and new row and time, numbered as committed."""
    await engine.write(post("Baker"))
    await engine.write(run("UPDATE jobs SET title = 'Cook'"))
    await engine.write(run("DELETE FROM jobs"))
    baker, cook = {"id": 1, "title": "Baker"}, {"id": 1, "title": "Cook"}

    assert await engine.changes(0) == [
        Change(1, "jobs", "INSERT", None, baker, AT),
        Change(2, "jobs", "UPDATE", baker, cook, AT),
        Change(3, "jobs", "DELETE", cook, None, AT),
    ]


async def test_changes_come_in_batches_after_a_number(engine: Engine) -> None:
    """`after` and `limit` cut the log where they say."""
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(10)))

    assert [change.number for change in await engine.changes(3, 4)] == [4, 5, 6, 7]
    assert await engine.changes(10) == []


async def test_changes_of_concurrent_writers_are_complete(engine: Engine) -> None:
    """Every committed unit's changes are in the log, once each, whoever failed beside it."""

    def doomed() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('doomed')")
        raise LookupError

    works = [doomed if n % 3 == 0 else post(f"t{n}") for n in range(60)]
    await asyncio.gather(*map(engine.write, works), return_exceptions=True)
    changes = await engine.changes(0)

    assert [change.number for change in changes] == list(range(1, 41))
    assert {(change.new or {})["title"] for change in changes} == {
        f"t{n}" for n in range(60) if n % 3
    }


async def test_the_ends_of_the_log(engine: Engine) -> None:
    """`last_change` gives oldest and newest, zeros for a log that never held one."""
    assert await engine.last_change() == (0, 0)
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(5)))

    assert await engine.last_change() == (1, 5)


async def test_pruning_keeps_the_newest_and_their_numbers(engine: SqliteEngine) -> None:
    """Pruning takes the oldest, and no number is ever given again, even in an empty log."""
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(5)))

    assert await engine.prune(keep_rows=2) == 3
    assert await engine.last_change() == (4, 5)
    assert await engine.prune(keep_rows=0) == 2
    assert await engine.last_change() == (0, 5)
    await engine.write(post("next"))
    assert await engine.last_change() == (6, 6)


async def test_pruning_waits_for_hooks_up_to_a_bound(engine: Engine) -> None:
    """What hooks were not told of stays, while the log has at most twice what it is to keep."""
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(10)))

    assert await engine.prune(keep_rows=4, untold=3) == 3
    assert await engine.last_change() == (4, 10)
    assert await engine.prune(keep_rows=3, untold=0) == 1
    assert await engine.last_change() == (5, 10)
    assert await engine.prune(keep_rows=3, untold=10) == 3
    assert await engine.last_change() == (8, 10)


async def test_pruning_by_age(engine: SqliteEngine) -> None:
    """A change older than `keep_seconds` goes, however few there are."""
    await engine.write(post("old"))
    await engine.write(run("UPDATE \"jotbase.changes\" SET committed_at = '2020-01-01T00:00:00Z'"))
    await engine.write(post("new"))
    await engine.write(
        run("UPDATE \"jotbase.changes\" SET committed_at = '9020-01-01T00:00:00Z' WHERE number = 2")
    )

    assert await engine.prune(keep_rows=100, keep_seconds=3600) == 1
    assert await engine.last_change() == (2, 2)


async def test_the_bell_rings_for_commits_that_logged_changes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit with changes rings at once; one without, or a unit undone, does not."""
    monkeypatch.setattr(log, "LOOK_EVERY", 3600)
    bell = Bell(engine)
    await engine.write(run("INSERT INTO companies (handle) VALUES ('acme')"))
    with contextlib.suppress(Exception):
        await engine.write(run("INSERT INTO jobs (title) VALUES (NULL)"))
    await engine.write(post("Baker"))
    await bell.rung()

    assert bell.rings == 1
    assert len(await engine.changes(0)) == 1


async def test_the_bell_rings_after_the_commit(engine: Engine) -> None:
    """What is read when the bell rings holds the change that it rang for."""
    bell = Bell(engine)
    writing = asyncio.ensure_future(engine.write(post("Baker")))
    await bell.rung()

    assert len(await engine.changes(0)) == 1
    await writing


async def test_direct_writes_ring_and_are_logged(
    make_engine: MakeEngine, engine_name: str, tmp_path: Path
) -> None:
    """Rows that another program writes to the database are changes like any other."""
    path = str(tmp_path / "direct.db")
    engine = await make_engine(path)
    await engine.write(run_all(CREATE[engine_name]))
    await engine.write(post("ours"))
    bell = Bell(engine)
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", THEIRS, path], check=True)
    await bell.rung()
    await engine.write(post("ours again"))

    logged = [(change.new or {})["title"] for change in await engine.changes(0)]
    assert logged == ["ours", "theirs", "ours again"]


async def test_the_log_is_looked_at_whatever_statements_cost(
    make_engine: MakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every statement overran, as in a slow moment, others' writes are noticed too."""
    path = str(tmp_path / "slow.db")
    engine = await make_engine(path)
    await engine.write(run_all(CREATE["sqlite"]))
    monkeypatch.setattr(reader, "BUDGET", -1.0)
    monkeypatch.setattr(log, "LOOK_EVERY", 0.001)
    bell = Bell(engine)
    for _ in range(3):
        await engine.read("PRAGMA data_version", ())
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", THEIRS, path], check=True)
        await bell.rung()

    assert [change.number for change in await engine.changes(0)] == [1, 2, 3]


async def test_large_changes_come_a_few_at_a_time(engine: Engine) -> None:
    """Fewer than the limit where they are large, none left out."""
    for _ in range(3):
        await engine.write(post("x" * 3_000_000))
    first = await engine.changes(0)

    assert [change.number for change in first] == [1, 2]
    assert [change.number for change in await engine.changes(2)] == [3]


async def test_pruning_ends_while_others_write(engine: SqliteEngine) -> None:
    """What was old at its begin goes; what comes meanwhile is left to the next time."""
    await engine.write(run(MANY))
    pruning = asyncio.ensure_future(engine.prune(keep_rows=5))
    while not pruning.done():
        await engine.write(post("more"))

    assert await asyncio.wait_for(pruning, SOON) >= 20_000 - 5
    oldest, newest = await engine.last_change()
    assert newest - oldest >= 4


def test_a_slice_of_pruning_is_bounded() -> None:
    """So many changes, and so many bytes of them, go at a time, and one at least."""

    def pruned(rows: Rows, last: int, before: str = "") -> tuple[int, tuple[int, bool]]:
        unit = prune(last, before)
        next(unit)
        until = unit.send(rows).params[0]
        assert unit.send([]).params == (until,)
        with pytest.raises(StopIteration) as done:
            unit.send([])
        return until, done.value.value

    old, new = "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
    assert pruned([(n, 10, new) for n in range(1, 501)], 900) == (500, (500, True))
    assert pruned([(n, 3 << 20, new) for n in range(1, 4)], 900) == (1, (1, True))
    assert pruned([(1, 9 << 20, new)], 900) == (1, (1, False))
    assert pruned([(1, 10, new), (2, 10, new)], 1) == (1, (1, False))
    assert pruned([(1, 10, old), (2, 10, new)], 0, "2025") == (1, (1, False))


async def test_a_statement_that_failed_in_the_middle_is_noticed(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """INSERT OR FAIL keeps rows, and leaves SQLite's own count of the numbers behind."""
    path = str(tmp_path / "fail.db")
    engine = await make_engine(path)
    await engine.write(run_all(CREATE["sqlite"]))
    bell = Bell(engine)
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", FAILING, path], check=True)
    await bell.rung()

    assert await engine.last_change() == (1, 2)


async def test_rows_are_decoded_by_the_given_decoder(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """The decoder gets table and text, and what it makes is in the change."""
    engine = await make_engine(decode=lambda table, text: {table: len(text)})
    await engine.write(run_all(CREATE[engine_name]))
    await engine.write(post("x"))

    assert (await engine.changes(0))[0].new == {"jobs": len('{"id":1,"title":"x"}')}


async def test_a_change_knows_its_transaction(engine: Engine) -> None:
    """A unit of several changes is one transaction; a change alone is one without a word."""

    def two() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('a')")
        yield Statement("UPDATE jobs SET title = 'b'")

    await asyncio.gather(engine.write(post("x")), engine.write(two), engine.write(post("y")))
    changes = await engine.changes(0)

    assert [one.transaction is None for one in changes].count(True) == 2
    (whole,) = {one.transaction for one in changes if one.transaction is not None}
    assert [one.number for one in changes if one.transaction] == list(range(whole[0], whole[1] + 1))
    assert [one.transaction for one in await engine.changes(whole[0], 1)] == [whole]


async def test_what_a_call_changes_is_one_transaction(engine: Engine) -> None:
    """The statements of one call of project code are told as one transaction."""

    def work(session: Session) -> None:
        session.run(post("a"))
        session.run(post("b"))

    await engine.call(work, reads=False)

    assert [one.transaction for one in await engine.changes(0)] == [(1, 2), (1, 2)]
