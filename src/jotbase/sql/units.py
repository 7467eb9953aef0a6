"""A unit of work: the statements of one write, as a generator that an engine drives.

In charge of letting pure code say «run this, then with what came back run that» without a database:
the generator yields a statement and is sent the rows; what it returns is the unit's result, and an
exception that leaves it undoes all that it did. Must not know how, or on what, statements run.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")

#: What a statement gave back: one tuple a row, in the order of its columns.
Rows = list[tuple[Any, ...]]


class Runnable(Protocol):
    """What an engine can run: a `Fragment`, or a `Statement` whose text is ready already."""

    @property
    def text(self) -> str:
        """The SQL, with a `?` for each parameter."""

    @property
    def params(self) -> Sequence[Any]:
        """The values to bind, in order, no slot among them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL from a cached plan with this request's values: nothing is joined or numbered again."""

    text: str
    params: Sequence[Any] = ()


#: Is no statement: a unit that thinks for long yields it so that others have their turn.
PAUSE = Statement("")
#: So many rows are looked at between two pauses: some 2 ms.
TURN = 500

#: Yields statements, is sent their rows, returns the unit's result. What the database refuses is
#: raised at the `yield` (the statement alone is undone), so a unit may catch it and go on.
UnitOfWork = Generator[Runnable, Rows, Result]


class RolledBack(Exception):
    """Raised by a unit that wants all it did undone and its result given all the same.

    `Prefer: tx=rollback` and `explain` of a write ask for this.
    """

    def __init__(self, result: Any) -> None:
        super().__init__("rolled back as asked")
        self.result = result
