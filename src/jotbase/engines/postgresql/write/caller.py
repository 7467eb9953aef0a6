"""Calls: project code in a thread of its own, in one transaction of its own.

In charge of that transaction, of the call's time limit, and of running it again after a
serialization failure. The transaction's snapshot is taken at its first statement; between two
statements it locks only the rows that it wrote. Must not know what the code does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar, cast

from jotbase.engines.calls.call_deadline import CallDeadline
from jotbase.engines.calls.call_threads import CallLimits, CallThreadPool
from jotbase.engines.calls.code_ending import end_code
from jotbase.engines.calls.worker_thread import WorkerThread
from jotbase.engines.engine_errors import closed
from jotbase.engines.postgresql.database.pool import ConnectionPool
from jotbase.engines.postgresql.database.postgres_errors import (
    SerializationFailure,
    retries_exhausted,
)
from jotbase.engines.postgresql.write.computed_values import (
    Compute,
    ComputedFieldsNeeded,
    KnownValues,
    caller_of,
)
from jotbase.engines.postgresql.write.transaction import Mode, TimeLimits, Transaction
from jotbase.errors import JotError, run_contained
from jotbase.sql.units import PAUSE, RolledBack, Rows, Runnable, Statement, UnitOfWork

Result = TypeVar("Result")

#: How often a call is run at most, where others change what it had read.
RUNS = 4


class CallSession:
    """The transaction as the call's thread uses it; see `Session`."""

    def __init__(
        self,
        transaction: Transaction,
        deadline: CallDeadline,
        loop: asyncio.AbstractEventLoop,
        compute: Compute | None,
    ) -> None:
        self._compute = compute
        self._transaction = transaction
        self._deadline = deadline
        self._loop = loop

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement; see `Session.read`."""
        return self._perform(Statement(text, values))

    def _perform(self, statement: Runnable) -> Rows:
        text, values = statement.text, statement.params
        caller = caller_of(values)
        if caller is None or self._compute is None:
            return self._wait(self._transaction.run(statement))
        known = KnownValues()
        while True:
            rows = self._wait(self._transaction.look(text, values, known))
            asked = known.asked()
            if not asked:
                return rows
            for key, row in asked:
                known.learn(key, row, self._compute(self.read, key, row, caller))

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit; see `Session.run`."""
        try:
            return self._wait(self._transaction.nested(work))
        except ComputedFieldsNeeded:
            return self._drive(work)

    def _drive(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Run a unit of work in this thread, where code may run between its statements."""
        transaction = self._transaction
        self._wait(transaction.begin_unit())
        try:
            result = drive_in_thread(work(), self._perform)
        except RolledBack as undone:
            self._wait(transaction.undo_unit())
            return cast(Result, undone.result)
        except Exception as error:
            if not isinstance(error, SerializationFailure):
                self._wait(transaction.undo_unit())
            raise
        self._wait(transaction.end_unit())
        return result

    def _wait(self, asked: Coroutine[Any, Any, Result]) -> Result:
        error = self._deadline.over()
        if error is not None:
            asked.close()
            raise error
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        while True:
            try:
                return future.result(timeout=0.05)
            except TimeoutError:
                if future.done():
                    raise
                error = self._deadline.over()
                if error is not None:
                    future.cancel()
                    raise error from None


def drive_in_thread(unit: UnitOfWork[Result], perform: Callable[[Runnable], Rows]) -> Result:
    """Run the statements of a unit of work until it returns; errors are raised at its `yield`."""
    try:
        statement = next(unit)
        while True:
            try:
                rows = [] if statement is PAUSE else perform(statement)
            except JotError as refused:
                statement = unit.throw(refused)
            else:
                statement = unit.send(rows)
    except StopIteration as stop:
        return cast(Result, stop.value)
    finally:
        unit.close()


class CallRunner:
    """All calls of one database."""

    def __init__(
        self,
        pool: ConnectionPool,
        limits: TimeLimits,
        places: CallLimits,
        committed: Callable[[], None],
        compute: Compute | None = None,
    ) -> None:
        self._compute = compute
        self._pool = pool
        self._limits = limits
        self._committed = committed
        self._threads = CallThreadPool(
            lambda number: WorkerThread(f"jotbase-call-{number}"),
            places,
            seconds=limits.unit / 1000,
        )
        self._running: set[CallDeadline] = set()

    async def call(
        self,
        work: Callable[[CallSession], Result],
        *,
        reads: bool,
        again: bool,
        gone: Callable[[], bool],
        ending: Callable[[], JotError | None],
    ) -> Result:
        """Run the work; see `Engine.call`."""
        thread = await self._threads.take(gone)
        deadline = CallDeadline(self._limits.unit, self._limits.statement, gone, ending)
        self._running.add(deadline)
        jobs: list[asyncio.Future[Any]] = []
        try:
            for _ in range(RUNS if again else 1):
                try:
                    return await self._attempt(work, thread, deadline, jobs, reads=reads)
                except SerializationFailure:
                    continue
            raise retries_exhausted()
        finally:
            deadline.end(closed())
            self._running.discard(deadline)
            self._leave(thread, jobs)
            jobs.clear()  # they hold the error that this frame is in the traceback of

    async def _attempt(
        self,
        work: Callable[[CallSession], Result],
        thread: WorkerThread,
        deadline: CallDeadline,
        jobs: list[asyncio.Future[Any]],
        *,
        reads: bool,
    ) -> Result:
        mode: Mode = "REPEATABLE READ, READ ONLY" if reads else "SERIALIZABLE"
        async with self._pool.take() as connection:
            transaction = Transaction(
                connection, self._limits, mode, settings=self._pool.local_settings()
            )
            loop = asyncio.get_running_loop()
            session = CallSession(transaction, deadline, loop, self._compute)

            async def run() -> Result:
                job = thread.run(lambda: run_contained(lambda: work(session)))
                jobs.append(job)
                try:
                    return await _outcome(job, deadline)
                finally:
                    del job

            result = await transaction.complete(run)
        if transaction.wrote:
            self._committed()
        return result

    def _leave(self, thread: WorkerThread, jobs: list[asyncio.Future[Any]]) -> None:
        """Release the thread when its code returns: a thread cannot be stopped."""
        if not jobs or jobs[-1].done():
            if jobs and not jobs[-1].cancelled():
                jobs[-1].exception()  # retrieved, or the loop reports it
            self._threads.give_back(thread)
            return
        jobs[-1].add_done_callback(asyncio.Future.exception)
        jobs[-1].add_done_callback(lambda _: self._threads.give_back(thread))
        end_code(thread.thread, jobs[-1].done)

    async def close(self) -> None:
        """Cancel running calls, and refuse queued ones."""
        for deadline in self._running:
            deadline.end(closed())
        await self._threads.close()


async def _outcome(job: asyncio.Future[Result], deadline: CallDeadline) -> Result:
    while not (await asyncio.wait([job], timeout=deadline.until_next_look()))[0]:
        error = deadline.over()
        if error is not None:
            raise error
    try:
        return job.result()
    finally:
        del job  # which holds the error that this frame is in the traceback of
