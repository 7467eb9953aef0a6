"""One transaction on one connection: statements, and units of work nested in it.

In charge of savepoints: PostgreSQL aborts a whole transaction for one failed statement, which is to
be undone alone. Must not know who retries a transaction, or when.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import Any, Literal, TypeVar, cast

import asyncpg

from jotbase.engines.postgresql.database.placeholders import numbered
from jotbase.engines.postgresql.database.postgres_errors import (
    SerializationFailure,
    commit_refusal,
    is_disconnect,
    is_serialization_failure,
    outcome_unknown,
    refusal,
)
from jotbase.engines.postgresql.write.computed_values import (
    ComputedFieldsNeeded,
    KnownValues,
    caller_of,
)
from jotbase.errors import JotError, RequestError, TransactionTimeout
from jotbase.sql.units import PAUSE, RolledBack, Rows, Runnable, Statement, UnitOfWork

Result = TypeVar("Result")

#: Units as if one ran after the other (13.2.3); what only reads sees one state (13.2.2).
Mode = Literal["SERIALIZABLE", "REPEATABLE READ, READ ONLY"]

#: Characters and bytes that the rows of one writing statement may have together.
MOST_GIVEN = 64 << 20

_CONTROL = re.compile(r"\s*(?:SAVEPOINT|ROLLBACK|RELEASE)\b", re.IGNORECASE)
_READS = re.compile(r"\s*\(?\s*(?:SELECT|VALUES|TABLE)\b", re.IGNORECASE)
_MARK, _UNIT = "jotbase_statement", "jotbase_unit"


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a statement, a unit of work and the wait for a lock may take, in milliseconds."""

    statement: int
    unit: int
    lock: int


