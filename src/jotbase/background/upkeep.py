"""What a running backend does from time to time: it notices users and sessions that others changed,
and keeps the change log short.

In charge of when. Must not know how a session ends, or what the log is for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from jotbase.auth.tokens.token_cache import (
    MAX_REVOCATIONS_READ,
    Notice,
    changed_since,
    last_change,
    notices,
)
from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.settings import Settings

log = logging.getLogger(__name__)

#: How soon another process's changes are noticed, in seconds; this one's own are known at once.
LOOK_EVERY = 0.5
#: How soon after the start, and how often from then on, the change log is pruned, in seconds: a
#: server that is restarted often prunes too, and there never is much to prune.
PRUNE_FIRST, PRUNE_EVERY = 2.0, 30.0


class Notices:
    """Tells what changed of users and sessions since it looked last, whoever changed it.

    `tell` is given what can be told; `restart` is called when something was missed.
    """

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], float],
        tell: Callable[[Sequence[Notice]], None],
        restart: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._now = now
        self._tell = tell
        self._restart = restart
        self._newest: int | None = None

    async def start(self) -> None:
        """Tell what changes from now on."""
        ((self._newest,),) = await self._engine.look(last_change(), ())

    async def look(self) -> None:
        """Tell what there is to tell."""
        if self._newest is None:
            await self.start()
        while await self._look_on(self._newest or 0) == MAX_REVOCATIONS_READ:
            pass

    async def look_or_restart(self) -> None:
        """Tell what there is to tell after a write of ours, which no failure of this can undo.

        Where it cannot be found, it counts as missed: nobody may go by what was before.
        """
        try:
            await self.look()
        except JotError as error:
            log.warning("changed users could not be looked for: %s", error.message)
            self._restart()

    async def _look_on(self, after: int) -> int:
        now = self._now()  # which also notices that the clock was set
        # From the last known line on: where that is gone, so may be what came behind it.
        asked = changed_since(self._engine.dialect, max(after - 1, 0))
        rows = await self._engine.look(asked.numbered(self._engine.dialect.mark), asked.params)
        if after > 0 and (not rows or rows[0][0] != after):
            await self.miss()
            return 0
        found = rows[1:] if after > 0 else rows
        if found:
            if found[0][0] != after + 1 and after > 0:
                self._restart()
            self._newest = max(found[-1][0], self._newest or 0)
            self._tell(notices(found, now))
        return len(rows)

    async def miss(self) -> None:
        """Go by nothing that was known, and tell what changes from now on."""
        await self.start()
        self._restart()


async def keep_up(changes: Notices) -> None:
    """Notice what others changed until cancelled; what fails is logged and tried again.

    What others wrote into the accounts' tables may be anything: of a line that cannot be told, all
    that was known is forgotten in its place.
    """
    while True:
        try:
            try:
                await changes.look()
            except ValueError:
                log.exception("a changed user cannot be read")
                await changes.miss()
        except JotError as error:
            log.warning("changed users could not be looked for: %s", error.message)
        await asyncio.sleep(LOOK_EVERY)


async def keep_short(engine: Engine, settings: Settings) -> None:
    """Prune the change log until cancelled; what fails is logged and tried again."""
    await asyncio.sleep(PRUNE_FIRST)
    while True:
        try:
            await engine.prune(settings.changes_keep)
        except JotError as error:
            log.warning("the change log could not be pruned: %s", error.message)
        await asyncio.sleep(PRUNE_EVERY)
