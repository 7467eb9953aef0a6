"""The writer: group commit, many units of work in one transaction with one fsync.

In charge of the order of writes, of isolating each unit's failure in a savepoint, and of delivering
no result before it is on disk. Must not know what a unit does. Decision 10 has figures.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, TypeVar

import apsw

from jotbase.engines.calls.call_deadline import CallDeadline
from jotbase.engines.calls.worker_thread import WorkerThread, stop_after
from jotbase.engines.engine_errors import closed
from jotbase.engines.sqlite.database.diagnosis import refuse_unresolved
from jotbase.engines.sqlite.database.result_rows import TooManyBytes, run_short
from jotbase.engines.sqlite.database.sqlite_errors import ConstraintName, refusal
from jotbase.engines.sqlite.read.costs import BUDGET, DOUBT, LoopTimeLimit, StatementCosts
from jotbase.engines.sqlite.write.changeset import Recorder
from jotbase.engines.sqlite.write.logged import LoggedTransactions
from jotbase.engines.sqlite.write.long_unit import (
    LongUnit,
    UnitConnection,
    UnitLimits,
    perform,
)
from jotbase.engines.sqlite.write.write_queue import (
    Fate,
    QueuedWrite,
    UnitOver,
    WriteQueue,
    empty_unit,
    fail_all,
    next_step,
    thrown_step,
)
from jotbase.engines.sqlite.write.write_transactions import WriteTransactions
from jotbase.engines.sqlite.write.writer_lease import LeaseContext, ReadConnection, WriterLease
from jotbase.errors import JotError, TransactionTimeout
from jotbase.sql.units import PAUSE, TURN, RolledBack, Rows, Runnable, UnitOfWork

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: A group is committed after this many units, or this long on the loop (seconds).
GROUP_UNITS = 256
GROUP_TIME = 0.004
#: How long the loop blocks for a commit before it continues with other work (seconds).
PATIENCE = 0.0005
#: How long `close` waits for running and queued units, in seconds.
CLOSE_WITHIN = 5.0
#: How long it then waits for what it interrupts, in seconds.
STOP_WITHIN = 2.0


class _TooDear(Exception):
    """A statement must run in the thread, or was interrupted on the loop: the unit starts over."""


class Writer:
    """The only writer of a database; created on the event loop that it works on.

    `connection` becomes its own; `transactions` knows its file. A statement may take `limit_ms`,
    and a unit `unit_ms` while it has the lock. `committed` is called before a commit's callers
    know.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        limit_ms: int,
        unit_ms: int,
        transactions: WriteTransactions,
        name: ConstraintName,
        committed: Callable[[int], None],
        connection_functions: Iterable[str] = (),
    ) -> None:
        self._take(connection)
        self._limit_ms = limit_ms
        self._unit_ms = unit_ms
        self._unit_end = inf
        self._transactions = transactions
        self._name = name
        self._committed = committed
        self._costs = StatementCosts(connection_functions)
        self._waiting = WriteQueue()
        self._queue = self._waiting.units
        self._loop = asyncio.get_running_loop()
        self._bell: asyncio.Future[None] | None = None
        self._closing = False
        self._worker = WorkerThread("jotbase-write")
        self._task = self._loop.create_task(self._serve(), name="jotbase writer")

    def _take(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor, self._logged = connection.cursor(), LoggedTransactions()
        self._alarm = LoopTimeLimit(connection)
        self._recorder = Recorder(connection)

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Run the unit in the next group; return its result when that is on disk."""
        if self._closing:
            raise closed()
        future: asyncio.Future[Result] = self._loop.create_future()
        self._queue.append(QueuedWrite(work, future, self._unit_ms / 1000 if timed else inf))
        self._wake()
        try:
            return await future
        finally:
            del future  # which holds the error that this frame is in the traceback of

    def lease(self, thread: ReadConnection, deadline: CallDeadline) -> WriterLease:
        """Return the lease by which a call uses the writer."""
        return WriterLease(thread, deadline, self._grant_lease)

    def _grant_lease(self, lease: WriterLease) -> asyncio.Future[None]:
        """Queue a lease; the future resolves when the call has released the writer."""
        if self._closing:
            raise closed()
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.calls.append(QueuedWrite(empty_unit, future, inf, lease))
        self._wake()
        return future

    async def close(self) -> None:
        """Finish the queue, checkpoint the WAL into the database, and close."""
        self._closing = True
        self._wake()
        stop_after(self._task, CLOSE_WITHIN, self._connection.interrupt)
        await asyncio.wait([self._task], timeout=CLOSE_WITHIN + STOP_WITHIN)
        if self._task.done():
            await self._worker.run(lambda: self._transactions.close(self._connection))
        else:
            log.warning("a write was given up: it could not be stopped")
        self._worker.stop()

    def _wake(self) -> None:
        if (bell := self._bell) is not None and not bell.done():
            bell.set_result(None)

    async def _serve(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._bell = self._loop.create_future()
                await self._bell
            await self._waiting.gather(GROUP_UNITS)
            group: list[QueuedWrite] = []
            try:
                call = self._waiting.next_call()
                if call is not None and call.lease is not None:
                    group.append(call)
                    await self._hold(call, call.lease)
                else:
                    await self._group(group)
            except Exception as error:
                log.exception("the writer stumbled")
                if self._connection.in_transaction:
                    self._cursor.execute("ROLLBACK")
                fail_all(group, refusal(error, "", self._limit_ms))
            call, group = None, []  # nothing of them is kept until the next ones come
            if self._transactions.trouble is not None:
                fresh = await self._worker.run(self._transactions.fresh)
                if fresh is not None:
                    self._connection.close(True)
                    self._take(fresh)

    async def _group(self, group: list[QueuedWrite]) -> None:
        """Run queued units in one transaction, commit it, and deliver the outcomes."""
        try:
            await self._begin()
        except (apsw.Error, JotError) as error:
            group.extend(self._queue)
            self._queue.clear()
            fail_all(group, self._transactions.refusal(error, "BEGIN IMMEDIATE"))
            return
        kept = False
        end = perf_counter() + GROUP_TIME
        while self._queue and len(group) < GROUP_UNITS and (not group or perf_counter() < end):
            entry = self._queue.popleft()
            if entry.is_over:
                continue
            group.append(entry)
            fate = await self._run(entry, first=len(group) == 1)
            if fate in (Fate.LOST, Fate.LOST_AGAIN):
                self._start_over(group, again=fate is Fate.LOST_AGAIN)
                return
            if fate is Fate.AGAIN:
                self._queue.appendleft(group.pop())
                break
            kept = kept or fate is Fate.KEPT
        await self._end(group, kept=kept)

    async def _hold(self, entry: QueuedWrite, lease: WriterLease) -> None:
        """Lend the connection to a call, and commit its transaction at the end."""
        try:
            await self._begin()
        except (apsw.Error, JotError) as error:
            lease.refuse(self._transactions.refusal(error, "BEGIN IMMEDIATE"))
            entry.settle()
            return
        own = (self._connection, self._worker, self._recorder, self._name)
        try:
            kept = await lease.serve(LeaseContext(*own, self._waiting))
        except Exception as error:
            lease.refuse(refusal(error, "", self._limit_ms))
            raise
        finally:
            self._alarm.arm()
        self._recorder.keep(lease.aside)
        if self._connection.in_transaction:
            self._logged.note(self._cursor)
            await self._end([entry], kept=kept)
            return
        if kept:
            entry.error = TransactionTimeout(self._unit_ms)
        entry.settle()

    async def _begin(self) -> None:
        """Take the write lock; if another process has it, wait in the thread."""
        self._transactions.check()
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            await self._worker.run(lambda: self._transactions.begin(self._connection))
        self._logged.begin(self._cursor)
        self._recorder.reserve()

    def _start_over(self, group: list[QueuedWrite], *, again: bool) -> None:
        """Queue the units of a lost transaction again; each runs once more from its start."""
        # https://sqlite.org/c3ref/interrupt.html: an interrupted write loses the transaction.
        if not again:
            group.pop().settle()
        self._queue.extendleft(reversed(group))

    async def _end(self, group: list[QueuedWrite], *, kept: bool) -> None:
        if not kept:
            self._cursor.execute("ROLLBACK")
        else:
            try:
                await self._worker.run(
                    lambda: self._transactions.commit(self._connection), PATIENCE
                )
            except (apsw.Error, JotError) as error:
                fail_all(group, self._transactions.refusal(error, "COMMIT"))
                return
            self._recorder.reserved()
            self._committed(self._logged.newest)
        for entry in group:
            entry.settle()

    async def _run(self, entry: QueuedWrite, *, first: bool) -> Fate:
        """Drive one unit in a savepoint of its own."""
        self._cursor.execute("SAVEPOINT unit")
        start, entry.error = perf_counter(), None
        self._unit_end = start + entry.left
        try:
            entry.result = await self._drive(entry, first)
            refuse_unresolved(self._connection)
            self._logged.note(self._cursor)
            self._cursor.execute("RELEASE unit")
        except _TooDear:
            entry.is_long = again = True
        except RolledBack as undone:
            entry.result, again = undone.result, False
        except Exception as error:  # noqa: BLE001 - it is the caller's, and raised there
            entry.error, again = error, False
        else:
            return Fate.KEPT
        finally:
            entry.left -= perf_counter() - start
        if not self._connection.in_transaction:
            return Fate.LOST_AGAIN if again else Fate.LOST
        self._cursor.execute("ROLLBACK TO unit")
        self._cursor.execute("RELEASE unit")
        return Fate.AGAIN if again else Fate.UNDONE

    async def _drive(self, entry: QueuedWrite, first: bool) -> Any:
        """Run the unit's statements: on the loop while they are cheap, then all in the thread."""
        pause = perf_counter() + BUDGET
        unit = entry.work()
        try:
            statement = next_step(unit, None)
            while True:
                if self._is_long(statement, entry):
                    return await self._in_thread(unit, entry, first, statement)
                try:
                    rows = self._rows(statement)
                except JotError as refused:
                    if not self._connection.in_transaction:
                        raise
                    statement = thrown_step(unit, refused)
                else:
                    if len(rows) > TURN:
                        return await self._in_thread(unit, entry, first, statement, rows)
                    statement = next_step(unit, rows)
                if perf_counter() > pause:
                    await asyncio.sleep(0)
                    pause = perf_counter() + BUDGET
        except UnitOver as over:
            return over.result
        finally:
            unit.close()

    def _is_long(self, statement: Runnable, entry: QueuedWrite) -> bool:
        return (
            entry.is_long
            or statement is PAUSE
            or self._costs.is_expensive(statement.text, statement.params)
        )

    async def _in_thread(
        self,
        unit: UnitOfWork[Any],
        entry: QueuedWrite,
        first: bool,
        statement: Runnable,
        rows: Rows | None = None,
    ) -> Any:
        """Run the rest of a unit in the thread. Raises _TooDear if it is not its group's first."""
        entry.is_long = True
        if not first:
            raise _TooDear
        parts = (self._connection, self._cursor, self._transactions, self._costs, self._name)
        on = UnitConnection(*parts, self._waiting)
        limits = UnitLimits(self._limit_ms, self._unit_ms, self._unit_end)
        long = LongUnit(unit, on, limits)
        self._alarm.disarm()
        job = self._worker.run(partial(long.run, statement, rows))
        long.stop_in_time(job)
        try:
            return await job
        finally:
            del job  # which holds the error that this frame is in the traceback of
            self._alarm.arm()

    def _rows(self, statement: Runnable) -> Rows:
        if perf_counter() > self._unit_end:
            raise TransactionTimeout(self._unit_ms)
        return self._short_statement(statement.text, statement.params)

    def _short_statement(self, text: str, values: Sequence[Any]) -> Rows:
        start = self._alarm.start()
        try:
            rows = perform(self._cursor, text, values, self._name, run_short)
        except (apsw.InterruptError, TooManyBytes) as error:
            self._costs.mark_expensive(text, values)
            raise _TooDear from error
        except Exception as error:
            raise self._transactions.refusal(error, text) from error
        finally:
            self._alarm.stop()
        if perf_counter() - start > BUDGET:
            self._costs.mark_expensive(text, values, DOUBT)
        return rows
