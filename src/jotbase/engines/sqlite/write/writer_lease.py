"""One call's hold of the writer: granted at its first write, given up while its code pauses.

In charge of a call's statements running one by one on the writer's connection, and of the hold
being taken up again only while what the call rests on still holds. Must not know what the call
does, nor how others' writes are ordered (`writer`). Why it is done so, with figures:
docs/decisions/0063-user-code-never-holds-the-writer.md.
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

from jotbase.engines.sqlite.database.code_calls import ending, run
from jotbase.engines.sqlite.database.refusals import ConstraintName
from jotbase.engines.sqlite.database.worker_thread import WorkerThread
from jotbase.engines.sqlite.write.call_deadline import STEPS, CallDeadline
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

#: How often a hold is looked at (seconds).
PAUSE = 0.001
#: How long the loop waits for the next request of code that was quick so far (seconds): without the
#: interpreter's lock, which that code needs, and for less than a turn of the loop would take.
NEAR = 0.0003
#: How long code may pause while nobody waits: other processes wait unseen (seconds).
ALONE = 0.05
#: How long it may pause where its changes cannot be put aside, until it is ended (seconds).
STUCK = 1.0
#: How long the loop waits for a statement itself, without the interpreter's lock (decision 10).
PATIENCE = 0.002


class SerializationFailure(CallAborted):
    """Ends the run of a call whose reads, or rows, somebody else has changed meanwhile."""


class ReadConnection(Protocol):
    """A call's own connection to the database, on which it reads before it writes."""

    def version(self) -> int:
        """Return a number that changes with every commit on another connection."""


@dataclass(frozen=True, slots=True)
class LeaseContext:
    """What a hold works with: the writer's connection and thread; `others` is true if any wait."""

    connection: apsw.Connection
    worker: WorkerThread
    recorder: Recorder
    name: ConstraintName
    others: object


class _Request:
    """What the call's thread asks of the writer, and waits for."""

    __slots__ = ("answer", "do")

    def __init__(self, do: Callable[[SqliteSession], Any]) -> None:
        self.do = do
        self.answer: Future[Any] = Future()


class WriterLease:
    """The hold that one run of a call has of the writer: its thread asks, the loop answers.

    `line_up` puts it into the writer's queue. `ended` is why the run may not go on.
    """

    def __init__(
        self,
        desk: ReadConnection,
        allowance: CallDeadline,
        line_up: Callable[[WriterLease], asyncio.Future[None]],
    ) -> None:
        self.wrote = False
        self.ended: BaseException | None = None
        self.aside: SavedChanges | None = None
        self._desk = desk
        self._allowance = allowance
        self._line_up = line_up
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
        """Remember what was read before the first write: it must hold until the end.

        Called where the state that was read is still the one that is seen.
        """
        if not self._notes:
            self._version = self._desk.version()
        self._notes.append((text, values, hash(tuple(rows))))

    # In the call's thread.

    def ask(self, do: Callable[[SqliteSession], Result]) -> Result:
        """Have something done with the writer's connection; wait for it."""
        if self.ended is not None:
            raise self.ended
        request = self._request = _Request(do)
        self._knock.set()
        self._loop.call_soon_threadsafe(self._want, request)
        result: Result = request.answer.result()
        return result

    def done(self) -> None:
        """Say that no request will follow."""
        self._knock.set()

    # On the loop.

    def _want(self, request: _Request) -> None:
        if request is not self._request:  # it has been answered meanwhile
            return
        if self._held or self._lined_up:
            self._news.set()
            return
        try:
            self._hold, self._lined_up = self._line_up(self), True
        except JotError as error:
            self.refuse(error)

    def refuse(self, error: BaseException) -> None:
        """End the run; tell the thread, if it waits."""
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
            await self._line_up(self)
        if keep and self.ended is not None:
            raise self.ended

    async def serve(self, bench: LeaseContext) -> bool:
        """Have the writer, in whose transaction this is, until the call ends or pauses.

        Return whether what was done is to be kept. The transaction may be over by then.
        """
        self._held, self._lined_up = True, False
        try:
            self._check()
            bench.connection.set_progress_handler(self._allowance.must_stop, STEPS)
            await self._take_up(bench)
            while await self._answer(bench) and await self._has_more(bench):
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
        error = self.ended or self._allowance.over()
        if error is not None:
            raise error

    async def _take_up(self, bench: LeaseContext) -> None:
        """Do again what was put aside, if all that it rests on is as it was."""
        aside, self.aside = self.aside, None
        done = () if aside is None else (aside.changes,)
        recording = self._recording = bench.recorder.begin(done)
        allowed, others = self._allowance, bench.others
        self._inside = SqliteSession(bench.connection, allowed, bench.name, recording, others)
        if aside is None and (not self._notes or self._desk.version() == self._version):
            return
        await bench.worker.run(lambda: self._redo(bench.connection, aside), PATIENCE)
        self._version = self._desk.version()

    def _redo(self, connection: apsw.Connection, aside: SavedChanges | None) -> None:
        self._allowance.begin()
        try:
            for text, values, known in self._notes:
                with ending(connection, self._allowance.ending):
                    rows = run(connection.cursor(), text, values)
                if hash(tuple(rows)) != known:
                    raise ChangesetConflict
            if aside is not None and aside.changes:
                reapply(connection, aside.changes)
        except apsw.InterruptError as error:
            raise self._allowance.stopped() from error

    async def _answer(self, bench: LeaseContext) -> bool:
        """Do what the thread asks; return whether the call may go on."""
        request, self._request = self._request, None
        self._news.clear()
        self._knock.clear()
        if request is None:
            return not self._kept.done()
        try:
            result = await bench.worker.run(lambda: self._do(request), PATIENCE)
        except BaseException as error:  # noqa: BLE001 - it is the call's, and raised there
            request.answer.set_exception(error)
        else:
            request.answer.set_result(result)
        if not bench.connection.in_transaction:
            # SQLite gives up the whole transaction of a write that is interrupted.
            raise self._allowance.stopped()
        return True

    def _do(self, request: _Request) -> Any:
        recording = self._recording
        with recording.request() if recording is not None else contextlib.nullcontext():
            return request.do(self._inside)

    async def _has_more(self, bench: LeaseContext) -> bool:
        """Wait for what the thread asks next, for as long as others need not wait for it."""
        since = perf_counter()
        movable = True
        self._quick = self._quick and self._knock.wait(NEAR)
        while not self._news.is_set() and self._request is None:
            self._check()
            pause = perf_counter() - since
            may_pause = 0 if bench.others and not self._knock.is_set() else ALONE
            if movable and pause >= may_pause:
                await self._put_aside(bench)
                if self.aside is not None:
                    return False
                movable = False
            if pause > STUCK and bench.others:
                raise _stuck()
            await _within(self._news, PAUSE)
        return True

    async def _put_aside(self, bench: LeaseContext) -> None:
        recording = self._recording
        if recording is None:
            return
        self.aside = await bench.worker.run(
            lambda: save_and_roll_back(bench.connection, recording), PATIENCE
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
