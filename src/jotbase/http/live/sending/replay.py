"""Replaying missed changes to a channel from the log, until it has caught up with the feed.

In charge of a seamless switch without gaps or duplicates: during the replay live changes are
dropped, since the log has them too; the channel goes live at the moment at which it has all changes
that the feed has delivered. Must not know tokens or how changes are matched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from jotbase.delivery import log_failure
from jotbase.feed import TURN, TURN_BYTES, Feed
from jotbase.http.live.sending.frames import FrameSink
from jotbase.realtime.matching.groups import Groups, Lost, Subscriber
from jotbase.realtime.messages.cursors import Cursor

#: Changes read at a time.
AT_ONCE = 100
#: Seconds in which a client must read some of its unsent bytes; otherwise it is disconnected.
PATIENCE = 5.0
#: Seconds until a channel that is ahead of the feed checks again.
AHEAD = 0.01


class Replay:
    """One channel's catching up, from the change after `after` to wherever the feed is by then.

    `subscriber` gives the channel's follower, whose token may change meanwhile; `lost` says to the
    client that changes up to a number were missed. `live` is called when it has caught up. All
    replays have one turn of the loop together, of which `turns` says whose it is, and leave it to
    others for as long.
    """

    def __init__(
        self,
        *,
        feed: Feed,
        sink: FrameSink,
        subscriber: Callable[[], Subscriber],
        lost: Lost,
        live: Callable[[], None],
        turns: asyncio.Lock,
        cursor: Cursor | None,
    ) -> None:
        self._feed = feed
        self._sink = sink
        self._follower = subscriber
        self._lost = lost
        self._live = live
        self._turns = turns
        self._cursor = cursor
        self._task: asyncio.Task[None] | None = None
        self._has_gap = False
        self.after = feed.cursor if cursor is None else cursor.number

    def start(self) -> None:
        """Begin at the client's cursor, or at the feed's position when the replay was created."""
        self._task = asyncio.create_task(self._run())

    def cancel(self) -> None:
        """Stop the replay."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._begin()
            await self._catch_up()
        except Exception as error:  # noqa: BLE001 - it is logged
            log_failure("the changes after %d could not be told again", self.after, error)
            self._report_lost(self._feed.cursor)
        self._live()

    async def _begin(self) -> None:
        if self._cursor is None:
            return
        _, newest = await self._feed.engine.last_change()
        if self._cursor.number > newest or not await self._feed.holds(self._cursor):
            self._report_lost(self._feed.cursor)

    async def _catch_up(self) -> None:
        """Deliver the missed changes; report those that the log no longer has as lost."""
        while True:
            if not await self._drained():
                self._sink.let_go()
                return
            if self.after == self._feed.cursor:
                return  # and nothing is awaited until the channel is live
            if self.after > self._feed.cursor:
                await asyncio.sleep(AHEAD)
                continue
            # A turn need not suspend: with the pause outside, all would have theirs at once.
            async with self._turns:
                await asyncio.sleep(await self._turn())

    async def _turn(self) -> float:
        """Deliver some changes; return the duration in seconds."""
        clock = asyncio.get_running_loop().time
        began, sent = clock(), 0
        changes = await self._feed.engine.changes(self.after, AT_ONCE)
        if not changes or changes[0].number != self.after + 1:
            self._report_lost(self._feed.cursor)
            return clock() - began
        for change in changes:
            if change.number > self._feed.cursor:
                break
            sent += await self._feed.delivery.deliver(change, self._alone(), self._feed.mark)
            self.after = change.number
            if self._has_gap:  # who reads again has no use for what was before
                self._has_gap = False
                self._report_lost(self._feed.cursor)
                break
            if sent > TURN_BYTES or clock() - began > TURN:
                break
        return clock() - began

    def _report_lost(self, number: int) -> None:
        self.after = number
        self._lost(number)

    def _cannot_tell(self, number: int, bindings: tuple[int, ...] = ()) -> None:
        if bindings:
            self._lost(number, bindings)
        else:
            self._has_gap = True

    async def _drained(self) -> bool:
        """Wait until unsent bytes are read; False if the client reads nothing for too long."""
        while True:
            waits = self._sink.waiting()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._sink.drained()
            except TimeoutError:
                if self._sink.waiting() >= waits:
                    return False
            else:
                return True

    def _alone(self) -> Groups:
        """Return groups with the channel's current subscriber alone, writing at once."""
        now = self._follower()
        alone = Groups(self._feed.groups.rules)
        alone.add(replace(now, write=self._sink.write, lost=self._cannot_tell))
        return alone
