"""What a channel missed, told again before it goes on live.

In charge of joining the two without gap or repetition: live frames are held from the moment the
channel follows, the log is told up to that moment, then what was held. Must not know tokens or
what a change becomes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from jotbase.feed import Feed
from jotbase.http.frames import MOST_WAITING, TOO_SLOW, Outlet
from jotbase.realtime.groups import Follower, Groups

log = logging.getLogger(__name__)

#: Changes told before others get the loop.
AT_ONCE = 100


class Replay:
    """One channel's catching up, from the change after `after` to the feed's cursor as it is now.

    `follower` gives the channel's follower, whose token may change meanwhile.
    """

    def __init__(
        self, *, feed: Feed, outlet: Outlet, follower: Callable[[], Follower], after: int
    ) -> None:
        self._feed = feed
        self._outlet = outlet
        self._follower = follower
        self._after = after
        self._until = feed.cursor
        self._held: list[bytes] = []
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def hold(self, ready: bytes) -> None:
        """Keep a live frame until its turn; too many of them end the connection."""
        self._held.append(ready)
        self._bytes += len(ready)
        if self._bytes > MOST_WAITING:
            self._outlet.close(TOO_SLOW, f"cursor={self._after}")

    def start(self) -> None:
        """Begin; the channel is live when this has ended."""
        self._task = asyncio.create_task(self._run())

    def cancel(self) -> None:
        """Tell nothing more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            complete = await self._catch_up()
        except Exception:
            log.exception("the changes after %d could not be told again", self._after)
            complete = False
        follower = self._follower()
        if not complete:
            follower.lost(self._until)
        for ready in self._held:
            self._outlet.write(ready)
        follower.write = self._outlet.write
        self._held.clear()

    async def _catch_up(self) -> bool:
        """Tell what was missed; return False as soon as the log no longer holds all of it."""
        while await self._reaches():
            changes = await self._feed.engine.changes(self._after, AT_ONCE)
            # Pruned in between: the first look was worth nothing.
            if not await self._reaches():
                return False
            for change in changes:
                if change.number > self._until:
                    return True
                await self._feed.tell(change, self._alone())
                self._after = change.number
            if not changes or self._after >= self._until:
                return True
            await self._outlet.drained()
            await asyncio.sleep(0)
        return False

    async def _reaches(self) -> bool:
        """Whether the log still holds every change after the last one told."""
        oldest, newest = await self._feed.engine.last_change()
        return self._after == newest or (0 < oldest <= self._after + 1 <= newest)

    def _alone(self) -> Groups:
        """The follower as it is now, by itself and writing at once."""
        now = self._follower()
        alone = Groups(self._feed.groups.rules)
        alone.add(replace(now, write=self._outlet.write))
        return alone
