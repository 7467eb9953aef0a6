"""The pool of threads for calls: made when needed, kept, and given out by fair turns.

In charge of the limits of running and waiting calls. Must not know what runs there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from jotbase.engines.base import CALLER
from jotbase.engines.calls.turns import Turns
from jotbase.engines.engine_errors import closed, out_of_resources


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The most concurrent calls, and the most that wait for a thread."""

    threads: int = 16
    waiting: int = 256


class _Thread(Protocol):
    async def close(self) -> None:
        """End the thread."""


Thread = TypeVar("Thread", bound=_Thread)


class CallThreadPool(Generic[Thread]):
    """All threads for calls of one database. A call waits at most `seconds` for one.

    `make` starts the thread of a number; it raises RuntimeError if the system has none.
    """

    def __init__(
        self, make: Callable[[int], Thread], limits: CallLimits, *, seconds: float
    ) -> None:
        self._make = make
        self._turns = Turns(limits.threads, limits.waiting, seconds)
        self._free: list[Thread] = []
        self._taken: dict[Thread, str] = {}
        self._closed = False

    async def take(self, gone: Callable[[], bool]) -> Thread:
        """Wait for a thread. Raises JotError 53300 if too many calls wait, or for too long; 53000
        if the system has no thread; 57014 if the client has disconnected.
        """
        if self._closed:
            raise closed()
        caller = CALLER.get()
        await self._turns.take(caller, gone)
        try:
            thread = self._free.pop() if self._free else self._make(len(self._taken) + 1)
        except RuntimeError as error:
            self._turns.give_back(caller)
            raise out_of_resources("thread") from error
        self._taken[thread] = caller
        return thread

    def give_back(self, thread: Thread) -> None:
        """Return a thread to the pool."""
        caller = self._taken.pop(thread)
        self._free.append(thread)
        self._turns.give_back(caller)

    async def close(self) -> None:
        """Refuse waiting calls and close idle threads; a running one is abandoned."""
        self._closed = True
        self._turns.refuse_waiting(closed)
        for thread in self._free:
            await thread.close()
        self._free.clear()
