"""The PostgreSQL engine: opens its parts, and delegates each method of the protocol to one.

In charge of the order of opening and closing. Must not know how the parts work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from jotbase.engines.base import REPLICA, Session, last_to_prune
from jotbase.engines.calls.call_threads import CallLimits
from jotbase.engines.calls.turns import share
from jotbase.engines.postgresql.database.pool import ConnectionPool, PoolLimits
from jotbase.engines.postgresql.database.view_columns import COLUMNS, VIEWS, origins
from jotbase.engines.postgresql.log.change_log import ChangeLog, Decode, decode_plain
from jotbase.engines.postgresql.log.pruning import prune
from jotbase.engines.postgresql.read.reader import Reader
from jotbase.engines.postgresql.read.replicas import Replica, Replicas
from jotbase.engines.postgresql.write.caller import CallRunner
from jotbase.engines.postgresql.write.computed_values import (
    Compute,
    ComputedFieldsNeeded,
    caller_of,
)
from jotbase.engines.postgresql.write.transaction import TimeLimits
from jotbase.engines.postgresql.write.writer import Writer
from jotbase.engines.spool import MOST
from jotbase.errors import JotError
from jotbase.sql.dialect import POSTGRES, Dialect
from jotbase.sql.units import Rows, Spooling, UnitOfWork
from jotbase.values import Change, never_disconnected, never_ended

Result = TypeVar("Result")

#: Connections that are kept for the backend's own looks: callers' reads never take them.
OWN = PoolLimits(connections=2)
#: Numbers that a partition of the change log has.
PARTITION = 65_536


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    """The options of an engine besides its URL.

    `decode` makes a row of a table's JSON in the change log. A statement may take
    `statement_timeout` ms, and wait `lock_timeout` ms for a lock; a unit of work may take
    `unit_timeout` ms. `pool` says how many requests use the database and wait, `calls` how many
    calls of functions do, which hold three quarters of the connections at most; `compute` calls the
    project's code for a row. `replicas` are the URLs of standbys that reads may go to. An answer to
    a read may have `max_answer` bytes.
    """

    decode: Decode = decode_plain
    statement_timeout: int = 8000
    unit_timeout: int = 20_000
    lock_timeout: int = 5000
    pool: PoolLimits = field(default_factory=PoolLimits)
    calls: CallLimits = field(default_factory=CallLimits)
    compute: Compute | None = None
    replicas: tuple[str, ...] = ()
    max_answer: int = MOST


class PostgresEngine:
    """One PostgreSQL database (`jotbase.engines.base.Engine`). Call `open` first, on the loop."""

    def __init__(self, url: str, options: PostgresOptions | None = None) -> None:
        self._url = url
        self._options = options or PostgresOptions()
        self._open = False

    @property
    def dialect(self) -> Dialect:
        """How this database spells SQL."""
        return POSTGRES

    async def open(self) -> None:
        """Open the connections. Raises ProjectError if the server cannot be used."""
        options = self._options
        limits = TimeLimits(options.statement_timeout, options.unit_timeout, options.lock_timeout)
        self._pool = ConnectionPool(self._url, options.pool, limits.statement, limits.lock)
        self._own_pool = ConnectionPool(self._url, OWN, limits.statement, limits.lock)
        await self._pool.open()
        try:
            await self._own_pool.open()
        except BaseException:
            await self._pool.close()
            raise
        self._reader = Reader(self._pool, options.statement_timeout, options.max_answer)
        self._own = Reader(self._own_pool, options.statement_timeout)
        self._log = ChangeLog(self._url, self._own, options.decode)
        self._replicas = self._follow(options)
        self._writer = Writer(self._pool, limits, self._committed)
        # A call has its connection while its code waits, too: some are left to requests.
        threads = min(options.calls.threads, share(options.pool.connections))
        calls = replace(options.calls, threads=threads)
        self._calling = CallRunner(self._pool, limits, calls, self._committed, options.compute)
        self._open = True

    def _follow(self, options: PostgresOptions) -> Replicas | None:
        """Return the replicas, whose positions are polled from now on."""
        if not options.replicas:
            return None
        limits = (options.pool, options.statement_timeout, options.lock_timeout)
        pools = (ConnectionPool(url, *limits) for url in options.replicas)
        timeout, most = options.statement_timeout, options.max_answer
        found = [Replica(pool, timeout, most) for pool in pools]
        replicas = Replicas(found, self._own)
        replicas.start()
        return replicas

    def _committed(self) -> None:
        """Notify the change log of a commit that may have logged changes."""
        if self._replicas is not None:
            self._replicas.committed()
        self._log.committed()

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        """Run one reading statement; see `Engine.read`. What asks for computed columns comes as
        one text, however large: PostgreSQL makes it, and bounds it to 1 GiB.
        """
        if caller_of(values) is not None:
            return await self.call(lambda session: session.read(text, values), reads=True)
        if self._replicas is not None and (asked := REPLICA.get()) is not None:
            found = await self._replicas.read(text, values, asked, spooling)
            if found is not None:
                return found
        return await self._reader.read(text, values, spooling)

    def read_now(self, text: str, values: Sequence[Any]) -> Rows | None:
        """Return None: a read always waits for the server."""
        return None

    async def read_internal(self, text: str, values: Sequence[Any]) -> Rows:
        """Run a statement of the backend's own; see `Engine.read_internal`."""
        return await self._own.read(text, values)

    def unavailable_reason(self) -> str | None:
        """Return why the last check of the database failed; see `Engine.unavailable_reason`."""
        return self._log.fault

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Drive a unit of work to its end; see `Engine.write`."""
        try:
            return await self._writer.write(work, timed=timed)
        except ComputedFieldsNeeded:  # nothing is written yet
            return await self.call(lambda session: session.run(work), reads=False)

    async def call(
        self,
        work: Callable[[Session], Result],
        *,
        reads: bool,
        again: bool = True,
        gone: Callable[[], bool] = never_disconnected,
        ending: Callable[[], JotError | None] = never_ended,
    ) -> Result:
        """Run work in a transaction of its own; see `Engine.call`."""
        return await self._calling.call(work, reads=reads, again=again, gone=gone, ending=ending)

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        """Return the committed changes with numbers above `after`, in order."""
        return await self._log.after(after, limit)

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return the origins of a view's columns; see `Engine.origins`."""
        views = await self._own.read(VIEWS, ())
        return origins(view, views, await self._own.read(COLUMNS, ()))

    async def timeline(self) -> tuple[tuple[str, int], ...]:
        """Return the epochs of the log's numbers; see `Engine.timeline`."""
        return await self._log.timeline()

    async def last_change(self) -> tuple[int, int]:
        """Return the oldest number still in the log (0: it is empty) and the newest ever given."""
        return await self._log.ends()

    def on_commit(self, bell: Callable[[], None]) -> None:
        """Ring `bell` on the event loop after commits that logged changes, whoever made them."""
        self._log.on_commit(bell)

    async def prune(
        self, keep_rows: int, keep_seconds: float | None = None, untold: int | None = None
    ) -> int:
        """Delete old changes from the log; see `Engine.prune`."""
        before = ""
        if keep_seconds is not None:
            before = (datetime.now(UTC) - timedelta(seconds=keep_seconds)).isoformat()
        _, newest = await self._log.ends()
        if not newest:
            return 0
        last = last_to_prune(newest, keep_rows, untold)
        return await self.write(lambda: prune(last, before, PARTITION))

    async def close(self) -> None:
        """Wait for running work and close; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        await self._log.close()
        if self._replicas is not None:
            await self._replicas.close()
        await self._calling.close()
        await self._writer.close()
        await self._pool.close()
        await self._own_pool.close()
