"""What a write came to, and what it is done with.

In charge of the result of a unit of work, and of the things that a unit needs besides its plan.
Must not know how a write is done or how its result is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import Guard
from jotbase.records import dataclass
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import Rows


@dataclass(frozen=True, slots=True)
class WriteResult:
    """`affected` rows; `body` their JSON array where one was asked for, with these `keys`.

    `location` is the query that finds the one new row (`id=eq.5`). `created` says that at least
    one row is new, as against merged into an old one. `plans` are those of the statements that were
    run (their verb, and the database's steps), where the write was to be explained.
    """

    affected: int
    body: str | None = None
    keys: tuple[str, ...] = ()
    location: str | None = None
    created: bool = True
    plans: tuple[tuple[str, Rows], ...] = ()


@dataclass(frozen=True, slots=True)
class SharedDefault:
    """A column's default that is the same for all rows of a request."""

    of: Callable[[Context], Any]

    def __call__(self, context: Context) -> Any:
        """Return the value."""
        return self.of(context)


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What every write of one table is done with.

    `defaults` give a column's `defaultExpression` for one new row. `trusted` lets `readOnly`
    columns be written, as seeds and restores do; clients never are.
    """

    check: RowCheck
    guard: Guard
    dialect: Dialect = SQLITE
    defaults: Mapping[str, Callable[[Context], Any]] = field(default_factory=dict)
    trusted: bool = False


def not_single(count: int) -> RequestError:
    """Return the error for an answer that should be one object."""
    return RequestError(
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        details=f"The result contains {count} rows",
    )
