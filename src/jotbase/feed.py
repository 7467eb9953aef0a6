"""PAGE TWO: one change, step by step, from the change log to all subscribers who may see it.

In charge of the order: changes are delivered in the order of their numbers, each to all subscribers
before the next one; `cursor` is the number of the last one. A commit only signals that there may be
new changes: they are read from the log. Must not know sockets or a particular database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jotbase.delivery import ChangeDelivery, CommitBell, log_failure
from jotbase.engines.base import Engine
from jotbase.realtime.matching.groups import Groups
from jotbase.realtime.messages.cursors import Cursor, Timeline
from jotbase.values import Change

log = logging.getLogger(__name__)

BATCH = 250
#: The most seconds, and the most bytes of frames, until other tasks get the event loop.
TURN, TURN_BYTES = 0.005, 1 << 19
#: Seconds until the log is read again after an error.
RETRY = 1.0


class Feed:
    """Follows one engine's change log and delivers to `groups`; `now` returns epoch seconds."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.groups = Groups({})
        self.cursor = self._newest = 0
        self.engine = engine
        self.delivery = ChangeDelivery(engine, now)
        self._timeline = Timeline()
        self.bell = CommitBell(now)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to deliver the changes that are committed from now on."""
        _, self.cursor = await self.engine.last_change()
        await self.read_timeline()
        self.engine.on_commit(self.bell.set)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop delivering."""
        if task := self._task:
            task.cancel()
            await asyncio.wait([task])

    async def read_timeline(self) -> None:
        """Read the epochs against which cursors are validated; other processes add some too."""
        self._timeline = Timeline(await self.engine.timeline())

    def behind(self) -> int:
        """Return how many known changes are not delivered yet: the lag."""
        return max(0, self._newest - self.cursor)

    def mark(self, number: int) -> str | int:
        """Return the cursor that clients get for a change's number."""
        return self._timeline.mark(number)

    def position(self, number: int | None = None) -> str:
        """Return the cursor of the last change told, "" before any history is known."""
        return self._timeline.position(self.cursor if number is None else number)

    async def holds(self, cursor: Cursor) -> bool:
        """Return whether a client's cursor is valid in this database's history."""
        await self.read_timeline()
        return self._timeline.holds(cursor)

    async def _run(self) -> None:
        while True:
            await self.bell.wait()
            self.bell.clear()
            try:
                await self.read_timeline()
                await self._deliver_all()
            except Exception as error:  # noqa: BLE001 - it is logged
                log_failure("the change log could not be followed beyond %d", self.cursor, error)
                asyncio.get_running_loop().call_later(RETRY, self.bell.set)

    async def _deliver_all(self) -> None:
        """Deliver all changes after the cursor, yielding to the event loop after each turn."""
        clock = asyncio.get_running_loop().time
        began, sent = clock(), 0
        while changes := await self._next():
            for change in changes:
                if change.number != self.cursor + 1:
                    self._report_lost(change.number - 1)
                sent += self.delivery.tell_rooms(change)
                sent += await self.delivery.deliver(change, self.groups, self.mark)
                self.cursor = change.number
                self.bell.told(change.committed_at)
                if sent > TURN_BYTES or clock() - began > TURN:
                    await asyncio.sleep(0)
                    began, sent = clock(), 0

    async def _next(self) -> list[Change]:
        """Read the next changes; without subscribers, skip them and advance the cursor."""
        newest = self._newest = (await self.engine.last_change())[1]
        due = (self.groups or self.delivery.rooms) and newest > self.cursor
        if due and (changes := await self.engine.changes(self.cursor, BATCH)):
            return changes
        if self.groups and newest != self.cursor:
            self._report_lost(newest)
        self.cursor = newest
        self.bell.end()
        return []

    def _report_lost(self, number: int) -> None:
        """Report to all that changes were lost: the log was pruned, or the database replaced."""
        log.warning("changes %d to %d were lost before delivery", self.cursor + 1, number)
        for subscriber in self.groups.subscribers():
            subscriber.lost(number)
        self.cursor = number
