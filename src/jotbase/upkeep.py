"""What a running backend does from time to time: it notices sessions that others ended, and keeps
the change log short.

In charge of when. Must not know how a session ends, or what the log is for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jotbase.auth.live import Revocation, revoked_since
from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.settings import Settings

log = logging.getLogger(__name__)

#: How soon another process's sign-outs are noticed, in seconds; this one's own are known at once.
LOOK_EVERY = 0.5
#: How soon after the start, and how often from then on, the change log is pruned, in seconds: a
#: server that is restarted often prunes too, and there never is much to prune.
PRUNE_FIRST, PRUNE_EVERY = 2.0, 30.0


async def keep_up(
    engine: Engine,
    revoke: Callable[[Revocation], None],
    forget_all: Callable[[], None],
    now: Callable[[], float],
) -> None:
    """Notice ended sessions until cancelled; what fails is logged and tried again.

    The clock `now` is only looked at: it tells by itself that it was set.
    """
    newest: int | None = None
    while True:
        now()
        try:
            newest = await _notice(engine, newest, revoke, forget_all)
        except JotError as error:
            log.warning("ended sessions could not be looked for: %s", error.message)
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


async def _notice(
    engine: Engine,
    newest: int | None,
    revoke: Callable[[Revocation], None],
    forget_all: Callable[[], None],
) -> int:
    """Tell of sessions that ended after `newest` (None: from now on), and return the newest."""
    statement = revoked_since(newest if newest is not None else -1)
    rows = await engine.look(statement.numbered(engine.dialect.mark), statement.params)
    if not rows:
        return newest or 0
    if newest is not None:
        if rows[0][0] != newest + 1 and newest > 0:
            forget_all()
        for _, session, user in rows:
            revoke(Revocation(user, (session,)))
    last: int = rows[-1][0]
    return last
