"""A unit of work: the statements of one write, as a generator that an engine drives.

In charge of the protocol by which pure code runs several statements, each depending on the rows of
the one before: the generator yields a statement and is sent its rows; its return value is the
result of the unit; an exception that leaves it rolls the unit back. Must not know how an engine
runs statements.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
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


#: Not a statement: a unit that computes for long yields it so that the engine can run other work.
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
