"""Computed columns and relations: the database calls a project's function within a statement.

In charge of running the function as the request's caller: it reads on the same connection, in the
same snapshot, under the caller's rules. Must not know SQL, nor how functions are declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from jotbase.calls import Calls, answer_within
from jotbase.errors import CallAborted, JotError, RequestError, run_contained
from jotbase.pipeline import DataApi
from jotbase.query.plan.functions import Function
from jotbase.query.response.function_results import encode_value, rows_document
from jotbase.schema.model.tables import Computed, Model, Type
from jotbase.schema.values.convert import canonical, stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import Rows, UnitOfWork
from jotbase.values import Principal, Request, Response

#: Runs a statement on the connection that called the function.
Read = Callable[[str, Sequence[Any]], Rows]


class _StatementStopped(CallAborted):
    """The database interrupted the statement during the function (a time limit, a move to a
    thread).

    A CallAborted, so that the function cannot catch it and return a wrong value.
    """

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(slots=True)
class _StatementSession:
    """A read-only session inside a statement, for the function's data client."""

    perform: Read

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one reading statement."""
        try:
            return self.perform(text, values)
        except JotError:
            raise
        except Exception as error:
            raise _StatementStopped(error) from error

    def run(self, work: Callable[[], UnitOfWork[Any]]) -> Any:
        """Raise RequestError 25006: a read must not write."""
        raise RequestError("25006", "a computed column or relation cannot write")


@dataclass(slots=True)
class Computing:
    """The SQL function `jot_computed`. `functions` are by the keys of the model's computed fields.

    It is created before the engine, and configured when the project's files are loaded.
    """

    functions: Mapping[str, Function] = field(default_factory=dict)
    known: Mapping[str, Computed] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    data: DataApi | None = None
    calls: Calls | None = None

    def configure(self, functions: Mapping[str, Function], data: DataApi, calls: Calls) -> None:
        """Set the functions and the model of the loaded project."""
        self.functions, self.model = functions, data.model
        self.known = {one.key: one for of in data.model.computed.values() for one in of.values()}
        self.data, self.calls = data, calls

    def __call__(self, read: Read, key: str, row: str, caller: str) -> Any:
        """Return a computed value in its stored form, or a relation's rows as a JSON document.

        Raises JotError, and the database's exception when it interrupts the statement.
        """
        data, calls, found = self.data, self.calls, self.known.get(key)
        if data is None or calls is None or found is None:
            raise JotError("PGRSTX00", "The function is not there any more")
        session = _StatementSession(read)

        def ask(request: Request, principal: Principal) -> Response:
            return answer_within(request, principal, session, data, calls)

        function = self.functions[key]
        try:
            value = calls.run(function, orjson.loads(row), _principal(caller), ask)[0]
        except _StatementStopped as stopped:
            raise stopped.reason from None
        return run_contained(lambda: self._read(found, function, value, data.engine.dialect))

    def _read(self, found: Computed, function: Function, value: Any, dialect: Dialect) -> Any:
        """Return the function's result in the form that the statement expects."""
        if found.target is not None:
            return rows_document(self.model.tables[found.target], function.returns, value)
        return _stored(found, value, dialect)


def _stored(found: Computed, value: Any, dialect: Dialect) -> Any:
    """Return a value in the stored form of its type; on PostgreSQL as the one item of a JSON list,
    which `document_value` reads.
    """
    plain = orjson.loads(encode_value(value))
    kept = stored(found.column.type, canonical(found.column, plain), dialect)
    if not dialect.is_postgres:
        return kept
    if found.column.type in (Type.JSON, Type.ARRAY):
        return f"[{kept or 'null'}]"
    return orjson.dumps([kept.hex() if isinstance(kept, bytes) else kept]).decode()


@lru_cache(maxsize=256)
def _principal(text: str) -> Principal:
    return Principal(**orjson.loads(text))
