"""What waits for the writer, and what became of it.

In charge of handing an outcome to who waits for it. Must not know how it came about.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from jotbase.engines.sqlite.write.writer_lease import WriterLease
from jotbase.errors import JotError
from jotbase.sql.units import PAUSE, TURN, Rows, Runnable, UnitOfWork


def empty_unit() -> UnitOfWork[None]:
    """Return the unit of an entry that is a call's."""
    yield from ()


class UnitOver(Exception):
    """A unit has ended in a thread: no future takes a StopIteration."""

    def __init__(self, result: Any) -> None:
        super().__init__("over")
        self.result = result


def is_long(statement: Runnable, rows: Rows) -> bool:
    """Say whether what a unit does next is for a thread: behind a pause, and with many rows."""
    return statement is PAUSE or len(rows) > TURN


def next_step(unit: UnitOfWork[Any], rows: Rows | None) -> Runnable:
    """Send a unit the rows that it waits for, None at first. Raises UnitOver at its end."""
    try:
        return unit.send(rows)  # type: ignore[arg-type]
    except StopIteration as stop:
        raise UnitOver(stop.value) from None


def thrown_step(unit: UnitOfWork[Any], error: Exception) -> Runnable:
    """Tell a unit that its statement failed. Raises UnitOver at its end."""
    try:
        return unit.throw(error)
    except StopIteration as stop:
        raise UnitOver(stop.value) from None


class QueuedWrite:
    """A unit that waits for its turn; then what became of it. `left` is its time, in seconds.

    `tenure` is a call's, which has the writer instead of a unit, in a transaction of its own.
    """

    __slots__ = ("error", "future", "left", "result", "tenure", "work")

    def __init__(
        self,
        work: Callable[[], UnitOfWork[Any]],
        future: asyncio.Future[Any],
        left: float,
        tenure: WriterLease | None = None,
    ) -> None:
        self.work = work
        self.tenure = tenure
        self.future = future
        self.left = left
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Hand the outcome to the caller, unless it was cancelled meanwhile."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class WriteQueue:
    """What waits for the writer: units, which share transactions, and calls, which do not.

    They take turns, so that neither waits for all the others.
    """

    def __init__(self) -> None:
        self.units: deque[QueuedWrite] = deque()
        self.calls: deque[QueuedWrite] = deque()
        self._calls_turn = False

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self.units or self.calls)

    def next_call(self) -> QueuedWrite | None:
        """Return the call whose turn it is; None where it is the units'."""
        self._calls_turn = not self._calls_turn
        if self.calls and (self._calls_turn or not self.units):
            return self.calls.popleft()
        return None


def fail_all(entries: Sequence[QueuedWrite], error: JotError) -> None:
    """Give all of them the one outcome."""
    for entry in entries:
        entry.error = error
        entry.settle()
