"""Reads on replicas: standbys that follow the primary, and may be behind it.

A replica is as fresh as the last moment at which the primary was asked for its position in the
write-ahead log and which the replica has replayed since. In charge of that, and of which read may
go there: its caller wrote before that moment, and the changes that its client has seen are there.
All else goes to the primary, as what fails on a replica does. Must not know what is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from jotbase.engines.base import CALLER, ReplicaRead
from jotbase.engines.postgresql.database.pool import ConnectionPool
from jotbase.engines.postgresql.read.reader import Reader
from jotbase.engines.spool import MOST
from jotbase.errors import JotError, ProjectError, StatementTimeout
from jotbase.sql.units import Rows, Spooling

log = logging.getLogger(__name__)

#: How often replicas are looked at, in seconds.
LOOK_EVERY = 0.1
#: A replica that is further behind is not read, in seconds: so long may a right that was taken away
#: hold for reads.
MOST_BEHIND = 5.0
#: Callers of whom it is known when they wrote last; all others count as the oldest forgotten one.
MOST_WRITERS = 10_000

_WRITTEN = "SELECT pg_current_wal_lsn()::text"
_REPLAYED = (
    "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn(), '0/0')::text,"
    ' (SELECT "newest" FROM "jotbase"."log")'
)


def position(text: str) -> int:
    """Return a log sequence number (`16/B374D848`, pg_lsn) as an integer."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


class LastCommits:
    """The time of the last commit of each caller."""

    def __init__(self) -> None:
        self._wrote: OrderedDict[str, float] = OrderedDict()
        self._everybody = -inf

    def wrote(self, caller: str, now: float) -> None:
        """Record a commit; one of the server or the service role counts for every caller."""
        if not caller:
            self._everybody = now
            return
        self._wrote[caller] = now
        self._wrote.move_to_end(caller)
        if len(self._wrote) > MOST_WRITERS:
            self._everybody = max(self._everybody, self._wrote.popitem(last=False)[1])

    def last(self, caller: str) -> float:
        """Return the time of the last commit that the caller's reads must see."""
        return max(self._everybody, self._wrote.get(caller, -inf))


class Replica:
    """One standby: its pool, and the time up to which it is known to have replayed."""

    def __init__(self, pool: ConnectionPool, limit_ms: int, max_answer: int = MOST) -> None:
        self.reader = Reader(pool, limit_ms, max_answer)
        self.pool = pool
        self.is_open = False
        self.fault = ""
        self.fresh_at = -inf
        self.newest = 0

    async def look(self, written: Sequence[tuple[float, int]]) -> None:
        """Find out how fresh it is, from (moment, the primary's position then)."""
        try:
            if not self.is_open:
                await self.pool.open()
                self.is_open = True
            ((standby, replayed, newest),) = await self.reader.read(_REPLAYED, ())
        except (JotError, ProjectError) as error:
            self.fresh_at = -inf
            if self.fault != str(error):
                log.warning("a replica is not read: %s", error)
            self.fault = str(error)
            return
        self.fault = ""
        reached = position(replayed) if standby else 0
        self.fresh_at = max((at for at, place in written if place <= reached), default=-inf)
        self.newest = int(newest)


class Replicas:
    """All replicas of one database; `primary` reads the server's own statements there."""

    def __init__(self, replicas: Sequence[Replica], primary: Reader) -> None:
        self._replicas = list(replicas)
        self._primary = primary
        self._writers = LastCommits()
        self._written: deque[tuple[float, int]] = deque(maxlen=round(MOST_BEHIND / LOOK_EVERY))
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._looking: asyncio.Task[None] | None = None
        self._one_look = asyncio.Lock()
        self._turn = 0

    def start(self) -> None:
        """Start polling the replicas."""
        self._looking = asyncio.create_task(self._look())

    def committed(self) -> None:
        """Record a commit of the current request's caller."""
        self._writers.wrote(CALLER.get(), self._now())

    async def read(
        self,
        text: str,
        values: Sequence[Any],
        asked: ReplicaRead,
        spooling: Spooling | None = None,
    ) -> Rows | None:
        """Run a statement on a replica that is fresh enough; None if there is none, or it failed.

        Raises StatementTimeout: what takes too long there does so on the primary, too.
        """
        wrote, now = self._writers.last(CALLER.get()), self._now()
        for _ in self._replicas:
            self._turn = (self._turn + 1) % len(self._replicas)
            one = self._replicas[self._turn]
            fresh = one.fresh_at > max(wrote, now - MOST_BEHIND) and one.newest >= asked.least
            if not fresh:
                continue
            newest = one.newest
            try:
                rows = await one.reader.read(text, values, spooling)
            except StatementTimeout:
                raise
            except JotError as error:
                log.info("a read goes to the primary: %s", error)
                return None
            asked.seen = newest
            return rows
        return None

    async def look(self) -> None:
        """Find out how fresh each is; one look at a time, as the first one opens the pools."""
        async with self._one_look:
            at = self._now()
            try:
                ((written,),) = await self._primary.read(_WRITTEN, ())
                self._written.append((at, position(written)))
            except JotError as error:
                log.debug("the primary cannot be asked: %s", error)
            await asyncio.gather(*(one.look(self._written) for one in self._replicas))

    async def _look(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def close(self) -> None:
        """Stop polling, and close the pools."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await asyncio.gather(*(one.pool.close() for one in self._replicas))
