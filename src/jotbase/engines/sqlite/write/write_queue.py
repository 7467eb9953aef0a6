"""The queue of the writer: units of work and calls, with their outcomes.

In charge of delivering an outcome to the waiting caller. Must not know how a unit runs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from jotbase.engines.sqlite.write.writer_lease import WriterLease
from jotbase.errors import JotError
from jotbase.sql.units import Rows, Runnable, UnitOfWork


def empty_unit() -> UnitOfWork[None]:
    """Return the placeholder unit of a call's entry."""
    yield from ()


class UnitOver(Exception):
    """A unit has ended in a thread; a future cannot hold its StopIteration."""

    def __init__(self, result: Any) -> None:
        super().__init__("over")
        self.result = result


def next_step(unit: UnitOfWork[Any], rows: Rows | None) -> Runnable:
    """Resume a unit with the rows of its statement (None at first). Raises UnitOver at its end."""
    try:
        return unit.send(rows)  # type: ignore[arg-type]
    except StopIteration as stop:
        raise UnitOver(stop.value) from None


def thrown_step(unit: UnitOfWork[Any], error: Exception) -> Runnable:
    """Raise a statement's error in the unit. Raises UnitOver at its end."""
    try:
        return unit.throw(error)
    except StopIteration as stop:
        raise UnitOver(stop.value) from None
    finally:
        del error  # which has this frame in its traceback


class Fate(Enum):
    """What became of a unit that was run."""

    KEPT = auto()  # its rows are in the transaction
    UNDONE = auto()  # nothing of it is left; its outcome is known
    AGAIN = auto()  # nothing of it is left; it must run again, as the first of a group
    LOST = auto()  # the whole transaction is gone; its outcome is known
    LOST_AGAIN = auto()  # the whole transaction is gone; it must run again


class QueuedWrite:
    """A queued unit, later with its outcome. `left` is its remaining time, in seconds.

    `is_long` is true of a unit whose statements all run in the thread: one of them was too
    expensive for the loop, and to find that of the next one, too, would have the unit start over
    once more. `lease` is a call's, which has the writer instead of a unit, in a transaction of its
    own.
    """

    __slots__ = ("error", "future", "is_long", "lease", "left", "result", "work")

    def __init__(
        self,
        work: Callable[[], UnitOfWork[Any]],
        future: asyncio.Future[Any],
        left: float,
        lease: WriterLease | None = None,
    ) -> None:
        self.work = work
        self.lease = lease
        self.future: asyncio.Future[Any] | None = future
        self.left = left
        self.is_long = False
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Deliver the outcome to the caller, unless it was cancelled meanwhile, and keep nothing
        of it: the traceback of an error has this entry in a frame.
        """
        future, result, error = self.future, self.result, self.error
        self.future, self.result, self.error, self.work = None, None, None, empty_unit
        if future is None or future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for the outcome any more."""
        return self.future is None or self.future.done()


class WriteQueue:
    """Units, which share transactions, and calls, which do not; the two kinds take turns."""

    def __init__(self) -> None:
        self.units: deque[QueuedWrite] = deque()
        self.calls: deque[QueuedWrite] = deque()
        self._calls_turn = False

    def __bool__(self) -> bool:
        """Return whether anything is queued."""
        return bool(self.units or self.calls)

    async def gather(self, most: int) -> None:
        """Wait while more units arrive: a commit takes as long for one as for many."""
        waiting = 0  # in one turn the loop reads requests, in the next it comes to their units
        while waiting < len(self.units) < most:
            waiting = len(self.units)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def next_call(self) -> QueuedWrite | None:
        """Return the next call; None if it is the units' turn."""
        self._calls_turn = not self._calls_turn
        if self.calls and (self._calls_turn or not self.units):
            return self.calls.popleft()
        return None


def fail_all(entries: Sequence[QueuedWrite], error: JotError) -> None:
    """Set the same error for all entries."""
    for entry in entries:
        entry.error = error
        entry.settle()
