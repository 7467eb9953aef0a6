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
from time import perf_counter, thread_time
from typing import Any, TypeVar

import apsw

from jotbase.engines.calls.call_deadline import CallDeadline, code_holds
from jotbase.engines.calls.worker_thread import WorkerThread, stop_after
from jotbase.engines.refusals import closed
from jotbase.engines.sqlite.database.code_calls import ending, run
from jotbase.engines.sqlite.database.diagnosis import conflict, full, refuse_unresolved
from jotbase.engines.sqlite.database.refusals import ConstraintName, refusal
from jotbase.engines.sqlite.database.result_rows import Run, TooManyBytes, fetch_bounded, run_short
from jotbase.engines.sqlite.read.costs import BUDGET, DOUBT, LoopTimeLimit, StatementCosts
from jotbase.engines.sqlite.write.changeset import Recorder
from jotbase.engines.sqlite.write.write_queue import (
    Fate,
    QueuedWrite,
    UnitOver,
    WriteQueue,
    empty_unit,
    fail_all,
    is_long,
    next_step,
    thrown_step,
)
from jotbase.engines.sqlite.write.write_transactions import WriteTransactions
from jotbase.engines.sqlite.write.writer_lease import LeaseContext, ReadConnection, WriterLease
from jotbase.errors import JotError, StatementTimeout, TransactionTimeout
from jotbase.sql.units import PAUSE, RolledBack, Rows, Runnable, UnitOfWork

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
_IN_THREAD: Run = partial(run, fetch=fetch_bounded)


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
        self._cursor = connection.cursor()
        self._alarm = LoopTimeLimit(connection)
        self._recorder = Recorder(connection)

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Run the unit in the next group; return its result when that is on disk."""
        if self._closing:
            raise closed()
        future: asyncio.Future[Result] = self._loop.create_future()
        self._queue.append(QueuedWrite(work, future, self._unit_ms / 1000 if timed else inf))
        self._wake()
        return await future

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
            if entry.future.done():
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
            newest = newest_change(self._cursor)
            try:
                await self._worker.run(
                    lambda: self._transactions.commit(self._connection), PATIENCE
                )
            except (apsw.Error, JotError) as error:
                fail_all(group, self._transactions.refusal(error, "COMMIT"))
                return
            self._recorder.reserved()
            self._committed(newest)
        for entry in group:
            entry.settle()

    async def _run(self, entry: QueuedWrite, *, first: bool) -> Fate:
        """Drive one unit in a savepoint of its own."""
        self._cursor.execute("SAVEPOINT unit")
        start = perf_counter()
        self._unit_end = start + entry.left
        try:
            entry.error = None
            entry.result = await self._drive(entry, first)
            refuse_unresolved(self._connection)
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
        """Run the unit's statements; its own steps in a thread after a pause or with many rows."""
        pause = perf_counter() + BUDGET
        unit = entry.work()
        try:
            statement = next_step(unit, None)
            while True:
                try:
                    rows = await self._rows(statement, entry, first)
                except JotError as refused:
                    if not self._connection.in_transaction:
                        raise
                    statement = thrown_step(unit, refused)
                else:
                    step = partial(next_step, unit, rows)
                    statement = await self._worker.run(step) if is_long(statement, rows) else step()
                if perf_counter() > pause:
                    await asyncio.sleep(0)
                    pause = perf_counter() + BUDGET
        except UnitOver as over:
            return over.result
        finally:
            unit.close()

    async def _rows(self, statement: Runnable, entry: QueuedWrite, first: bool) -> Rows:
        """Run one statement: on the loop, or in the thread if it or the unit is expensive."""
        if statement is PAUSE:
            entry.is_long = True
            return []
        if perf_counter() > self._unit_end:
            raise TransactionTimeout(self._unit_ms)
        text, values = statement.text, statement.params
        if not (entry.is_long or self._costs.is_expensive(text, values)):
            return self._short_statement(text, values)
        if not first:
            raise _TooDear
        entry.is_long = True
        return await self._long_statement(text, values)

    async def _long_statement(self, text: str, values: Sequence[Any]) -> Rows:
        try:
            return await self._in_thread(text, values)
        except apsw.InterruptError as error:
            self._costs.mark_expensive(text, values)
            if perf_counter() > self._unit_end:
                raise TransactionTimeout(self._unit_ms) from error
            raise StatementTimeout(self._limit_ms) from error
        except Exception as error:
            raise self._transactions.refusal(error, text) from error

    def _short_statement(self, text: str, values: Sequence[Any]) -> Rows:
        start = self._alarm.start()
        try:
            rows = _perform(self._cursor, text, values, self._name, run_short)
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

    def _timed(self, text: str, values: Sequence[Any]) -> tuple[Rows, float]:
        start = thread_time()
        with ending(self._connection, partial(code_holds, self._waiting)):
            return _perform(
                self._cursor, text, values, self._name, _IN_THREAD
            ), thread_time() - start

    async def _in_thread(self, text: str, values: Sequence[Any]) -> Rows:
        self._alarm.disarm()
        job = self._worker.run(lambda: self._timed(text, values))
        if self._unit_end < inf:
            limit = min(self._limit_ms / 1000, self._unit_end - perf_counter())
            stop_after(job, max(0, limit), self._connection.interrupt)
        try:
            rows, seconds = await job
        finally:
            self._alarm.arm()
        self._costs.ran_in_thread(text, values, seconds)
        return rows


def _perform(
    cursor: apsw.Cursor, text: str, values: Sequence[Any], name: ConstraintName, run: Run
) -> Rows:
    try:
        return run(cursor, text, values)
    except apsw.ConstraintError as error:
        raise conflict(cursor, error, text, values, name) from error
    except apsw.FullError as error:
        raise full(cursor, error, text) from error


def newest_change(cursor: apsw.Cursor) -> int:
    """Return the newest number of the change log, 0 without a log."""
    try:
        rows = cursor.execute(NEWEST).fetchall()
    except apsw.SQLError:
        return 0
    newest: Any = rows[0][0] if rows else 0
    return int(newest)


#: AUTOINCREMENT keeps the highest number, whatever was pruned, and is behind where a statement of
#: another program failed in the middle (INSERT OR FAIL).
NEWEST = (
    "SELECT max("
    "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'jotbase.changes'), 0),"
    ' ifnull((SELECT max(number) FROM "jotbase.changes"), 0))'
)
