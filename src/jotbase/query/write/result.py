"""The result of a write, and its environment.

In charge of the types of a unit's result and of what a unit needs besides its plan. Must not know
how a write is executed or how its result is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import quote

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import Guard
from jotbase.query.plan.updatable import name_in_view
from jotbase.records import dataclass
from jotbase.schema.model.tables import Table
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import Rows
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The result of a write: the number of `affected` rows, and their JSON array in `body` if it
    was requested, with these `keys`.

    `location` is the query that selects the only new row (`id=eq.5`). `created` says that at least
    one row was inserted rather than merged. `plans` are (verb, steps) of the executed statements if
    the query plan was requested.
    """

    affected: int
    body: str | None = None
    keys: tuple[str, ...] = ()
    location: str | None = None
    created: bool = True
    plans: tuple[tuple[str, Rows], ...] = ()


@dataclass(frozen=True, slots=True)
class SharedDefault:
    """A column's default that has the same value for all rows of a request."""

    of: Callable[[Context], Any]

    def __call__(self, context: Context) -> Any:
        """Return the default's value."""
        return self.of(context)


@dataclass(frozen=True, slots=True)
class WriteContext:
    """The environment of writes to one table.

    `defaults` evaluate a column's `defaultExpression` for one new row. `trusted` allows writing
    `readOnly` columns, for seeds; requests of clients are never trusted.
    """

    check: RowCheck
    guard: Guard
    dialect: Dialect = SQLITE
    defaults: Mapping[str, Callable[[Context], Any]] = field(default_factory=dict)
    trusted: bool = False


def not_single(count: int) -> RequestError:
    """Return the error for a response that must be a single object."""
    return RequestError(
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        details=f"The result contains {count} rows",
    )


def location_query(table: Table, rows: Sequence[Row]) -> str | None:
    """Return the query that selects the row: `id=eq.5`."""
    key = [(name, rows[0][name]) for name in table.primary_key]
    if not key or any(value is None or table.by_name[name].write_only for name, value in key):
        return None
    return "&".join(
        f"{quote(name_in_view(table, name), safe='')}=eq.{quote(_filter_text(value), safe='')}"
        for name, value in key
    )


def _filter_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
