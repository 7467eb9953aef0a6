"""The connections of a server: their number, and timeouts of slow clients.

In charge of counting them, in total and by address, and of checking each once a second: a client
must send a head or a body, or read a response, within a time limit. Must not know what is sent on
them. The numbers are in docs/reference/limits.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Protocol

from jotbase.http.edge.budget import Budget
from jotbase.http.edge.large_responses import LargeResponseLimiter

#: Seconds between two checks of the same connection.
TICK = 1.0
#: Connections that are checked until other tasks get the event loop.
AT_ONCE = 500

#: Seconds for a request's head, from its first byte or from the connection on. The times are
#: Apache's (mod_reqtimeout: header=20, body=20), shorter where nothing honest needs them.
HEAD = 10.0
#: Seconds for each `STEP` of a body or of a WebSocket's message.
BODY = 20.0
#: Seconds for each `STEP` of an answer to be read in.
WRITE = 20.0
#: Bytes that count as progress.
STEP = 65_536
#: The same of a large answer, for which others wait.
LARGE_STEP = 1024 * 1024
#: Seconds to read what remains of a body whose request has been answered.
REST = 5.0
#: Seconds to read what waits on a connection that is closed from our side.
CLOSING = 10.0

#: The same where the server stops.
PARTING = 2.0

#: Connections above the most that are told so with 503; further ones are cut off.
MOST_REFUSED = 100
#: Bytes of bodies that may be held at one time, in all and from one address.
MOST_BODIES, MOST_BODIES_OF_ONE = 64 * 1024 * 1024, 32 * 1024 * 1024
#: Bytes of answers that wait in memory to be read, in all and for one address; what is more waits
#: in files, which have a bound too.
MOST_UNREAD, MOST_UNREAD_OF_ONE = 64 * 1024 * 1024, 16 * 1024 * 1024
MOST_IN_FILES, MOST_IN_FILES_OF_ONE = 8 << 30, 2 << 30
#: Bodies up to this size are not counted.
SMALL_BODY = 65_536
#: Requests that may wait behind one another on a connection.
MOST_PIPELINED = 100


class Watched(Protocol):
    """A connection whose time limits can be checked."""

    def look(self, now: float) -> None:
        """Close the connection if a time limit is exceeded; `now` is loop time."""


class Stopwatch:
    """How long a connection has been waiting for the same thing, measured at each check."""

    __slots__ = ("_since", "_what")

    def __init__(self) -> None:
        self._what: object = None
        self._since = 0.0

    def seconds(self, what: object, now: float) -> float:
        """Return the seconds of waiting for `what`, as seen by the checks so far."""
        if what != self._what:
            self._what, self._since = what, now
        return now - self._since


class Connections:
    """All connections; belongs to one event loop.

    Behind `proxies` the client of a connection is known at each request's head, and unknown before.
    """

    def __init__(self, most: int, most_of_one: int, proxies: int = 0) -> None:
        self.proxies = proxies
        self.grants = LargeResponseLimiter()
        self.bodies = Budget(MOST_BODIES, MOST_BODIES_OF_ONE)
        self.unread = Budget(MOST_UNREAD, MOST_UNREAD_OF_ONE)
        self.in_files = Budget(MOST_IN_FILES, MOST_IN_FILES_OF_ONE)
        self._budget = Budget(most, most_of_one)
        self._owners: dict[Watched, Hashable] = {}
        self._refused: set[Watched] = set()

    def __len__(self) -> int:
        return len(self._owners) + len(self._refused)

    def enter(self, connection: Watched, address: Hashable) -> bool:
        """Count a connection; return whether it is within the limits. It is checked in any case."""
        owner = id(connection) if self.proxies else address
        if self._budget.take(owner):
            self._owners[connection] = owner
            return True
        self._refused.add(connection)
        return False

    @property
    def is_overrun(self) -> bool:
        """Whether so many connections are being refused that further ones are cut off."""
        return len(self._refused) > MOST_REFUSED

    def rename(self, connection: Watched, address: Hashable) -> bool:
        """Count a connection as another client's from now on, and say whether there is room."""
        before = self._owners.get(connection)
        if before is None or before == address:
            return True
        self._budget.give_back(before)
        if self._budget.take(address):
            self._owners[connection] = address
            return True
        self._budget.take(before)
        return False

    def become(self, old: Watched, new: Watched) -> None:
        """Replace a connection's protocol: an HTTP request became a WebSocket."""
        if old in self._owners:
            self._owners[new] = self._owners.pop(old)

    def leave(self, connection: Watched) -> None:
        """Remove a connection that has ended."""
        self._refused.discard(connection)
        if connection in self._owners:
            self._budget.give_back(self._owners.pop(connection))

    async def watch(self) -> None:
        """Check all connections periodically, in turns, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK)
            watched = [*self._owners, *self._refused]
            for start in range(0, len(watched), AT_ONCE):
                self.look(loop.time(), watched[start : start + AT_ONCE])
                await asyncio.sleep(0)

    def look(self, now: float, watched: list[Watched] | None = None) -> None:
        """Check these connections, or all of them."""
        for connection in [*self._owners, *self._refused] if watched is None else watched:
            connection.look(now)
