"""Which of the project's functions give large results: calls of those wait for room first.

In charge of knowing that before a call begins, since it cannot start over as a read can: its code
may have done what is not undone. Must not know the functions, nor what room is (`engines.base`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager, suppress

from jotbase.engines.base import ROOM
from jotbase.engines.spool import KEPT_IN_MEMORY

#: Seconds that calls of a function wait for the first one ever to end, which tells how large its
#: results are.
UNTIL_KNOWN = 1.0
#: Functions that are known; the oldest is forgotten.
MOST_KNOWN = 1000


class LargeResults:
    """Whether the last result of each function was large; belongs to one event loop."""

    def __init__(self, seconds: float = UNTIL_KNOWN) -> None:
        self._seconds = seconds
        self._large: dict[Hashable, bool] = {}
        self._first: dict[Hashable, asyncio.Event] = {}

    @asynccontextmanager
    async def call(self, function: Hashable) -> AsyncIterator[Callable[[int], None]]:
        """Surround a call, which is begun when there is room; it says how many bytes it gave.

        Raises what `ROOM` does.
        """
        if function not in self._large:
            if (first := self._first.get(function)) is None:
                async with self._as_first(function) as told:
                    yield told
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await first.wait()
        if self._large.get(function):
            await ROOM.get()()
        yield lambda size: self._tell(function, size)

    @asynccontextmanager
    async def _as_first(self, function: Hashable) -> AsyncIterator[Callable[[int], None]]:
        self._first[function] = ended = asyncio.Event()
        try:
            yield lambda size: self._tell(function, size)
        finally:
            del self._first[function]
            ended.set()

    def _tell(self, function: Hashable, size: int) -> None:
        if function not in self._large and len(self._large) >= MOST_KNOWN:
            del self._large[next(iter(self._large))]
        self._large[function] = size > KEPT_IN_MEMORY
