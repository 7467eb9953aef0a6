"""Reading statements, each on a connection of its own, for as long as it runs.

In charge of a read being made again where a connection that lay idle has failed. Must not know what
is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from jotbase.engines.postgresql.placeholders import numbered
from jotbase.engines.postgresql.pool import SECONDS_WHEN_CUT, TRIES_WHEN_CUT, ConnectionPool
from jotbase.engines.postgresql.refusals import is_disconnect, refusal
from jotbase.sql.units import Rows


class Reader:
    """Reads of one pool; a statement may take `limit_ms`."""

    def __init__(self, pool: ConnectionPool, limit_ms: int) -> None:
        self._pool = pool
        self._limit_ms = limit_ms

    async def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement; see `Engine.read`. On a connection that was cut it is run again."""
        for attempt in range(TRIES_WHEN_CUT):
            if attempt:
                await asyncio.sleep(SECONDS_WHEN_CUT)
            try:
                return await self._read(text, values)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TypeError, ValueError,
                    OverflowError) as error:  # fmt: skip
                replanned = isinstance(error, asyncpg.InvalidCachedStatementError) and not attempt
                if not (replanned or is_disconnect(error)):
                    raise refusal(error, text, self._limit_ms) from error
                failed = error
        raise refusal(failed, text, self._limit_ms) from failed

    async def _read(self, text: str, values: Sequence[Any]) -> Rows:
        async with self._pool.take() as connection:
            if not self._pool.is_pooled:
                return list(map(tuple, await connection.fetch(numbered(text), *values)))
            async with connection.transaction(readonly=True):
                await connection.execute(self._pool.local_settings())
                return list(map(tuple, await connection.fetch(numbered(text), *values)))
