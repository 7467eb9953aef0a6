"""Calls: someone's own code, in a thread of its own, in one transaction of its own.

In charge of that transaction, of the call's time, and of running it again where it met another. The
transaction's snapshot is taken at its first statement; between two statements it holds nobody up
but for the rows that it wrote. Must not know what the code does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from jotbase.engines.postgresql.pool import ConnectionPool
from jotbase.engines.postgresql.refusals import Overtaken, closed, serialization_failure
from jotbase.engines.postgresql.transaction import Mode, TimeLimits, Transaction
from jotbase.engines.sqlite.database.code_ending import end_code
from jotbase.engines.sqlite.write.call_deadline import CallDeadline
from jotbase.engines.sqlite.write.call_threads import CallLimits, CallThread, CallThreadPool
from jotbase.errors import JotError, run_contained
from jotbase.sql.units import RolledBack, Rows, Statement, UnitOfWork

Result = TypeVar("Result")

#: How often a call is run at most, where others change what it had read.
RUNS = 4


class CallSession:
    """See `Session`: the transaction as the call's thread sees it."""

    def __init__(
        self, transaction: Transaction, deadline: CallDeadline, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transaction = transaction
        self._deadline = deadline
        self._loop = loop

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement; see `Session.read`."""
        return self._wait(self._transaction.run(Statement(text, values)))

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit; see `Session.run`."""
        return self._wait(self._transaction.nested(work))

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


class CallRunner:
    """All calls of one database."""

    def __init__(
        self,
        pool: ConnectionPool,
        limits: TimeLimits,
        places: CallLimits,
        committed: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._committed = committed
        self._threads = CallThreadPool(
            _no_connection, places, lock_ms=limits.lock, seconds=limits.unit / 1000
        )
        self._running: set[CallDeadline] = set()

    async def call(
        self,
        work: Callable[[CallSession], Result],
        *,
        reads: bool,
        again: bool,
        gone: Callable[[], bool],
    ) -> Result:
        """Run the work; see `Engine.call`."""
        desk = await self._threads.take(gone)
        deadline = CallDeadline(self._limits.unit, self._limits.statement, gone)
        self._running.add(deadline)
        jobs: list[asyncio.Future[Any]] = []
        try:
            for _ in range(RUNS if again else 1):
                try:
                    return await self._attempt(work, desk, deadline, jobs, reads=reads)
                except Overtaken:
                    continue
            raise serialization_failure()
        finally:
            deadline.end(closed())
            self._running.discard(deadline)
            self._leave(desk, jobs)

    async def _attempt(
        self,
        work: Callable[[CallSession], Result],
        desk: CallThread,
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
            await transaction.begin()
            try:
                session = CallSession(transaction, deadline, asyncio.get_running_loop())
                job = desk.worker.run(lambda: run_contained(lambda: work(session)))
                jobs.append(job)
                result = await _outcome(job, deadline)
                await transaction.commit()
            except RolledBack as undone:
                await transaction.roll_back()
                kept: Result = undone.result
                return kept
            except BaseException:
                await transaction.roll_back()
                raise
        if transaction.wrote:
            self._committed()
        return result

    def _leave(self, desk: CallThread, jobs: list[asyncio.Future[Any]]) -> None:
        """Give the thread back as soon as its code is done: Python cannot be stopped."""
        if not jobs or jobs[-1].done():
            if jobs and not jobs[-1].cancelled():
                jobs[-1].exception()  # nobody may have waited for it in the end
            self._threads.give_back(desk)
            return
        jobs[-1].add_done_callback(asyncio.Future.exception)
        jobs[-1].add_done_callback(lambda _: self._threads.give_back(desk))
        end_code(desk.worker.thread, jobs[-1].done)

    async def close(self) -> None:
        """End what runs, and refuse what waits."""
        for deadline in self._running:
            deadline.end(closed())
        await self._threads.close()


async def _outcome(job: asyncio.Future[Result], deadline: CallDeadline) -> Result:
    while not (await asyncio.wait([job], timeout=deadline.left() + 0.001))[0]:
        error = deadline.over()
        if error is not None:
            raise error
    return job.result()


def _no_connection() -> Any:
    raise JotError("PGRSTX00", "a call's thread has no connection of its own")
