"""A function of a row, asked for by the database in the middle of a statement.

In charge of such a function acting as its caller: what it reads, it reads on the same connection,
in the same snapshot, under the caller's rules. Must not know SQL, nor how functions are written.
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
from jotbase.schema.model.tables import Computed, Model
from jotbase.schema.values.convert import canonical, stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import Rows, UnitOfWork
from jotbase.values import Principal, Request, Response

#: Runs a statement on the connection that asks.
Read = Callable[[str, Sequence[Any]], Rows]


class _Stopped(CallAborted):
    """The database stopped a statement in the middle of a function: no failure of the function's.

    Nor is it the function's to catch: what it gave back then would be told as if it were the row's,
    where the statement is but begun again in a thread.
    """

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(slots=True)
class _Asking:
    """A session inside a statement: it reads."""

    perform: Read

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one reading statement."""
        try:
            return self.perform(text, values)
        except JotError:
            raise
        except Exception as error:
            raise _Stopped(error) from error

    def run(self, work: Callable[[], UnitOfWork[Any]]) -> Any:
        """Refuse: whoever reads a row must not change anything by it."""
        raise RequestError("25006", "a computed column or relation cannot write")


@dataclass(slots=True)
class Computing:
    """What the database asks. `functions` are by the keys of the model's computed columns.

    It is made before the engine, and told by `mean` what the project's files say.
    """

    functions: Mapping[str, Function] = field(default_factory=dict)
    known: Mapping[str, Computed] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    data: DataApi | None = None
    calls: Calls | None = None

    def mean(self, functions: Mapping[str, Function], data: DataApi, calls: Calls) -> None:
        """Take what the project's files say now."""
        self.functions, self.model = functions, data.model
        self.known = {one.key: one for of in data.model.computed.values() for one in of.values()}
        self.data, self.calls = data, calls

    def __call__(self, read: Read, key: str, row: str, caller: str) -> Any:
        """Return a computed value in its stored form, or a relation's rows as a document.

        Raises JotError, and what the database raised in the middle of it.
        """
        data, calls, found = self.data, self.calls, self.known.get(key)
        if data is None or calls is None or found is None:
            raise JotError("PGRSTX00", "The function is not there any more")
        session = _Asking(read)

        def ask(request: Request, principal: Principal) -> Response:
            return answer_within(request, principal, session, data, calls)

        function = self.functions[key]
        try:
            value = calls.run(function, orjson.loads(row), _principal(caller), ask)[0]
        except _Stopped as stopped:
            raise stopped.reason from None
        return run_contained(lambda: self._read(found, function, value, data.engine.dialect))

    def _read(self, found: Computed, function: Function, value: Any, dialect: Dialect) -> Any:
        """Return what the function gave back as the database takes it."""
        if found.target is not None:
            return rows_document(self.model.tables[found.target], function.returns, value)
        return _stored(found, value, dialect)


def _stored(found: Computed, value: Any, dialect: Dialect) -> Any:
    """Return a value as a column of its type would hold it."""
    plain = orjson.loads(encode_value(value))
    return stored(found.column.type, canonical(found.column, plain), dialect)


@lru_cache(maxsize=256)
def _principal(text: str) -> Principal:
    return Principal(**orjson.loads(text))
