"""Word of the change log from other servers of the same database, by LISTEN.

Whoever numbers changes notifies (`schema.ddl.postgres.changelog`), once for all that it numbered
and in a transaction of its own, so that no writer waits for the queue's one lock. In charge of a
connection that does nothing but listen, and of having another after it was lost. Must not know
what is done when it hears: what is missed meanwhile is found by the look that follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg

from jotbase.engines.postgresql.database.address import for_driver, has_pooler

#: `schema.ddl.postgres.changelog` notifies here.
CHANNEL = "jotbase"
#: Seconds that a connection may take to be made, and until another is tried after a failure.
SECONDS, RETRY = 5.0, 1.0


class Listener:
    """Calls `heard` with the newest number that another server tells of.

    A pooler in transaction mode gives no connection that lasts: behind one nothing is heard.
    """

    def __init__(self, url: str, heard: Callable[[int], None]) -> None:
        self._url = url
        self._heard = heard
        self._connection: asyncpg.Connection | None = None
        self._silent = has_pooler(url)
        self._next_try = 0.0

    async def keep(self) -> bool:
        """Listen, and say whether that has begun only now. Without a connection nothing is heard
        for now.
        """
        if self._silent or (self._connection is not None and not self._connection.is_closed()):
            return False
        now = asyncio.get_running_loop().time()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY
        try:
            connection = await asyncpg.connect(
                for_driver(self._url),
                timeout=SECONDS,
                server_settings={"application_name": "jotbase listener"},
            )
            self._connection = connection
            await connection.add_listener(CHANNEL, self._notified)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await self.close()
            return False
        return True

    def _notified(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        if payload.isascii() and payload.isdigit():
            self._heard(int(payload))

    async def close(self) -> None:
        """Hear no more."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            try:
                await connection.close(timeout=1)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                connection.terminate()
