"""Units of work, each a transaction of its own on a connection of its own, side by side.

PostgreSQL holds them to an outcome that they could have one after the other (SERIALIZABLE): rules
judge what is stored, whoever else writes. In charge of running a unit again that met another. Must
not know what units do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, TypeVar

from jotbase.engines.engine_errors import closed
from jotbase.engines.postgresql.database.pool import (
    SECONDS_WHEN_CUT,
    TRIES_WHEN_CUT,
    ConnectionPool,
)
from jotbase.engines.postgresql.database.postgres_errors import (
    Overtaken,
    is_disconnect,
    serialization_failure,
)
from jotbase.engines.postgresql.write.transaction import TimeLimits, Transaction
from jotbase.sql.units import UnitOfWork

Result = TypeVar("Result")

#: How often a unit is run at most, and how long it waits at most before it is run again.
RUNS, PAUSE_SECONDS = 20, 0.02


class Writer:
    """All units of one database; `committed` is called after each that may have logged changes."""

    def __init__(
        self, pool: ConnectionPool, limits: TimeLimits, committed: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._committed = committed
        self._running: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Drive a unit of work to its end; see `Engine.write`.

        Once it runs it is not given up, whoever goes away: it is kept or undone as a whole.
        """
        if self._closing:
            raise closed()
        task = asyncio.ensure_future(self._write(work, timed))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_seen)
            raise

    async def _write(self, work: Callable[[], UnitOfWork[Result]], timed: bool) -> Result:
        for run in range(RUNS):
            if run:
                await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 - no secret
            try:
                async with self._pool.take() as connection:
                    transaction = Transaction(
                        connection,
                        self._limits,
                        "SERIALIZABLE",
                        settings=self._pool.local_settings(),
                        timed=timed,
                    )
                    return await self._attempt(transaction, work)
            except Overtaken:
                continue
            except Exception as error:
                if is_disconnect(error) and run < TRIES_WHEN_CUT - 1:
                    await asyncio.sleep(SECONDS_WHEN_CUT)
                    continue
                raise
        raise serialization_failure()

    async def _attempt(
        self, transaction: Transaction, work: Callable[[], UnitOfWork[Result]]
    ) -> Result:
        result = await transaction.complete(lambda: transaction.drive(work()))
        if transaction.wrote:
            self._committed()
        return result

    async def close(self) -> None:
        """Finish what is under way, and take no more."""
        self._closing = True
        await asyncio.gather(*self._running, return_exceptions=True)


def _seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
