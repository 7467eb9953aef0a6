"""A fair semaphore for threads: bounded holders, a bounded queue, and a share per owner.

In charge of the order alone, and of dropping those in the queue whose client has disconnected. Must
not know what runs in the threads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from jotbase.engines.calls.call_deadline import caller_gone
from jotbase.errors import JotError, too_many_calls
from jotbase.values import never_disconnected


@dataclass(eq=False, slots=True)
class _Ticket:
    owner: str
    gone: Callable[[], bool]
    turn: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


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
        self._tickets: list[_Ticket] = []

    async def take(self, owner: str, gone: Callable[[], bool] = never_disconnected) -> None:
        """Wait for a turn. Raises JotError 53300 if the queue is full or the wait is too long,
        57014 if the client has disconnected (`gone`) meanwhile.
        """
        ticket = _Ticket(owner, gone)
        self._tickets.append(ticket)
        self._serve()
        if not ticket.turn.done() and not self._may_wait(owner):
            self._tickets.remove(ticket)
            raise too_many_calls()
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.shield(ticket.turn)
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

    def refuse_waiting(self, refusal: Callable[[], JotError]) -> None:
        """Refuse all that wait in the queue."""
        for ticket in self._tickets:
            ticket.turn.set_exception(refusal())
        self._tickets.clear()

    def _may_wait(self, owner: str) -> bool:
        """Return whether one more may wait, after dropping those of disconnected clients."""
        for ticket in [one for one in self._tickets if one.gone()]:
            self._tickets.remove(ticket)
            ticket.turn.set_exception(caller_gone())
        mine = sum(one.owner == owner for one in self._tickets)
        return len(self._tickets) <= self._waiting and (not owner or mine <= share(self._waiting))

    def _forget(self, ticket: _Ticket) -> None:
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        elif not ticket.turn.cancelled() and not ticket.turn.exception():
            self.give_back(ticket.owner)  # it was served in the same turn of the loop

    def _serve(self) -> None:
        """Give free turns to the waiting owners that hold the fewest, in order of arrival."""
        while self._tickets and self._held.total() < self._most:
            most = share(self._most)
            able = [one for one in self._tickets if not one.owner or self._held[one.owner] < most]
            if not able:
                return
            ticket = min(able, key=lambda one: self._held[one.owner])
            self._tickets.remove(ticket)
            if ticket.gone():
                ticket.turn.set_exception(caller_gone())
                continue
            self._held[ticket.owner] += 1
            ticket.turn.set_result(None)


def share(most: int) -> int:
    """Return the largest share of one owner: a quarter is left for the others."""
    return most - most // 4
