"""Leave to make a large answer: one at a time for an address, few at a time for all.

In charge of who waits and of who has waited long enough. Must not know what is large (the engine
asks through `engines.base.ROOM`), nor how an answer is sent. The numbers are in
docs/reference/limits.md.
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
    """What is granted; belongs to one event loop."""

    def __init__(self, most: int = MOST_LARGE, most_of_one: int = MOST_LARGE_OF_ONE) -> None:
        self.budget = Budget(most, most_of_one)
        self._waiting: list[asyncio.Future[None]] = []

    async def take(self, owner: Hashable, patience: float = PATIENCE) -> None:
        """Wait for a turn. Raises RequestError (53300, 503) where none comes."""
        try:
            async with asyncio.timeout(patience):
                while not self.budget.take(owner):
                    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.append(turn)
                    await turn
        except TimeoutError:
            raise _crowded() from None

    def give_back(self, owner: Hashable) -> None:
        """Return a turn, and have all who wait look again, in the order in which they came."""
        self.budget.give_back(owner)
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


class LargeResponseSlot:
    """One request's leave; not held until the engine asks for it."""

    __slots__ = ("_grants", "_is_over", "_owner", "is_held")

    def __init__(self, grants: LargeResponseLimiter, owner: Hashable) -> None:
        self._grants = grants
        self._owner = owner
        self._is_over = False
        self.is_held = False

    async def enter(self) -> None:
        """Wait for the turn, once. Raises RequestError where nobody waits for the answer."""
        if not self.is_held:
            if not self._is_over:
                await self._grants.take(self._owner)
                self.is_held = True
            if self._is_over:
                self.leave()
                raise RequestError("57014", "the client has gone")

    def end(self) -> None:
        """Return the turn, and take none any more: the client has gone."""
        self._is_over = True
        self.leave()

    def leave(self) -> None:
        """Return the turn, if it came."""
        if self.is_held:
            self.is_held = False
            self._grants.give_back(self._owner)


class UnreadResponses:
    """The leaves of a connection's answers that its client has not read yet."""

    def __init__(self) -> None:
        self._grants: list[LargeResponseSlot] = []

    def __bool__(self) -> bool:
        return bool(self._grants)

    def keep(self, grant: LargeResponseSlot, unread: int) -> None:
        """Return a leave when so few bytes of its answer are unread, and else keep it."""
        if unread > READ:
            self._grants.append(grant)
        else:
            grant.leave()

    def clear(self) -> None:
        """Return all: the client has read, or has gone."""
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
