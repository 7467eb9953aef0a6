"""Limiting concurrent large responses: one for an address, a few in total.

In charge of the queue and its timeout. Must not know what is large (the engine waits through
`engines.base.ROOM`), nor how a response is sent. The numbers are in docs/reference/limits.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from jotbase.errors import RequestError
from jotbase.http.edge.budget import Budget

#: Large answers that are made or still to be read at one time, and such of one address.
MOST_LARGE, MOST_LARGE_OF_ONE = 4, 1
#: Bytes that the transport holds without asking for a pause (asyncio's high-water mark).
READ = 65_536
#: Seconds that a request waits for its turn.
PATIENCE = 10.0


class LargeResponseLimiter:
    """The slots in use; belongs to one event loop."""

    def __init__(self, most: int = MOST_LARGE, most_of_one: int = MOST_LARGE_OF_ONE) -> None:
        self.budget = Budget(most, most_of_one)
        self._waiting: list[asyncio.Future[None]] = []

    async def take(self, owner: Hashable, patience: float = PATIENCE) -> None:
        """Wait for a slot. Raises RequestError (53300, 503) after `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                while not self.budget.take(owner):
                    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.append(turn)
                    await turn
        except TimeoutError:
            raise _crowded() from None

    def give_back(self, owner: Hashable) -> None:
        """Return a slot, and wake the waiting requests in their order."""
        self.budget.give_back(owner)
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


class LargeResponseSlot:
    """The slot of one request, taken when the engine needs it."""

    __slots__ = ("_grants", "_is_over", "_owner", "is_held")

    def __init__(self, grants: LargeResponseLimiter, owner: Hashable) -> None:
        self._grants = grants
        self._owner = owner
        self._is_over = False
        self.is_held = False

    async def enter(self) -> None:
        """Wait for the turn, once. Raises RequestError if the client has disconnected."""
        if not self.is_held:
            if not self._is_over:
                await self._grants.take(self._owner)
                self.is_held = True
            if self._is_over:
                self.leave()
                raise RequestError("57014", "the client has gone")

    def end(self) -> None:
        """Return the slot, and take none again: the client has disconnected."""
        self._is_over = True
        self.leave()

    def leave(self) -> None:
        """Return the slot, if it was taken."""
        if self.is_held:
            self.is_held = False
            self._grants.give_back(self._owner)


class UnreadResponses:
    """The slots of a connection's responses that its client has not read yet."""

    def __init__(self) -> None:
        self._grants: list[LargeResponseSlot] = []

    def __bool__(self) -> bool:
        return bool(self._grants)

    def keep(self, grant: LargeResponseSlot, unread: int) -> None:
        """Return the slot if few enough bytes of its response are unread, else keep it."""
        if unread > READ:
            self._grants.append(grant)
        else:
            grant.leave()

    def clear(self) -> None:
        """Return all slots: the client has read everything, or has disconnected."""
        for grant in self._grants:
            grant.leave()
        self._grants.clear()


def _crowded() -> RequestError:
    error = RequestError(
        "53300",
        "too many large answers at one time",
        details=f"An address has {MOST_LARGE_OF_ONE} that is made or not read yet.",
        hint="Read one answer before asking for the next, or ask for fewer rows.",
    )
    error.headers = (("Retry-After", "5"),)
    return error
