"""A call's lease of the writer: granted at its first write, released while its code pauses.

In charge of running a call's statements on the writer's connection, and of resuming only if what
the call has read is unchanged. Must not know what the call does, nor the order of writes
(`writer`). Decision 63 has figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeVar

import apsw

from jotbase.engines.calls.call_deadline import STEPS, CallDeadline
from jotbase.engines.calls.worker_thread import WorkerThread
from jotbase.engines.sqlite.database.code_calls import ending, run
from jotbase.engines.sqlite.database.sqlite_errors import ConstraintName
from jotbase.engines.sqlite.write.changeset import (
    ChangesetConflict,
    Recorder,
    Recording,
    SavedChanges,
    reapply,
    save_and_roll_back,
)
from jotbase.engines.sqlite.write.session import SqliteSession
from jotbase.errors import CallAborted, JotError, TransactionTimeout
from jotbase.sql.units import Rows

Result = TypeVar("Result")

#: The interval of checks on a lease, in seconds.
PAUSE = 0.001
#: How long the loop blocks for the next request of code that was fast so far, in seconds: without
#: the GIL, which that code needs, and for less than an iteration of the loop takes.
NEAR = 0.0003
#: How long code may pause while no write of this process waits, in seconds: other processes may.
ALONE = 0.05
#: How long it may pause if its changes cannot be saved, until it is aborted (seconds).
STUCK = 1.0
#: How long the loop blocks for a statement, without the GIL (decision 10), in seconds.
PATIENCE = 0.002


class SerializationFailure(CallAborted):
    """Aborts the run of a call: another transaction has changed rows that it has read or
    written.
    """


class ReadConnection(Protocol):
    """A call's own connection, on which it reads until its first write."""

    def version(self) -> int:
        """Return a number that changes with every commit on another connection."""


@dataclass(frozen=True, slots=True)
class LeaseContext:
    """The writer's connection and thread for a lease; `others` is true if other writes wait."""

    connection: apsw.Connection
    worker: WorkerThread
    recorder: Recorder
    name: ConstraintName
    others: object


class _Request:
    """A request of the call's thread to the writer, and its result."""

    __slots__ = ("answer", "do")

    def __init__(self, do: Callable[[SqliteSession], Any]) -> None:
        self.do = do
        self.answer: Future[Any] = Future()


