"""PAGE TWO: one change, step by step, from the log to everybody who may know of it.

In charge of the order: changes are told in the order of their numbers, each to all before the next,
and `cursor` is the number of the last one told. A bell says only that there may be more; what is
told is read from the log, and what the log no longer has is said to be missed. Must not know
sockets or any one database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jotbase.delivery import Teller
from jotbase.engines.base import Engine
from jotbase.realtime.cursors import Cursor, Timeline
from jotbase.realtime.groups import Groups
from jotbase.values import Change

log = logging.getLogger(__name__)

BATCH = 250
#: Seconds that changes are told for, and bytes of them, before others get the loop: sockets,
#: requests, joins.
TURN, TURN_BYTES = 0.005, 1 << 19
#: Seconds until the log is looked at again when it could not be read.
RETRY = 1.0


class Feed:
    """Follows one engine's log and tells `groups`; `now` gives seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.groups = Groups({})
        self.cursor = 0
        self.engine = engine
        self._teller = Teller(engine, now)
        self._timeline = Timeline()
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Tell what is committed from now on."""
        _, self.cursor = await self.engine.last_change()
        await self.look_back()
        self.engine.on_commit(self._bell.set)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Tell nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def look_back(self) -> None:
        """Read the history that cursors are held against; other servers write it too."""
        self._timeline = Timeline(await self.engine.timeline())

    def mark(self, number: int) -> str | int:
        """Return the cursor that a client is told for a change's number."""
        return self._timeline.mark(number)

    async def holds(self, cursor: Cursor) -> bool:
        """Say whether a client's cursor is of this database's history."""
        await self.look_back()
        return self._timeline.holds(cursor)

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            try:
                await self.look_back()
                await self._tell_all()
            except Exception:
                log.exception("the change log could not be followed beyond %d", self.cursor)
                asyncio.get_running_loop().call_later(RETRY, self._bell.set)

    async def _tell_all(self) -> None:
        """Everything in the log after the cursor, in turns short enough for everybody else."""
        clock = asyncio.get_running_loop().time
        began, told = clock(), 0
        while changes := await self._next():
            for change in changes:
                if change.number != self.cursor + 1:
                    self._lose(change.number - 1)
                told += await self.tell(change, self.groups)
                self.cursor = change.number
                if told > TURN_BYTES or clock() - began > TURN:
                    await asyncio.sleep(0)
                    began, told = clock(), 0

    async def _next(self) -> list[Change]:
        """The next changes; while nobody follows none are read, and the cursor passes them over."""
        _, newest = await self.engine.last_change()
        if self.groups and newest > self.cursor:
            changes = await self.engine.changes(self.cursor, BATCH)
            if changes:
                return changes
        if self.groups and newest != self.cursor:
            self._lose(newest)
        self.cursor = newest
        return []

    def _lose(self, number: int) -> None:
        """Say to everybody that changes up to that number were missed: the log was pruned of them,
        or the database is another one.
        """
        log.warning("changes %d to %d are gone before they were told", self.cursor + 1, number)
        for follower in self.groups.followers():
            follower.lost(number)
        self.cursor = number

    async def tell(self, change: Change, groups: Groups) -> int:
        """One change to these groups; return how many bytes that made."""
        return await self._teller.tell(change, groups, self.mark(change.number))
