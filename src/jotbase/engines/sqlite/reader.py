"""Reads: on the event loop while they are cheap, in a thread as soon as they are not.

In charge of no read ever holding the loop for more than its budget, and none outliving the time
limit. Must not know what is read. Which statement goes where, `costs` remembers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from time import perf_counter, thread_time
from typing import Any, TypeVar

import apsw

from jotbase.engines.sqlite.costs import BUDGET, DOUBT, Alarm, Costs, cannot_be_stopped
from jotbase.engines.sqlite.refusals import closed, refusal
from jotbase.engines.sqlite.session import SqliteSession
from jotbase.engines.sqlite.worker import Worker, stop_after
from jotbase.errors import Fault, ProjectError, StatementTooSlow
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import RolledBack, Rows

Result = TypeVar("Result")

#: Dear reads that run at one time; the next one waits.
LANES = 4


def _unnamed(kind: str, table: str, columns: tuple[str, ...]) -> None:
    """Name no constraint: a reader breaks none."""


class _Lane:
    """A thread with a connection of its own, opened on its first read."""

    def __init__(self, number: int, connect: Callable[[], apsw.Connection], lock_ms: int) -> None:
        self.worker = Worker(f"jotbase-read-{number}")
        self._connect = connect
        self._lock_ms = lock_ms
        self._connection: apsw.Connection | None = None

    def read(self, text: str, values: Sequence[Any]) -> tuple[Rows, float]:
        """Return the rows and the processor time they took; call it in the thread."""
        connection = self._open()
        start = thread_time()
        rows = connection.execute(text, values).fetchall()
        return rows, thread_time() - start

    def call(
        self, work: Callable[[SqliteSession], Result], seconds: float, limit_ms: int
    ) -> Result:
        """Run the work on one state of the database; call it in the thread."""
        connection = self._open()
        connection.execute("BEGIN")
        try:
            return work(
                SqliteSession(connection, seconds=seconds, limit_ms=limit_ms, name=_unnamed)
            )
        except RolledBack as undone:
            kept: Result = undone.result
            return kept
        finally:
            connection.execute("ROLLBACK")

    def image(self) -> bytes:
        """Return the database as bytes; call it in the thread."""
        return self._open().serialize("main")

    def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return the table and column behind each of a view's columns; call it in the thread."""
        found: list[tuple[tuple[str | None, ...], ...]] = []

        def look(cursor: apsw.Cursor, text: str, values: Any) -> bool:
            found.append(cursor.description_full)
            return False

        cursor = self._open().cursor()
        cursor.exec_trace = look
        with contextlib.suppress(apsw.ExecTraceAbort):
            try:
                cursor.execute("SELECT * FROM " + SQLITE.identifier(view))
            except apsw.SQLError as error:
                reason = f'the database cannot read the view "{view}": {error}'
                hint = "what it shows was dropped or renamed by hand: mend the view's file"
                raise ProjectError([Fault("database", "", reason, hint)]) from error
        return {
            str(name): (table, column)
            for name, _, _, table, column in found[0]
            if table is not None and column is not None
        }

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.set_busy_timeout(self._lock_ms)
        return self._connection

    def stop(self) -> None:
        """Stop the statement that is running, if one is; call it from the loop."""
        if self._connection is not None:
            self._connection.interrupt()

    async def close(self) -> None:
        """Close connection and thread."""
        await self.worker.run(self._close)
        self.worker.stop()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class Reader:
    """All reads of one database; made on the event loop that they run on."""

    def __init__(
        self, connect: Callable[[], apsw.Connection], *, limit_ms: int, lock_ms: int
    ) -> None:
        self._connect = connect
        self._limit_ms = limit_ms
        self._lock_ms = lock_ms
        self._costs = Costs()
        self._connection = connect()
        self._cursor = self._connection.cursor()
        self._alarm = Alarm(self._connection)
        self._turns = asyncio.Semaphore(LANES)
        self._lanes: list[_Lane] = []
        self._free: list[_Lane] = []
        self._closed = False

    async def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one reading statement. Raises StatementTooSlow and what the database refuses."""
        rows = self.inline(text, values)
        return rows if rows is not None else await self._in_thread(text, values)

    def inline(self, text: str, values: Sequence[Any]) -> Rows | None:
        """Run the statement here and now; None if it is too dear for that, or has to wait."""
        if self._closed:
            raise closed()
        costs = self._costs
        if costs.is_dear(text, values):
            return None
        start = self._alarm.start()
        try:
            if costs.is_new(text) and cannot_be_stopped(self._cursor, text, values):
                costs.dear(text, values, 1)
                return None
            rows: Rows = self._cursor.execute(text, values).fetchall()
        except apsw.InterruptError:
            costs.dear(text, values)
            return None
        except apsw.BusyError:
            return None
        except Exception as error:
            raise refusal(error, text, self._limit_ms) from error
        if perf_counter() - start > BUDGET:
            costs.dear(text, values, DOUBT)
        return rows

    async def _in_thread(self, text: str, values: Sequence[Any]) -> Rows:
        lane = await self._turn()
        job = lane.worker.run(lambda: lane.read(text, values))
        stop_after(job, self._limit_ms / 1000, lane.stop)
        job.add_done_callback(lambda _: self._give_back(lane))
        try:
            rows, seconds = await asyncio.shield(job)
        except asyncio.CancelledError:
            stop_after(job, 0, lane.stop)
            # Nobody asks for the outcome any more; seen, so that the loop does not report it.
            job.add_done_callback(asyncio.Future.exception)
            raise
        except apsw.InterruptError as error:
            self._costs.dear(text, values)
            raise StatementTooSlow(self._limit_ms) from error
        except Exception as error:
            raise refusal(error, text, self._limit_ms) from error
        self._costs.ran_in_thread(text, values, seconds)
        return rows

    async def _turn(self) -> _Lane:
        """Wait for a free lane, for no longer than a statement may take."""
        try:
            async with asyncio.timeout(self._limit_ms / 1000):
                await self._turns.acquire()
        except TimeoutError as error:
            raise StatementTooSlow(self._limit_ms) from error
        if self._free:
            return self._free.pop()
        lane = _Lane(len(self._lanes) + 1, self._connect, self._lock_ms)
        self._lanes.append(lane)
        return lane

    def _give_back(self, lane: _Lane) -> None:
        self._free.append(lane)
        self._turns.release()

    async def call(self, work: Callable[[SqliteSession], Result], seconds: float) -> Result:
        """Run someone's own code on one state of the database; it cannot write."""
        lane = await self._turn()
        job = lane.worker.run(lambda: lane.call(work, seconds, self._limit_ms))
        stop_after(job, seconds, lane.stop)
        job.add_done_callback(lambda _: self._give_back(lane))
        return await asyncio.shield(job)

    async def image(self) -> bytes:
        """Return the whole database as bytes."""
        lane = await self._turn()
        job = lane.worker.run(lane.image)
        job.add_done_callback(lambda _: self._give_back(lane))
        return await asyncio.shield(job)

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return the table and column behind each of a view's columns."""
        lane = await self._turn()
        job = lane.worker.run(lambda: lane.origins(view))
        job.add_done_callback(lambda _: self._give_back(lane))
        return await asyncio.shield(job)

    async def close(self) -> None:
        """Wait for what is being read, and close all connections."""
        self._closed = True
        for _ in range(LANES):
            await self._turns.acquire()
        for lane in self._lanes:
            await lane.close()
        self._connection.close()
