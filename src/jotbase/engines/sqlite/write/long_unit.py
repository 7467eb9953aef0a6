"""A long unit of work, run to its end in the writer's thread.

In charge of the unit's statements and steps there, of the time limits of both, and of one hand-over
to the thread for all of them: each costs 0.1 ms, and a bulk insert has a dozen statements. Must not
know what the unit does, nor begin or end its transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from math import inf
from time import perf_counter, thread_time
from typing import Any

import apsw

from jotbase.engines.calls.call_deadline import code_holds
from jotbase.engines.calls.worker_thread import INSIST_EVERY
from jotbase.engines.sqlite.database.code_calls import ending, run
from jotbase.engines.sqlite.database.diagnosis import conflict, full
from jotbase.engines.sqlite.database.result_rows import Run, fetch_bounded
from jotbase.engines.sqlite.database.sqlite_errors import ConstraintName
from jotbase.engines.sqlite.read.costs import StatementCosts
from jotbase.engines.sqlite.write.write_queue import UnitOver, WriteQueue, next_step, thrown_step
from jotbase.engines.sqlite.write.write_transactions import WriteTransactions
from jotbase.errors import JotError, StatementTimeout, TransactionTimeout
from jotbase.records import dataclass
from jotbase.sql.units import PAUSE, Rows, Runnable, UnitOfWork

#: A statement of so many values is one of many rows, and is never tried on the event loop again:
#: what it cost need not be remembered, which would take a look at each value.
MANY_VALUES = 200

_IN_THREAD: Run = partial(run, fetch=fetch_bounded)


@dataclass(frozen=True, slots=True)
class UnitLimits:
    """How long a statement may take and when the unit must have ended: `end` is a perf_counter."""

    statement_ms: int
    unit_ms: int
    end: float


@dataclass(frozen=True, slots=True)
class UnitConnection:
    """What a unit's statements run on, and what is learned of them."""

    connection: apsw.Connection
    cursor: apsw.Cursor
    transactions: WriteTransactions
    costs: StatementCosts
    name: ConstraintName
    waiting: WriteQueue


class LongUnit:
    """A unit that has come as far as one of its statements, or as that statement's rows."""

    def __init__(self, unit: UnitOfWork[Any], on: UnitConnection, limits: UnitLimits) -> None:
        self._unit = unit
        self._on = on
        self._limits = limits
        self._deadline = inf

    def run(self, statement: Runnable, rows: Rows | None = None) -> Any:
        """Run the unit to its end, in the thread, and return its result; `rows` are the
        statement's, if it has run. Raises JotError as the unit does.
        """
        try:
            self._run(statement, rows)
        except UnitOver as over:
            # In a future it would hold, and be held by, the frames that it came through.
            return over.result

    def _run(self, statement: Runnable, rows: Rows | None) -> None:
        if rows is not None:
            statement = next_step(self._unit, rows)
        while True:
            try:
                found = [] if statement is PAUSE else self._rows(statement)
            except JotError as refused:
                if not self._on.connection.in_transaction:
                    raise
                statement = thrown_step(self._unit, refused)
            else:
                statement = next_step(self._unit, found)

    def _rows(self, statement: Runnable) -> Rows:
        on, limits, start = self._on, self._limits, perf_counter()
        if start > limits.end:
            raise TransactionTimeout(limits.unit_ms)
        text, values = statement.text, statement.params
        if limits.end < inf:
            self._deadline = min(start + limits.statement_ms / 1000, limits.end)
        used = thread_time()
        try:
            with ending(on.connection, partial(code_holds, on.waiting)):
                rows = perform(on.cursor, text, values, on.name, _IN_THREAD)
        except apsw.InterruptError as error:
            on.costs.mark_expensive(text, values)
            if perf_counter() > limits.end:
                raise TransactionTimeout(limits.unit_ms) from error
            raise StatementTimeout(limits.statement_ms) from error
        except Exception as error:
            raise on.transactions.refusal(error, text) from error
        finally:
            self._deadline = inf
        if len(values) < MANY_VALUES:
            on.costs.ran_in_thread(text, values, thread_time() - used)
        return rows

    def stop_in_time(self, job: asyncio.Future[Any]) -> None:
        """Interrupt whichever statement passes its deadline while the job runs; on the loop.

        A statement that begins after a look has its deadline no earlier than the next one.
        """
        loop, limits = asyncio.get_running_loop(), self._limits
        if limits.end == inf:
            return

        def look() -> None:
            now = perf_counter()
            if now >= self._deadline:
                self._on.connection.interrupt()
            until = min(self._deadline, now + limits.statement_ms / 1000, max(now, limits.end))
            timer[0] = loop.call_later(max(until - now, INSIST_EVERY), look)

        timer = [loop.call_later(0, look)]
        job.add_done_callback(lambda _: timer[0].cancel())


def perform(
    cursor: apsw.Cursor, text: str, values: Sequence[Any], name: ConstraintName, run_: Run
) -> Rows:
    """Run a statement; a violated constraint names the rows that are in conflict."""
    try:
        return run_(cursor, text, values)
    except apsw.ConstraintError as error:
        raise conflict(cursor, error, text, values, name) from error
    except apsw.FullError as error:
        raise full(cursor, error, text) from error
