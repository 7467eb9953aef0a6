"""Concurrent units of work, each in a serializable transaction on a connection of its own.

Their outcome is one that they could have had one after the other (SERIALIZABLE), so that rules are
checked against what is stored, whoever else writes. In charge of retrying after a serialization
failure. Must not know what units do.
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
    SerializationFailure,
    is_disconnect,
    retries_exhausted,
)
from jotbase.engines.postgresql.write.transaction import TimeLimits, Transaction
from jotbase.sql.units import UnitOfWork

Result = TypeVar("Result")

#: How often a unit is run at most, and how long it waits at most before it is run again.
RUNS, PAUSE_SECONDS = 20, 0.02


class Writer:
    """Runs the units of one database; `committed` is called after each that may log changes."""

    def __init__(
        self, pool: ConnectionPool, limits: TimeLimits, committed: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._committed = committed
        self._running: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Run a unit of work; see `Engine.write`.

        A running unit is not cancelled with its request: it is committed or rolled back as a
        whole.
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
        finally:
            del task  # which holds the error that this frame is in the traceback of

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
            except SerializationFailure:
                continue
            except Exception as error:
                if is_disconnect(error) and run < TRIES_WHEN_CUT - 1:
                    await asyncio.sleep(SECONDS_WHEN_CUT)
                    continue
                raise
        raise retries_exhausted()

    async def _attempt(
        self, transaction: Transaction, work: Callable[[], UnitOfWork[Result]]
    ) -> Result:
        result = await transaction.complete(lambda: transaction.drive(work()))
        if transaction.wrote:
            self._committed()
        return result

    async def close(self) -> None:
        """Wait for running units, and accept no more."""
        self._closing = True
        await asyncio.gather(*self._running, return_exceptions=True)


def _seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