class Transaction:
    """A transaction. Call `begin` first, and `commit` or `roll_back` last."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        limits: TimeLimits,
        mode: Mode,
        *,
        settings: str = "",
        timed: bool = True,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._begin = f"BEGIN ISOLATION LEVEL {mode}" + (f"; {settings}" if settings else "")
        if not timed:
            self._begin += "; SET LOCAL statement_timeout = 0"
        self._end = perf_counter() + limits.unit / 1000 if timed else inf
        self._ran = False
        self._marked = False
        self._failed: JotError | SerializationFailure | None = None
        self.wrote = False

    async def complete(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Begin, do the work and commit; return its result.

        What the work raises undoes all that was written, and is raised here; so does RolledBack,
        whose result is returned.
        """
        await self.begin()
        try:
            result = await work()
            await self.commit()
        except RolledBack as undone:
            await self.roll_back()
            return cast(Result, undone.result)
        except BaseException:
            await self.roll_back()
            self._failed = None  # which has this transaction in its traceback's frames
            raise
        return result

    async def begin(self) -> None:
        """Begin the transaction."""
        await self._connection.execute(self._begin)

    async def run(self, statement: Runnable) -> Rows:
        """Run one statement.

        Raises JotError for a failed statement, which alone is undone, and SerializationFailure
        where the whole transaction is.
        """
        text = statement.text
        if _CONTROL.match(text):
            # What the unit itself marked must outlive a refused statement.
            self._ran, self._marked = True, False
            await self._connection.execute(text)
            return []
        if self._failed is not None:
            raise self._failed
        if perf_counter() > self._end:
            raise TransactionTimeout(self._limits.unit)
        reads = _READS.match(text) is not None
        if self._ran and not reads:
            await self._mark()
        try:
            rows = await self._fetch(text, statement.params)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TypeError, ValueError,
                OverflowError) as error:  # fmt: skip
            if is_serialization_failure(error):
                # Kept, since a call's code may catch it, and must not go on.
                self._failed = SerializationFailure()
                raise self._failed from error
            found = refusal(error, text, self._limits.statement)
            try:
                await self._undo(error, found, reads=reads)
                raise found from error
            finally:
                del found  # which has this frame in its traceback
        self._ran = True
        self.wrote = self.wrote or not reads
        return rows

    async def look(self, text: str, values: Sequence[Any], known: KnownValues) -> Rows:
        """Run a reading statement that asks for computed fields, with what is known of them."""
        if not _READS.match(text):
            raise _not_computed()
        with known.listening(self._connection):
            return await self.run(Statement(text, known.given(values)))

    async def _mark(self) -> None:
        release = f"RELEASE SAVEPOINT {_MARK}; " if self._marked else ""
        self._marked = True
        await self._connection.execute(f"{release}SAVEPOINT {_MARK}")

    async def _undo(self, error: Exception, found: JotError, *, reads: bool) -> None:
        """Undo a failed statement; after one that only reads the transaction is aborted."""
        if is_disconnect(error):
            self._failed = found
        elif not self._ran:
            await self._connection.execute("ROLLBACK")
            await self._connection.execute(self._begin)
        elif reads:
            self._failed = found
        else:
            await self._connection.execute(f"ROLLBACK TO SAVEPOINT {_MARK}")

    async def _fetch(self, text: str, values: Sequence[Any]) -> Rows:
        if caller_of(values) is not None:
            raise ComputedFieldsNeeded
        left = None if self._end == inf else max(0.001, self._end - perf_counter())
        try:
            found = await self._connection.fetch(numbered(text), *values, timeout=left)
        except TimeoutError as error:
            raise TransactionTimeout(self._limits.unit) from error
        rows = list(map(tuple, found))
        if len(rows) > 1:
            _refuse_large(rows)
        return rows

    async def drive(self, unit: UnitOfWork[Result]) -> Result:
        """Run the statements of a unit of work until it returns; return its result."""
        try:
            statement = next(unit)
            while True:
                try:
                    rows = [] if statement is PAUSE else await self.run(statement)
                except JotError as refused:
                    statement = unit.throw(refused)
                else:
                    statement = unit.send(rows)
                if statement is PAUSE:
                    await asyncio.sleep(0)
        except StopIteration as stop:
            return cast(Result, stop.value)
        finally:
            unit.close()

    async def nested(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit inside the transaction; what it raises undoes the unit alone."""
        await self.begin_unit()
        try:
            result = await self.drive(work())
        except RolledBack as undone:
            await self.undo_unit()
            return cast(Result, undone.result)
        except (JotError, Exception) as error:
            if not isinstance(error, SerializationFailure):
                await self.undo_unit()
            raise
        await self.end_unit()
        return result

    async def begin_unit(self) -> None:
        """Begin a unit inside the transaction."""
        if self._failed is not None:
            raise self._failed
        await self._connection.execute(f"SAVEPOINT {_UNIT}")
        self._ran, self._marked = True, False

    async def end_unit(self) -> None:
        """Release the unit's savepoint."""
        self._marked = False
        await self._connection.execute(f"RELEASE SAVEPOINT {_UNIT}")

    async def undo_unit(self) -> None:
        """Roll back to the unit's savepoint."""
        self._marked, self._failed = False, None
        await self._connection.execute(f"ROLLBACK TO SAVEPOINT {_UNIT}; RELEASE SAVEPOINT {_UNIT}")

    async def commit(self) -> None:
        """Commit.

        Raises SerializationFailure, JotError 08007 if the commit was not acknowledged, or the
        JotError of a deferred constraint.
        """
        if self._failed is not None:
            raise self._failed
        try:
            answer = await self._connection.execute("COMMIT")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if is_serialization_failure(error):
                raise SerializationFailure from error
            if is_disconnect(error):
                raise outcome_unknown(error) from error
            raise commit_refusal(error, self._limits.statement) from error
        if answer != "COMMIT":  # of a transaction that was cut off, PostgreSQL says ROLLBACK
            raise TransactionTimeout(self._limits.unit)

    async def roll_back(self) -> None:
        """Roll back; after a failed connection the server has done so."""
        self.wrote = False
        if self._connection.is_closed() or not self._connection.is_in_transaction():
            return
        try:
            await self._connection.execute("ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._connection.terminate()


def _not_computed() -> RequestError:
    """Return the error of a statement that would have to write twice for its computed fields."""
    return RequestError(
        "PGRST127",
        "Feature not implemented",
        details="A writing statement cannot ask for what the project's code computes.",
        hint="Read it before or afterwards, or make it a generated column.",
    )


def _refuse_large(rows: Rows) -> None:
    size = sum(len(value) for row in rows for value in row if isinstance(value, str | bytes))
    if size > MOST_GIVEN:
        raise RequestError(
            "54000",
            "the rows that are written are together larger than the server holds in memory",
            details=f"The limit is {MOST_GIVEN} bytes.",
            hint="Write fewer rows at a time.",
        )
