"""Reads: cheap ones on the event loop, all others in threads.

In charge of no read blocking the loop beyond its budget, of the time limit, and of short reads
never waiting behind long ones. Must not know the statements. `costs` decides where a statement
runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter, thread_time
from typing import Any

import apsw

from jotbase.engines.base import ROOM
from jotbase.engines.engine_errors import closed
from jotbase.engines.spool import LARGEST_ROW, MOST
from jotbase.engines.sqlite.database.sqlite_errors import is_broken, refusal
from jotbase.engines.sqlite.database.view_columns import origins
from jotbase.engines.sqlite.read.costs import (
    BUDGET,
    DOUBT,
    STRETCH,
    LoopTimeLimit,
    StatementCosts,
    cannot_be_stopped,
)
from jotbase.engines.sqlite.read.lanes import Lanes, Timed, timed
from jotbase.engines.sqlite.read.spooling import spooling_work
from jotbase.errors import JotError, StatementTimeout
from jotbase.sql.units import Rows, Spooling

#: Concurrent reads that take longer than SHORT; how many of these lanes one caller never gets.
LANES, SPARED = 4, 1
#: Reads that run at one time in threads and have not been found longer than SHORT.
SHORT_LANES = 4
#: Bytes of a value, and of a result that one statement makes, in any lane but the large ones.
PLAIN = 4 * 1024 * 1024
#: Statements of more characters are prepared in a thread: SQLite takes 1 ms for some 10,000.
LONG_TEXT = 16_384
#: Larger results that are made at one time.
LARGE_LANES = 2
#: Statements that are remembered for their large results.
MOST_LARGE = 1000
#: How long a read may take in a short lane, in seconds; then it starts over in a long one.
SHORT = 0.05
#: The nice value of threads for long reads, relative to the event loop's.
NICE = 10


class Reader:
    """The reads of one database; created on the event loop."""

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        *,
        limit_ms: int,
        lock_ms: int,
        connection_functions: Iterable[str] = (),
        plain: bool = False,
        max_answer: int = MOST,
    ) -> None:
        """Without `plain`, results of any size are made on the loop and in all lanes."""
        self._max_answer = max_answer
        self._connect = connect
        self._plain = PLAIN if plain else None
        self._large_ones: dict[str, None] = {}
        self._limit_ms = limit_ms
        self._lock_ms = lock_ms
        self._costs = StatementCosts(connection_functions)
        self._open()
        self._short = self._lanes("jotbase-short", SHORT_LANES)
        self._long = self._lanes("jotbase-long", LANES, spared=SPARED, nice=NICE)
        self._large = Lanes("jotbase-large", LARGE_LANES, self._whole, limit_ms=limit_ms, nice=NICE)
        self._closed = False

    def _open(self) -> None:
        self._connection = self._bounded(self._connect())
        self._cursor = self._connection.cursor()
        self._alarm = LoopTimeLimit(self._connection)

    def _lanes(self, name: str, most: int, *, spared: int = 0, nice: int = 0) -> Lanes:
        connect, limit = self._waiting_for_locks, self._limit_ms
        return Lanes(name, most, connect, limit_ms=limit, spared=spared, nice=nice)

    def _waiting_for_locks(self) -> apsw.Connection:
        return self._bounded(self._patient())

    def _patient(self) -> apsw.Connection:
        """Connect for a thread: long reads take pages by and by, where a map keeps all of them."""
        connection = self._connect()
        connection.execute("PRAGMA mmap_size = 0")
        connection.set_busy_timeout(self._lock_ms)
        return connection

    def _whole(self) -> apsw.Connection:
        """Connect for large results: what is sorted goes to a file, and a row has a bound."""
        connection = self._patient()
        connection.execute("PRAGMA temp_store = FILE")
        if self._plain is not None:
            connection.limit(apsw.SQLITE_LIMIT_LENGTH, LARGEST_ROW)
        return connection

    def _bounded(self, connection: apsw.Connection) -> apsw.Connection:
        """Let no statement make more there than `PLAIN`; it starts over in a large lane."""
        if self._plain is not None:
            connection.limit(apsw.SQLITE_LIMIT_LENGTH, self._plain)
        return connection

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        """Run one reading statement. Raises StatementTimeout and what the database refuses."""
        rows = self.inline(text, values)
        return rows if rows is not None else await self._in_thread(text, values, spooling)

    def inline(self, text: str, values: Sequence[Any]) -> Rows | None:
        """Run the statement on the event loop; None if it is too expensive or has to wait."""
        if self._closed:
            raise closed()
        costs = self._costs
        if len(text) > LONG_TEXT or costs.is_expensive(text, values):
            return None
        used = thread_time() if costs.suspects and costs.is_suspect(text) else None
        start = self._alarm.start()
        try:
            if costs.is_new(text) and cannot_be_stopped(self._cursor, text, values):
                costs.mark_expensive(text, values, 1)
                return None
            rows: Rows = self._cursor.execute(text, values).fetchall()
        except apsw.InterruptError:
            costs.mark_expensive(text, values)
            return None
        except apsw.BusyError:
            return None
        except apsw.TooBigError:
            self._found_large(text)
            costs.mark_expensive(text, values)
            return None
        except Exception as error:
            self._reopen_after(error)
            raise refusal(error, text, self._limit_ms) from error
        took = perf_counter() - start
        if took > BUDGET:
            self._overran(text, values, took, used)
        return rows

    def rows(self, text: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Run a statement here and now, and give its rows one by one: for what is short by its
        form, whatever it seemed to cost. Who stops in the middle is to leave no row for later.
        """
        if self._closed:
            raise closed()
        cursor = self._connection.cursor()
        self._alarm.stop()
        try:
            yield from cursor.execute(text, values)
        except apsw.Error as error:
            self._reopen_after(error)
            raise refusal(error, text, self._limit_ms) from error
        finally:
            cursor.close(True)

    def short(self, text: str, values: Sequence[Any] = ()) -> Rows:
        """Return all rows of a statement that is known to be short."""
        return list(self.rows(text, values))

    def _overran(self, text: str, values: Sequence[Any], took: float, used: float | None) -> None:
        """Suspect a statement that came to its end too late; where that happens again, and it was
        the statement's own work, it owes a run in a thread. Under load the loop itself often loses
        the processor, and a read by key must not pay for that.
        """
        if used is None:
            self._costs.suspect(text)
        elif thread_time() - used > BUDGET or took > STRETCH * BUDGET:
            self._costs.mark_expensive(text, values, DOUBT)
        else:
            self._costs.clear_of_suspicion(text)

    def _reopen_after(self, error: Exception) -> None:
        """Reopen the connection if it may have cached wrong data of a failing disk."""
        if is_broken(error):
            self._connection.close(True)
            self._open()

    async def _in_thread(self, text: str, values: Sequence[Any], spooling: Spooling | None) -> Rows:
        work = timed(text, values)
        try:
            if text not in self._large_ones:
                try:
                    return await self._in_lane(work, text, values)
                except apsw.TooBigError:
                    self._found_large(text)
            await ROOM.get()()
            if spooling is not None:
                work = spooling_work(spooling, self._max_answer)
            rows, _ = await self._large.run(work, self._limit_ms / 1000)
        except apsw.InterruptError as error:
            self._costs.mark_expensive(text, values)
            raise StatementTimeout(self._limit_ms) from error
        except JotError:
            raise
        except Exception as error:
            raise refusal(error, text, self._limit_ms) from error
        return rows

    async def _in_lane(self, work: Timed, text: str, values: Sequence[Any]) -> Rows:
        limit = self._limit_ms / 1000
        if not self._costs.is_long(text, values):
            try:
                rows, used = await self._short.run(work, min(SHORT, limit))
            except apsw.InterruptError:
                self._costs.found_long(text, values)
                if limit <= SHORT:
                    raise
            else:
                self._costs.ran_in_thread(text, values, used)
                return rows
        rows, used = await self._long.run(work, limit)
        self._costs.ran_in_thread(text, values, used)
        if used < SHORT / 2:
            self._costs.found_short(text, values)
        return rows

    def _found_large(self, text: str) -> None:
        if self._plain is None:
            return
        if len(self._large_ones) >= MOST_LARGE:
            self._large_ones.clear()
        self._large_ones[text] = None

    async def image(self) -> bytes:
        """Return the whole database as bytes."""
        return await self._long.run(lambda connection: connection.serialize("main"))

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return the table and column behind each of a view's columns."""
        return await self._short.run(lambda connection: origins(connection, view))

    async def close(self) -> None:
        """Interrupt running reads, and close all connections."""
        self._closed = True
        await asyncio.gather(self._short.close(), self._long.close(), self._large.close())
        self._connection.close(True)
