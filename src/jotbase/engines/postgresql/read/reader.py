"""Reading statements, each on a connection of its own, for as long as it runs.

In charge of a read being made again where a connection that lay idle has failed, and of large
results being made when there is room for them, a few rows at a time, in files. Must not know what
is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter
from typing import Any, cast

import asyncpg

from jotbase.engines.base import ROOM
from jotbase.engines.postgresql.database.placeholders import numbered
from jotbase.engines.postgresql.database.pool import (
    SECONDS_WHEN_CUT,
    TRIES_WHEN_CUT,
    ConnectionPool,
)
from jotbase.engines.postgresql.database.postgres_errors import is_disconnect, refusal
from jotbase.engines.spool import LARGEST_ROW, MOST, Spool
from jotbase.errors import RequestError, StatementTimeout
from jotbase.sql.units import Rows, RowWriter, Spooling

#: Statements that are remembered for their large results.
MOST_LARGE = 1000
#: Bytes of a result that comes whole.
PLAIN = 4 * 1024 * 1024
#: Bytes of rows that are read at a time, and how many rows that may be.
PIECE, STEPS = 2 * 1024 * 1024, (1000, 30)


class Reader:
    """Reads on one pool, of at most `limit_ms` each and `max_answer` bytes."""

    def __init__(self, pool: ConnectionPool, limit_ms: int, max_answer: int = MOST) -> None:
        self._pool = pool
        self._limit_ms = limit_ms
        self._spooler = Spooler(max_answer, limit_ms)
        self._large_ones: dict[str, None] = {}

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        """Run one statement; see `Engine.read`. On a connection that was cut it is run again."""
        if spooling is None:
            return cast(Rows, await self._tried(text, values, None))
        if text not in self._large_ones:
            rows = cast(Rows, await self._tried(within(text, spooling.columns), values, None))
            if rows[0][0] is not None or not rows[0][1]:
                return rows
            self._found_large(text)
        await ROOM.get()()
        large = await self._tried(text, values, spooling)
        # It was large once, and now there is nothing.
        return large or cast(Rows, await self._tried(text, values, None))

    def _found_large(self, text: str) -> None:
        if len(self._large_ones) >= MOST_LARGE:
            self._large_ones.clear()
        self._large_ones[text] = None

    async def _tried(
        self, text: str, values: Sequence[Any], spooling: Spooling | None
    ) -> Rows | None:
        for attempt in range(TRIES_WHEN_CUT):
            if attempt:
                await asyncio.sleep(SECONDS_WHEN_CUT)
            try:
                return await self._read(text, values, spooling)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TypeError, ValueError,
                    OverflowError) as error:  # fmt: skip
                replanned = isinstance(error, asyncpg.InvalidCachedStatementError) and not attempt
                if not (replanned or is_disconnect(error)):
                    raise refusal(error, text, self._limit_ms) from error
                failed = error
        raise refusal(failed, text, self._limit_ms) from failed

    async def _read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None
    ) -> Rows | None:
        async with self._pool.take() as connection:
            if spooling is not None:
                async with connection.transaction(readonly=True):
                    if self._pool.is_pooled:
                        await connection.execute(self._pool.local_settings())
                    return await self._spooler.run(connection, spooling)
            if not self._pool.is_pooled:
                return list(map(tuple, await connection.fetch(numbered(text), *values)))
            async with connection.transaction(readonly=True):
                await connection.execute(self._pool.local_settings())
                return list(map(tuple, await connection.fetch(numbered(text), *values)))


@lru_cache(maxsize=1024)
def within(text: str, columns: int) -> str:
    """Return the statement with NULL for a first column that is larger than `PLAIN`."""
    names = [f"c{number}" for number in range(columns)]
    bounded = f"CASE WHEN octet_length(r.c0) <= {PLAIN} THEN r.c0 END"
    return f"SELECT {', '.join([bounded, *names[1:]])} FROM ({text}) AS r({', '.join(names)})"


def _ahead(text: str, columns: int) -> str:
    """Return the statement whose rows say how large the rows behind them are together, and have
    NULL for a text that is larger than `LARGEST_ROW`.

    PostgreSQL keeps what it looks ahead at in a file, beyond its `work_mem`.
    """
    names = [f"c{number}" for number in range(columns)]
    bounded = f"CASE WHEN octet_length(r.c0) <= {LARGEST_ROW} THEN r.c0 END"
    sums = [
        f"coalesce(sum(octet_length(r.c0)) OVER (ROWS BETWEEN 1 FOLLOWING AND {step} FOLLOWING), 0)"
        for step in STEPS
    ]
    shown = ", ".join([bounded, *names[1:], *sums])
    return f"SELECT {shown} FROM ({text}) AS r({', '.join(names)})"


class Spooler:
    """Writes results to files of `most` bytes, in `limit_ms` each."""

    def __init__(self, most: int, limit_ms: int) -> None:
        self._most = most
        self._limit_ms = limit_ms

    async def run(self, connection: asyncpg.Connection, spooling: Spooling) -> Rows | None:
        """Return the only row, the spool in the first place of it; None where there are no rows.

        The connection must be in a transaction. Raises StatementTimeout, RequestError 54000.
        """
        text, values = spooling.statement()
        end = perf_counter() + self._limit_ms / 1000
        cursor = await connection.cursor(numbered(_ahead(text, spooling.columns)), *values)
        rows = await cursor.fetch(1)
        if not rows:
            return None
        writer, spool, first = spooling.writer(), Spool(self._most), rows[0]
        # A thread that is still writing when this is cancelled has the spool, which closes with it.
        while rows:
            await asyncio.to_thread(_write, rows, writer, spool)
            if perf_counter() > end:
                raise StatementTimeout(self._limit_ms)
            rows = await cursor.fetch(_how_many(rows[-1], spooling.columns))
        spool.write(writer.end())
        spool.flush()
        return [(spool, *first[1 : spooling.columns])]


def _write(rows: Sequence[asyncpg.Record], writer: RowWriter, spool: Spool) -> None:
    for row in rows:
        if row[0] is None:
            raise RequestError("54000", "a value is larger than the database allows", status=413)
        spool.write(writer.row(row[0]))


def _how_many(last: Sequence[Any], columns: int) -> int:
    """Return how many rows behind the last one are together no larger than `PIECE`, or one."""
    sums = last[columns : columns + len(STEPS)]
    return next((step for step, size in zip(STEPS, sums, strict=True) if size <= PIECE), 1)