class WriterLease:
    """The lease of one run of a call: its thread sends requests, the event loop executes them.

    `enqueue` adds it to the writer's queue. `ended` is the reason why the run may not go on.
    """

    def __init__(
        self,
        thread: ReadConnection,
        deadline: CallDeadline,
        enqueue: Callable[[WriterLease], asyncio.Future[None]],
    ) -> None:
        self.wrote = False
        self.ended: BaseException | None = None
        self.aside: SavedChanges | None = None
        self._thread = thread
        self._deadline = deadline
        self._enqueue = enqueue
        self._loop = asyncio.get_running_loop()
        self._notes: list[tuple[str, Sequence[Any], int]] = []
        self._version = 0
        self._request: _Request | None = None
        self._held = False
        self._lined_up = False
        self._quick = True
        self._recording: Recording | None = None
        self._hold: asyncio.Future[None] | None = None
        self._kept: asyncio.Future[bool] = self._loop.create_future()
        self._news = asyncio.Event()
        self._knock = threading.Event()

    def note(self, text: str, values: Sequence[Any], rows: Rows) -> None:
        """Record a read before the first write: its result must be the same until the commit.

        To be called within the snapshot of the read.
        """
        if not self._notes:
            self._version = self._thread.version()
        self._notes.append((text, values, hash(tuple(rows))))

    # In the call's thread.

    def ask(self, do: Callable[[SqliteSession], Result]) -> Result:
        """Execute a function on the writer's connection, and wait for its result."""
        if self.ended is not None:
            raise self.ended
        request = self._request = _Request(do)
        self._knock.set()
        self._loop.call_soon_threadsafe(self._want, request)
        result: Result = request.answer.result()
        return result

    def done(self) -> None:
        """Report that no further request follows."""
        self._knock.set()

    # On the loop.

    def _want(self, request: _Request) -> None:
        if request is not self._request:  # it has been answered meanwhile
            return
        if self._held or self._lined_up:
            self._news.set()
            return
        try:
            self._hold, self._lined_up = self._enqueue(self), True
        except JotError as error:
            self.refuse(error)

    def refuse(self, error: BaseException) -> None:
        """End the run with an error, which the waiting thread gets."""
        self.ended = self.ended or error
        request, self._request = self._request, None
        if request is not None:
            request.answer.set_exception(self.ended)

    async def finish(self, *, keep: bool) -> None:
        """Have what was written committed, or undone; the call's thread is done. Raises Overtook,
        and JotError for what the commit was refused.
        """
        self._kept.set_result(keep)
        self._news.set()
        if self._hold is not None:
            await self._hold
        if keep and self.aside is not None and self.ended is None:
            await self._enqueue(self)
        if keep and self.ended is not None:
            raise self.ended

    async def serve(self, lease_context: LeaseContext) -> bool:
        """Execute requests in the writer's transaction until the call ends or pauses.

        Returns whether the transaction is to be committed. It may have ended already.
        """
        self._held, self._lined_up = True, False
        try:
            self._check()
            lease_context.connection.set_progress_handler(self._deadline.must_stop, STEPS)
            await self._take_up(lease_context)
            while await self._answer(lease_context) and await self._has_more(lease_context):
                pass
        except ChangesetConflict:
            self.refuse(SerializationFailure())
        except JotError as error:
            self.refuse(error)
        finally:
            self._held = False
        if self._request is not None:  # it came while the changes were put aside
            self._want(self._request)
        wanted = self._kept.done() and self._kept.result()
        return wanted and self.aside is None and self.ended is None

    def _check(self) -> None:
        error = self.ended or self._deadline.over()
        if error is not None:
            raise error

    async def _take_up(self, lease_context: LeaseContext) -> None:
        """Apply the saved changes again, if all rows that the call has read are unchanged."""
        aside, self.aside = self.aside, None
        done = () if aside is None else (aside.changes,)
        recording = self._recording = lease_context.recorder.begin(done)
        allowed, others = self._deadline, lease_context.others
        self._inside = SqliteSession(
            lease_context.connection, allowed, lease_context.name, recording, others
        )
        if aside is None and (not self._notes or self._thread.version() == self._version):
            return
        await lease_context.worker.run(
            lambda: self._redo(lease_context.connection, aside), PATIENCE
        )
        self._version = self._thread.version()

    def _redo(self, connection: apsw.Connection, aside: SavedChanges | None) -> None:
        self._deadline.begin()
        try:
            for text, values, known in self._notes:
                with ending(connection, self._deadline.ending):
                    rows = run(connection.cursor(), text, values)
                if hash(tuple(rows)) != known:
                    raise ChangesetConflict
            if aside is not None and aside.changes:
                reapply(connection, aside.changes)
        except apsw.InterruptError as error:
            raise self._deadline.stopped() from error

    async def _answer(self, lease_context: LeaseContext) -> bool:
        """Execute the thread's request; return whether the call may go on."""
        request, self._request = self._request, None
        self._news.clear()
        self._knock.clear()
        if request is None:
            return not self._kept.done()
        try:
            result = await lease_context.worker.run(lambda: self._do(request), PATIENCE)
        except BaseException as error:  # noqa: BLE001 - it is the call's, and raised there
            request.answer.set_exception(error)
        else:
            request.answer.set_result(result)
        if not lease_context.connection.in_transaction:
            # SQLite gives up the whole transaction of a write that is interrupted.
            raise self._deadline.stopped()
        return True

    def _do(self, request: _Request) -> Any:
        recording = self._recording
        with recording.request() if recording is not None else contextlib.nullcontext():
            return request.do(self._inside)

    async def _has_more(self, lease_context: LeaseContext) -> bool:
        """Wait for the thread's next request, as long as no other write waits."""
        since = perf_counter()
        movable = True
        self._quick = self._quick and self._knock.wait(NEAR)
        while not self._news.is_set() and self._request is None:
            self._check()
            pause = perf_counter() - since
            may_pause = 0 if lease_context.others and not self._knock.is_set() else ALONE
            if movable and pause >= may_pause:
                await self._put_aside(lease_context)
                if self.aside is not None:
                    return False
                movable = False
            if pause > STUCK and lease_context.others:
                raise _stuck()
            await _within(self._news, PAUSE)
        return True

    async def _put_aside(self, lease_context: LeaseContext) -> None:
        recording = self._recording
        if recording is None:
            return
        self.aside = await lease_context.worker.run(
            lambda: save_and_roll_back(lease_context.connection, recording), PATIENCE
        )


async def _within(news: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


def _stuck() -> JotError:
    error = TransactionTimeout(int(STUCK * 1000))
    error.hint = (
        "The function pauses with a write that cannot be put aside: one that set off a trigger of"
        " the database's own, or is larger than 1 MB. Write at its end."
    )
    return error
