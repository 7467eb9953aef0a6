"""Notifications of the change log from other servers of the same database, by LISTEN.

The server that numbers changes notifies the others (`schema.ddl.postgres.changelog`), once for all
that it numbered and in a transaction of its own, so that no writer waits for the lock of the queue.
In charge of one connection that only listens, and of reconnecting. Must not know what a
notification leads to: changes that are missed while disconnected are found by polling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg

from jotbase.engines.postgresql.database.address import driver_url, uses_pooler

#: `schema.ddl.postgres.changelog` notifies here.
CHANNEL = "jotbase"
#: Seconds that a connection may take to be made, and until another is tried after a failure.
SECONDS, RETRY = 5.0, 1.0


class Listener:
    """Calls `heard` with the newest number that another server has notified.

    Behind a pooler in transaction mode no connection lasts, and nothing is heard.
    """

    def __init__(self, url: str, heard: Callable[[int], None]) -> None:
        self._url = url
        self._heard = heard
        self._connection: asyncpg.Connection | None = None
        self._silent = uses_pooler(url)
        self._next_try = 0.0

    async def keep(self) -> bool:
        """Connect if necessary, and return whether listening began with this call; False if the
        server cannot be reached.
        """
        if self._silent or (self._connection is not None and not self._connection.is_closed()):
            return False
        now = asyncio.get_running_loop().time()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY
        try:
            connection = await asyncpg.connect(
                driver_url(self._url),
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
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            try:
                await connection.close(timeout=1)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                connection.terminate()
