"""A fair semaphore for threads: bounded holders, a bounded queue, and a share per owner.

In charge of the order alone. Must not know what runs in the threads.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from jotbase.errors import too_many_calls


class Turns:
    """At most `most` holders at a time; at most `waiting` callers queue, for `seconds` each.

    One owner has at most three quarters of the turns and of the queue; the owner "" is not limited.
    The next turn goes to the owner that holds the fewest, then to the first in the queue.
    """

    def __init__(self, most: int, waiting: int, seconds: float) -> None:
        self._most = most
        self._waiting = waiting
        self._seconds = seconds
        self._held: Counter[str] = Counter()
        self._tickets: list[tuple[str, asyncio.Future[None]]] = []

    async def take(self, owner: str) -> None:
        """Wait for a turn. Raises JotError 53300 if the queue is full or the wait is too long."""
        ticket = (owner, asyncio.get_running_loop().create_future())
        self._tickets.append(ticket)
        self._serve()
        if not ticket[1].done() and not self._may_wait(owner):
            self._tickets.remove(ticket)
            raise too_many_calls()
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.shield(ticket[1])
        except TimeoutError as error:
            self._forget(ticket)
            raise too_many_calls() from error
        except asyncio.CancelledError:
            self._forget(ticket)
            raise

    def give_back(self, owner: str) -> None:
        """Release a turn and serve the queue."""
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._serve()

    def _may_wait(self, owner: str) -> bool:
        mine = sum(one == owner for one, _ in self._tickets)
        if len(self._tickets) > self._waiting:
            return False
        return not owner or mine <= _share(self._waiting)

    def _forget(self, ticket: tuple[str, asyncio.Future[None]]) -> None:
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        else:  # it was served in the same turn of the loop
            self.give_back(ticket[0])

    def _serve(self) -> None:
        while self._tickets and self._held.total() < self._most:
            share = _share(self._most)
            able = [one for one in self._tickets if not one[0] or self._held[one[0]] < share]
            if not able:
                return
            ticket = min(able, key=lambda one: self._held[one[0]])
            self._tickets.remove(ticket)
            self._held[ticket[0]] += 1
            ticket[1].set_result(None)


def _share(most: int) -> int:
    """Return the largest share of one owner: a quarter is left for the others."""
    return most - most // 4
