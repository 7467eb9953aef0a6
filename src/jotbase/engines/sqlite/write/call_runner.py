"""Calls: someone's own code, in a thread of its own, as one transaction that holds up nobody.

In charge of what a call reads and writes on, of its time, and of running it again where others
have overtaken it. Must not know what the code does, nor whose turn it is (`call_threads`). Why it
is done so: docs/decisions/0063-user-code-never-holds-the-writer.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import apsw

from jotbase.engines.sqlite.database.code_ending import end_code
from jotbase.engines.sqlite.database.refusals import ConstraintName, closed, refusal, target
from jotbase.engines.sqlite.write.call_deadline import STEPS, CallDeadline
from jotbase.engines.sqlite.write.call_threads import CallLimits, CallThread, CallThreadPool
from jotbase.engines.sqlite.write.session import SqliteSession
from jotbase.engines.sqlite.write.writer import Writer
from jotbase.engines.sqlite.write.writer_lease import SerializationFailure, WriterLease
from jotbase.errors import JotError, RequestError, run_contained
from jotbase.sql.units import RolledBack, Rows, UnitOfWork

Result = TypeVar("Result")

#: How often a call is run at most, where others change what it had read.
RUNS = 4


class CallSession:
    """See `Session`: reads one state of the database until it writes, then what is there.

    An `eager` one has the writer from its first statement on. One without a tenure only reads.
    """

    def __init__(
        self,
        desk: CallThread,
        tenure: WriterLease | None,
        reading: Callable[[apsw.Connection], SqliteSession],
        is_over: Callable[[], object],
        *,
        eager: bool,
    ) -> None:
        self._desk = desk
        self._is_over = is_over
        self._tenure = tenure
        self._reading = reading
        self._eager = eager
        self._before: SqliteSession | None = None

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement; see `Session.read`."""
        tenure = self._tenure
        if tenure is None:
            with self._snapshot() as session:
                return session.read(text, values)
        if tenure.wrote or (self._eager and target(text)[0]):
            return self._write(tenure, lambda inside: inside.read(text, values))
        if self._eager:
            return tenure.ask(lambda inside: self._noted(inside, tenure, text, values))
        try:
            with self._snapshot() as session:
                return self._noted(session, tenure, text, values)
        except RequestError as error:
            if error.code != "25006":
                raise
        return self._write(tenure, lambda inside: inside.read(text, values))

    def _noted(
        self, session: SqliteSession, tenure: WriterLease, text: str, values: Sequence[Any]
    ) -> Rows:
        """Read, and take note of it in the same state of the database."""
        rows = session.read(text, values)
        tenure.note(text, values, rows)
        return rows

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit; see `Session.run`."""
        if self._tenure is None:
            with self._snapshot() as session:
                return session.run(work)
        return self._write(self._tenure, lambda inside: inside.run(work))

    def done(self) -> None:
        """Say that nothing more is asked."""
        if self._tenure is not None:
            self._tenure.done()

    def _write(self, tenure: WriterLease, do: Callable[[SqliteSession], Result]) -> Result:
        with self._desk.using:
            self._desk.leave()
        tenure.wrote = True
        return tenure.ask(do)

    @contextmanager
    def _snapshot(self) -> Iterator[SqliteSession]:
        with self._desk.using:
            if self._before is None:
                self._before = self._begin()
            try:
                yield self._before
            finally:
                if self._is_over():  # nothing more is read, whatever the code does
                    self._desk.leave()

    def _begin(self) -> SqliteSession:
        try:
            connection = self._desk.open()
            connection.execute("BEGIN")
        except apsw.Error as error:
            raise refusal(error, "BEGIN", 0) from error
        return self._reading(connection)


class CallRunner:
    """All calls of one database; made on the event loop that they are asked for on."""

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
        self._desks = CallThreadPool(connect, places, lock_ms=lock_ms, seconds=unit_ms / 1000)
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
        desk = await self._desks.take(gone)
        allowance = CallDeadline(self._unit_ms, self._limit_ms, gone)
        self._running.add(allowance)
        job: asyncio.Future[Any] | None = None
        try:
            for run in range(RUNS if again else 1):
                tenure = None if reads else self._writer.tenure(desk, allowance)
                session = self._session(desk, tenure, allowance, eager=run > 0)
                job = desk.worker.run(partial(_perform, work, session, desk))
                try:
                    return await _outcome(job, tenure, allowance)
                except SerializationFailure:
                    continue
            raise serialization_failure()
        finally:
            allowance.end(closed())
            self._running.discard(allowance)
            self._leave(desk, job)

    def _session(
        self, desk: CallThread, tenure: WriterLease | None, allowance: CallDeadline, *, eager: bool
    ) -> CallSession:
        def reading(connection: apsw.Connection) -> SqliteSession:
            connection.set_progress_handler(allowance.must_stop, STEPS)
            return SqliteSession(connection, allowance, self._name)

        return CallSession(desk, tenure, reading, allowance.over, eager=eager)

    def _leave(self, desk: CallThread, job: asyncio.Future[Any] | None) -> None:
        """Give the desk back as soon as its thread is done, which may be never."""
        if job is None or job.done():
            self._desks.give_back(desk)
            return
        # Nobody asks for the outcome any more; seen, so that the loop does not report it.
        job.add_done_callback(asyncio.Future.exception)
        job.add_done_callback(lambda _: self._desks.give_back(desk))
        desk.abandon(job)
        end_code(desk.worker.thread, job.done)

    async def close(self) -> None:
        """End what runs, and refuse what waits."""
        for allowance in self._running:
            allowance.end(closed())
        await self._desks.close()


def _perform(
    work: Callable[[CallSession], Result], session: CallSession, desk: CallThread
) -> Result:
    try:
        result = run_contained(lambda: work(session))
    except BaseException as error:
        desk.leave(error)
        raise
    else:
        desk.leave()
        return result
    finally:
        session.done()


async def _outcome(
    job: asyncio.Future[Result], tenure: WriterLease | None, allowance: CallDeadline
) -> Result:
    """Wait for the call's thread, and have what it wrote kept or undone."""
    while not (await asyncio.wait([job], timeout=allowance.left() + 0.001))[0]:
        error = allowance.over()
        if error is not None:
            raise error
    kept = False
    try:
        result = job.result()
        kept = True
    except RolledBack as undone:
        result = undone.result
    finally:
        if tenure is not None:
            await tenure.finish(keep=kept)
    return result


def serialization_failure() -> JotError:
    """Return the refusal of a call that others overtook again and again."""
    return JotError(
        "40001",
        "could not serialize access due to concurrent update",
        hint="Others changed what the function had read or written before it ended; call it again.",
    )
