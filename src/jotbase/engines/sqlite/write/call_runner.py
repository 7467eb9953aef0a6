"""Calls: project code in a thread, as one transaction that does not block other writes.

In charge of the connections that a call uses, of its time limit, and of running it again after a
serialization failure. Must not know what the code does, nor the scheduling of threads
(`call_threads`). Decision 63.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import apsw

from jotbase.engines.calls.call_deadline import STEPS, CallDeadline
from jotbase.engines.calls.call_threads import CallLimits, CallThreadPool
from jotbase.engines.calls.code_ending import end_code
from jotbase.engines.engine_errors import closed
from jotbase.engines.sqlite.database.sqlite_errors import ConstraintName, refusal, target
from jotbase.engines.sqlite.write.call_thread import CallThread
from jotbase.engines.sqlite.write.session import SqliteSession
from jotbase.engines.sqlite.write.writer import Writer
from jotbase.engines.sqlite.write.writer_lease import SerializationFailure, WriterLease
from jotbase.errors import JotError, RequestError, run_contained
from jotbase.sql.units import RolledBack, Rows, UnitOfWork

Result = TypeVar("Result")

#: The most runs of one call after serialization failures.
RUNS = 4


class CallSession:
    """See `Session`: reads one state of the database until it writes, then what is there.

    An `eager` one has the writer from its first statement on. One without a tenure only reads.
    """

    def __init__(
        self,
        thread: CallThread,
        lease: WriterLease | None,
        reading: Callable[[apsw.Connection], SqliteSession],
        is_over: Callable[[], object],
        *,
        eager: bool,
    ) -> None:
        self._thread = thread
        self._is_over = is_over
        self._lease = lease
        self._reading = reading
        self._eager = eager
        self._before: SqliteSession | None = None

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement; see `Session.read`."""
        lease = self._lease
        if lease is None:
            with self._snapshot() as session:
                return session.read(text, values)
        if lease.wrote or (self._eager and target(text)[0]):
            return self._write(lease, lambda inside: inside.read(text, values))
        if self._eager:
            return lease.ask(lambda inside: self._noted(inside, lease, text, values))
        try:
            with self._snapshot() as session:
                return self._noted(session, lease, text, values)
        except RequestError as error:
            if error.code != "25006":
                raise
        return self._write(lease, lambda inside: inside.read(text, values))

    def _noted(
        self, session: SqliteSession, lease: WriterLease, text: str, values: Sequence[Any]
    ) -> Rows:
        """Read, and take note of it in the same state of the database."""
        rows = session.read(text, values)
        lease.note(text, values, rows)
        return rows

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit; see `Session.run`."""
        if self._lease is None:
            with self._snapshot() as session:
                return session.run(work)
        return self._write(self._lease, lambda inside: inside.run(work))

    def done(self) -> None:
        """Report that the code makes no further requests."""
        if self._lease is not None:
            self._lease.done()

    def _write(self, lease: WriterLease, do: Callable[[SqliteSession], Result]) -> Result:
        with self._thread.using:
            self._thread.leave()
        lease.wrote = True
        return lease.ask(do)

    @contextmanager
    def _snapshot(self) -> Iterator[SqliteSession]:
        with self._thread.using:
            if self._before is None:
                self._before = self._begin()
            try:
                yield self._before
            finally:
                if self._is_over():  # nothing more is read, whatever the code does
                    self._thread.leave()

    def _begin(self) -> SqliteSession:
        try:
            connection = self._thread.open()
            connection.execute("BEGIN")
        except apsw.Error as error:
            raise refusal(error, "BEGIN", 0) from error
        return self._reading(connection)


class CallRunner:
    """All calls of one database; created on the event loop."""

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        writer: Writer,
        places: CallLimits,
        *,
        limit_ms: int,
        unit_ms: int,
        lock_ms: int,
        name: ConstraintName,
    ) -> None:
        self._writer = writer
        self._limit_ms = limit_ms
        self._unit_ms = unit_ms
        self._name = name
        self._threads = CallThreadPool(
            lambda number: CallThread(number, connect, lock_ms), places, seconds=unit_ms / 1000
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
        deadline = CallDeadline(self._unit_ms, self._limit_ms, gone, ending)
        self._running.add(deadline)
        job: asyncio.Future[Any] | None = None
        try:
            for run in range(RUNS if again else 1):
                lease = None if reads else self._writer.lease(thread, deadline)
                session = self._session(thread, lease, deadline, eager=run > 0)
                job = thread.worker.run(partial(_perform, work, session, thread))
                try:
                    return await _outcome(job, lease, deadline)
                except SerializationFailure:
                    continue
            raise serialization_failure()
        finally:
            deadline.end(closed())
            self._running.discard(deadline)
            self._leave(thread, job)
            del job  # which holds the error that this frame is in the traceback of

    def _session(
        self, thread: CallThread, lease: WriterLease | None, deadline: CallDeadline, *, eager: bool
    ) -> CallSession:
        def reading(connection: apsw.Connection) -> SqliteSession:
            connection.set_progress_handler(deadline.must_stop, STEPS)
            return SqliteSession(connection, deadline, self._name)

        return CallSession(thread, lease, reading, deadline.over, eager=eager)

    def _leave(self, thread: CallThread, job: asyncio.Future[Any] | None) -> None:
        """Give the desk back as soon as its thread is done, which may be never."""
        if job is None or job.done():
            self._threads.give_back(thread)
            return
        # Nobody asks for the outcome any more; seen, so that the loop does not report it.
        job.add_done_callback(asyncio.Future.exception)
        job.add_done_callback(lambda _: self._threads.give_back(thread))
        thread.abandon(job)
        end_code(thread.worker.thread, job.done)

    async def close(self) -> None:
        """End running calls, and refuse waiting ones."""
        for deadline in self._running:
            deadline.end(closed())
        await self._threads.close()


def _perform(
    work: Callable[[CallSession], Result], session: CallSession, thread: CallThread
) -> Result:
    try:
        result = run_contained(lambda: work(session))
    except BaseException as error:
        thread.leave(error)
        raise
    else:
        thread.leave()
        return result
    finally:
        session.done()


async def _outcome(
    job: asyncio.Future[Result], lease: WriterLease | None, deadline: CallDeadline
) -> Result:
    """Wait for the call's thread, and commit or roll back its writes."""
    while not (await asyncio.wait([job], timeout=deadline.until_next_look()))[0]:
        error = deadline.over()
        if error is not None:
            raise error
    kept = False
    try:
        result = job.result()
        kept = True
    except RolledBack as undone:
        result = undone.result
    finally:
        del job  # which holds the error that this frame is in the traceback of
        if lease is not None:
            await lease.finish(keep=kept)
    return result


def serialization_failure() -> JotError:
    """Return the error of a call that conflicted with other writes in each run (40001)."""
    return JotError(
        "40001",
        "could not serialize access due to concurrent update",
        hint="Others changed what the function had read or written before it ended; call it again.",
    )
