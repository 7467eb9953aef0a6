"""The session of project code: statements and units on one connection, inside one transaction.

In charge of what the code may do with a connection, in its own thread. Must not know who begins and
ends the transaction, nor the statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

import apsw

from jotbase.engines.calls.call_deadline import CallDeadline, code_holds
from jotbase.engines.sqlite.database.code_calls import ending, run
from jotbase.engines.sqlite.database.diagnosis import conflict, full
from jotbase.engines.sqlite.database.sqlite_errors import ConstraintName, refusal, target
from jotbase.engines.sqlite.write.changeset import Recording
from jotbase.errors import JotError, RequestError
from jotbase.sql.units import PAUSE, RolledBack, Rows, UnitOfWork

Result = TypeVar("Result")


class SqliteSession:
    """See `Session`; of one thread. It goes on for as long as it is allowed to.

    A `recording` takes note of what is changed. `others` is true if any wait for the connection.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        deadline: CallDeadline,
        name: ConstraintName,
        recording: Recording | None = None,
        others: object = (),
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._deadline = deadline
        self._name = name
        self._recording = recording
        self._others = others

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement; see `Session.read`."""
        self._check()
        self._deadline.begin()
        try:
            with ending(self._connection, self._code_ending):
                return self._perform(text, values)
        except apsw.InterruptError as error:
            raise self._deadline.stopped() from error
        except apsw.ReadOnlyError as error:
            verb = target(text)[0] or "this"
            message = f"cannot execute {verb} in a read-only transaction"
            raise RequestError("25006", message) from error
        except Exception as error:
            raise refusal(error, text, self._deadline.limit_ms) from error

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit; see `Session.run`."""
        self._check()
        self._cursor.execute("SAVEPOINT unit")
        try:
            result = self._drive(work())
        except RolledBack as undone:
            self._undo()
            kept: Result = undone.result
            return kept
        except BaseException:
            self._undo()
            raise
        self._cursor.execute("RELEASE unit")
        return result

    def _drive(self, unit: UnitOfWork[Result]) -> Result:
        try:
            statement = next(unit)
            while True:
                try:
                    paused = statement is PAUSE
                    rows = [] if paused else self.read(statement.text, statement.params)
                except JotError as refused:
                    statement = unit.throw(refused)
                else:
                    statement = unit.send(rows)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            unit.close()

    def _code_ending(self, seconds: float) -> Exception | None:
        return self._deadline.ending(seconds) or code_holds(self._others, seconds)

    def _check(self) -> None:
        """Raise if the deadline is over, or if the transaction was rolled back by an interrupt.

        SQLite rolls the transaction back when a write is interrupted; a later statement would begin
        a new one.
        """
        error = self._deadline.over()
        if error is None and not self._connection.in_transaction:
            error = self._deadline.stopped()
        if error is not None:
            raise error

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK TO unit")
            self._cursor.execute("RELEASE unit")
        if self._recording is not None:
            self._recording.forget()

    def _perform(self, text: str, values: Sequence[Any]) -> Rows:
        try:
            rows = run(self._cursor, text, values)
        except apsw.ConstraintError as error:
            # Diagnosing a conflict needs the pre-update hook that the recording uses.
            with self._recording.paused() if self._recording is not None else nullcontext():
                raise conflict(self._cursor, error, text, values, self._name) from error
        except apsw.FullError as error:
            raise full(self._cursor, error, text) from error
        return rows
