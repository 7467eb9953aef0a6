"""The deadline of a call of project code: its time limits, and whether its client still waits.

In charge of this decision, for the call's thread, SQLite's progress handler and the event loop.
Must not know what the code does, nor roll it back.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import perf_counter

from jotbase.errors import JotError, StatementTimeout, TransactionTimeout
from jotbase.values import never_disconnected, never_ended

#: Steps of SQLite's virtual machine between two checks: one to three milliseconds.
STEPS = 50_000
#: How often a call is looked at whose code may end before its time (seconds).
LOOK_EVERY = 0.02
#: How long code in the middle of a statement keeps the writer from others who wait (seconds).
CODE_HOLDS = 1.0


def caller_gone() -> JotError:
    """Return the error of a call whose client has disconnected."""
    return JotError("57014", "canceling statement due to user request")


def code_holds(others: object, seconds: float) -> JotError | None:
    """Return what ends code inside a writing transaction's statement that `others` wait for.

    `others` is true if any do. See `code_calls.Ending`.
    """
    if seconds < CODE_HOLDS or not others:
        return None
    error = TransactionTimeout(int(CODE_HOLDS * 1000))
    error.hint = "Others waited to write while a computed column's code ran: read it afterwards."
    return error


class CallDeadline:
    """What a call may take: `unit_ms` in all, `limit_ms` a statement. `gone` tells of its caller.

    `end` ends it sooner, with the error that the code and its caller are told; as does `ending`,
    which is asked now and then.
    """

    __slots__ = ("_end", "_ended", "_ending", "_gone", "_limit_ms", "_statement_end", "_unit_ms")

    def __init__(
        self,
        unit_ms: int,
        limit_ms: int,
        gone: Callable[[], bool] = never_disconnected,
        ending: Callable[[], JotError | None] = never_ended,
    ) -> None:
        self._unit_ms = unit_ms
        self._limit_ms = limit_ms
        self._gone = gone
        self._ending = ending
        self._end = perf_counter() + unit_ms / 1000
        self._statement_end = inf
        self._ended: JotError | None = None

    @property
    def limit_ms(self) -> int:
        """The time limit of one statement, in milliseconds."""
        return self._limit_ms

    def left(self) -> float:
        """Return the remaining seconds."""
        return max(0.0, self._end - perf_counter())

    def until_next_look(self) -> float:
        """Return the seconds after which `over` must be asked."""
        left = self.left() + 0.001
        return left if self._ending is never_ended else min(left, LOOK_EVERY)

    def end(self, error: JotError) -> None:
        """End the call with that error; a later one is ignored."""
        if self._ended is None:
            self._ended = error

    def over(self) -> JotError | None:
        """Return the error that ends the code, None while it may go on."""
        if self._ended is None:
            if perf_counter() > self._end:
                self._ended = TransactionTimeout(self._unit_ms)
            elif self._gone():
                self._ended = caller_gone()
            else:
                self._ended = self._ending()
        return self._ended

    def begin(self) -> None:
        """Start the time limit of a statement."""
        self._statement_end = perf_counter() + self._limit_ms / 1000

    def must_stop(self) -> bool:
        """Return whether SQLite must interrupt the running statement."""
        return perf_counter() > self._statement_end or self.over() is not None

    def ending(self, _seconds: float) -> Exception | None:
        """Return what ends code in the middle of the statement; see `code_calls.Ending`."""
        return self.stopped() if self.must_stop() else None

    def stopped(self) -> JotError:
        """Return the error of a statement that was interrupted."""
        return self.over() or StatementTimeout(self._limit_ms)
