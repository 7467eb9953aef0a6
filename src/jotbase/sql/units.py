"""A unit of work: the statements of one write, as a generator that an engine drives.

In charge of the protocol by which pure code runs several statements, each depending on the rows of
the one before: the generator yields a statement and is sent its rows; its return value is the
result of the unit; an exception that leaves it rolls the unit back. A read's result that is too
large for memory is written row by row (`Spooling`). Must not know how an engine runs statements.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")

#: The result of a statement: one tuple for each row, in the order of its columns.
Rows = list[tuple[Any, ...]]


class Runnable(Protocol):
    """A statement that an engine can run: a `Fragment`, or a `Statement` of a cached plan."""

    @property
    def text(self) -> str:
        """The SQL, with a `?` for each parameter."""

    @property
    def params(self) -> Sequence[Any]:
        """The values to bind, in order; every slot is filled."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The SQL text of a cached plan with the values of one request."""

    text: str
    params: Sequence[Any] = ()


class RowWriter(Protocol):
    """Writes rows' JSON texts as an answer's body; of one statement."""

    def row(self, text: str) -> bytes:
        """Return what the next row adds."""

    def end(self) -> bytes:
        """Return what stands behind the last row."""


@dataclass(frozen=True, slots=True)
class Spooling:
    """How a result that is too large for memory is made, row by row.

    `statement` returns text and values of one that gives each row's JSON text to the aggregate
    `jot_spool`, whose value comes first in the only row; on PostgreSQL, which has no such thing,
    the text comes first in a row of its own. `writer` makes the answer of them. The statement of
    which all this is the large form gives so many `columns`.
    """

    statement: Callable[[], tuple[str, Sequence[Any]]]
    writer: Callable[[], RowWriter]
    columns: int


class ComputedFor(str):
    """A bound value: the caller for whom a statement's computed fields are, as JSON.

    A database that cannot call the project's code is given what is known of the fields instead.
    """

    __slots__ = ()


#: Not a statement: a unit that computes for long yields it so that the engine can run other work.
#: What comes next may run in another thread, as what is made of more than `TURN` rows.
PAUSE = Statement("")
#: How many rows a unit handles between two pauses, some 2 ms of work.
TURN = 500

#: Yields statements, is sent their rows, returns the unit's result. An error of the database is
#: raised at the `yield` with that statement alone undone, so a unit may catch it and continue.
UnitOfWork = Generator[Runnable, Rows, Result]


class RolledBack(Exception):
    """Raised by a unit to be rolled back and return its result all the same.

    For `Prefer: tx=rollback` and for `EXPLAIN ANALYZE` of a write.
    """

    def __init__(self, result: Any) -> None:
        super().__init__("rolled back on request")
        self.result = result
