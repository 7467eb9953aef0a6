"""PAGE TWO: one change, step by step, from the log to everybody who may know of it.

In charge of the order: changes are told in the order of their numbers, each to all before the next,
and `cursor` is the number of the last one told. A bell says only that there may be more; what is
told is read from the log. Must not know sockets or any one database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jotbase.auth.times import timestamp
from jotbase.engines.base import Engine, bind
from jotbase.query.expr import Context
from jotbase.realtime.asking import question, unasked, verdicts
from jotbase.realtime.groups import Group, Groups
from jotbase.realtime.matching import Judgement, Seen
from jotbase.realtime.rules import Facts
from jotbase.values import Change

log = logging.getLogger(__name__)

BATCH = 1000
#: Seconds that changes are told for before others get the loop: sockets, requests, joins.
TURN = 0.005
#: Seconds until the log is looked at again when it could not be read.
RETRY = 1.0


class Feed:
    """Follows one engine's log and tells `groups`; `now` gives seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.groups = Groups({})
        self.cursor = 0
        self.engine = engine
        self._now: Callable[[], str] = lambda: timestamp(now())
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Tell what is committed from now on."""
        _, self.cursor = await self.engine.last_change()
        self.engine.on_commit(self._bell.set)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Tell nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            try:
                await self._tell_all()
            except Exception:
                log.exception("the change log could not be followed beyond %d", self.cursor)
                asyncio.get_running_loop().call_later(RETRY, self._bell.set)

    async def _tell_all(self) -> None:
        """Everything in the log after the cursor, in turns short enough for everybody else."""
        clock = asyncio.get_running_loop().time
        while changes := await self._next():
            began = clock()
            for change in changes:
                await self.tell(change, self.groups)
                self.cursor = change.number
                if clock() - began > TURN:
                    await asyncio.sleep(0)
                    began = clock()

    async def _next(self) -> list[Change]:
        """The next changes; while nobody follows none are read, and the cursor passes them over."""
        _, newest = await self.engine.last_change()
        if self.groups:
            return await self.engine.changes(self.cursor, BATCH)
        self.cursor = newest
        return []

    async def tell(self, change: Change, groups: Groups) -> None:
        """One change: ask what only the database knows, judge, encode, write.

        From the last answer on, nothing is awaited: who follows then is told, and nobody twice.
        """
        known: dict[Facts, Seen] = {}
        try:
            while missing := self._missing(change, groups, known):
                known |= await self._ask(change, groups, missing)
        except Exception:
            log.exception("change %d could not be judged", change.number)
        judgement = Judgement(change, groups.rule(change.table), self._now(), known)
        for group in groups.on(change.table):
            self._tell_group(group, change, judgement)

    def _tell_group(self, group: Group, change: Change, judgement: Judgement) -> None:
        try:
            frames = judgement.told(group)
        except Exception:
            log.exception("change %d could not be told to a group", change.number)
            for follower in tuple(group.followers):
                follower.lost(change.number)
            return
        for ready in frames:
            for follower in tuple(group.followers):
                follower.write(ready)

    def _missing(self, change: Change, groups: Groups, known: dict[Facts, Seen]) -> list[Facts]:
        local = groups.rule(change.table).local is not None
        return [] if local else unasked((one.key.facts for one in groups.on(change.table)), known)

    async def _ask(self, change: Change, groups: Groups, facts: list[Facts]) -> dict[Facts, Seen]:
        dialect = self.engine.dialect
        asked = question(change, groups.rule(change.table), facts, dialect)
        values = bind(asked, Context(now=self._now()))
        return dict(verdicts(facts, await self.engine.look(asked.numbered(dialect.mark), values)))
