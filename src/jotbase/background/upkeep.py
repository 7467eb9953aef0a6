"""Periodic tasks of a running backend: reading revocations, pruning the change log.

In charge of the schedule, and of detecting gaps in the log of revocations. Must not know why a
session ended, or who reads the change log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from jotbase.auth.accounts.audit import BITE, prune
from jotbase.auth.tokens.times import timestamp
from jotbase.auth.tokens.token_cache import (
    MAX_REVOCATIONS_READ,
    Notice,
    changed_since,
    last_change,
    notices,
)
from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.realtime.rooms.stored_messages import BITE as MESSAGES_BITE
from jotbase.realtime.rooms.stored_messages import prune_by_age, prune_by_number
from jotbase.schema.model.tables import Model
from jotbase.settings import Settings
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import UnitOfWork

log = logging.getLogger(__name__)

#: The interval between two polls of `auth.revocations`, in seconds. Changes by this process are
#: read at once after the write.
POLL_SECONDS = 0.5
#: When the change log is pruned: seconds after the start, then the interval in seconds. The first
#: is short, so that a server that is restarted often prunes too.
PRUNE_FIRST, PRUNE_EVERY = 2.0, 30.0
_HOUR = 3600.0
_DAY = 86_400


class RevocationWatcher:
    """Reads `auth.revocations`: which users changed and which sessions ended, in any process.

    `notify` is called with the new notices; `restart` is called when some may have been missed, so
    that every cached token must be dropped.
    """

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], float],
        notify: Callable[[Sequence[Notice]], None],
        restart: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._now = now
        self._notify = notify
        self._restart = restart
        self._newest: int | None = None

    async def start(self) -> None:
        """Begin at the newest entry of the log."""
        newest = last_change(self._engine.dialect)
        ((self._newest,),) = await self._engine.read_internal(newest, ())

    async def poll(self) -> None:
        """Read the new entries of the log and pass their notices on."""
        if self._newest is None:
            await self.start()
        while await self._poll_after(self._newest or 0) == MAX_REVOCATIONS_READ:
            pass

    async def poll_or_restart(self) -> None:
        """Poll after a write of this process; on an error drop all cached tokens.

        The write is committed, so the error must not reach its caller; but no token may be accepted
        on the state before it.
        """
        try:
            await self.poll()
        except JotError as error:
            log.warning("changed users could not be looked for: %s", error.message)
            self._restart()

    async def _poll_after(self, after: int) -> int:
        now = self._now()  # also detects that the system's clock was set
        # Read from the last known entry on: if it has been pruned, so may be entries after it.
        query = changed_since(self._engine.dialect, max(after - 1, 0))
        rows = await self._engine.read_internal(query.text, query.params)
        if after > 0 and (not rows or rows[0][0] != after):
            await self.restart()
            return 0
        new = rows[1:] if after > 0 else rows
        if new:
            if new[0][0] != after + 1 and after > 0:
                self._restart()
            self._newest = max(new[-1][0], self._newest or 0)
            self._notify(notices(new, now))
        return len(rows)

    async def restart(self) -> None:
        """Drop all cached tokens and begin at the newest entry of the log."""
        await self.start()
        self._restart()


async def watch_revocations(changes: RevocationWatcher) -> None:
    """Poll for revocations until cancelled; a failure is logged and tried again.

    Other programs may have written malformed values into the tables of accounts: when an entry
    cannot be read, all cached tokens are dropped instead.
    """
    while True:
        try:
            try:
                await changes.poll()
            except ValueError:
                log.exception("a changed user cannot be read")
                await changes.restart()
        except JotError as error:
            log.warning("changed users could not be looked for: %s", error.message)
        await asyncio.sleep(POLL_SECONDS)


def _pruned_audit(dialect: Dialect, before: str) -> UnitOfWork[bool]:
    """Delete a bite of the audit log; return whether there may be more."""
    return len((yield prune(dialect, before))) == BITE


async def _nobody() -> None:
    """Have nobody who is to be told of changes."""


async def prune_messages(engine: Engine, settings: Settings, now: float, model: Model) -> None:
    """Prune the messages that are too many, or too old."""
    dialect, oldest = engine.dialect, settings.messages_max_age * _HOUR
    for table in model:
        if not table.broadcast:
            continue
        pruned = [prune_by_number(table, settings.messages_keep, dialect)]
        if oldest:
            pruned.append(prune_by_age(table, timestamp(now - oldest), dialect))
        for statement in pruned:
            while await engine.write(partial(_pruned_messages, statement)):
                pass


def _pruned_messages(statement: Fragment) -> UnitOfWork[bool]:
    """Delete a bite of messages; return whether there may be more."""
    return len((yield statement)) == MESSAGES_BITE


async def prune_periodically(
    engine: Engine,
    settings: Settings,
    now: Callable[[], float] = time.time,
    untold: Callable[[], Awaitable[int | None]] = _nobody,
    model: Callable[[], Model] = Model,
) -> None:
    """Prune the change log, the audit log and the tables of broadcasts of the model until
    cancelled; a failure is logged.

    The change log waits for hooks that are `untold` of what comes after a number.
    """
    await asyncio.sleep(PRUNE_FIRST)
    while True:
        try:
            oldest = settings.changes_max_age * _HOUR or None
            await engine.prune(settings.changes_keep, oldest, await untold())
            before = timestamp(now() - settings.audit_keep * _DAY)
            more = True
            while more:  # other writes have their turn between two bites
                more = await engine.write(partial(_pruned_audit, engine.dialect, before))
            await prune_messages(engine, settings, now(), model())
        except JotError as error:
            log.warning("the change log could not be pruned: %s", error.message)
        await asyncio.sleep(PRUNE_EVERY)
