"""An index of the groups of one table, by the column values that their rules and filters require.

In charge of finding the groups that a change may affect, so that its cost does not grow with all
groups of the table. Must not know whether the change does affect them (`matching`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from jotbase.realtime.matching.equalities import ComparedColumn, Needed, OneOf
from jotbase.values import Row

T = TypeVar("T")


class EqualityIndex(Generic[T]):
    """Items by required column values; items without any are found for every change."""

    __slots__ = ("_by_column", "_others", "_places")

    def __init__(self) -> None:
        self._by_column: dict[ComparedColumn, dict[Hashable, dict[T, None]]] = {}
        self._others: dict[T, None] = {}
        self._places: dict[T, tuple[Needed, ...]] = {}

    def add(self, item: T, filters: Iterable[Sequence[OneOf]]) -> None:
        """Index an item that a row has to pass one of the filters of: by the rarest of what each
        needs, or as one that any row may concern where a filter needs nothing.
        """
        chosen: list[OneOf] = []
        for needed in filters:
            if not needed:
                self._others[item] = None
                return
            chosen.append(min(needed, key=self._crowd))
        places = tuple(dict.fromkeys(place for one_of in chosen for place in one_of))
        self._places[item] = places
        for column, wanted in places:
            self._by_column.setdefault(column, {}).setdefault(wanted, {})[item] = None

    def remove(self, item: T) -> None:
        """Remove an item."""
        self._others.pop(item, None)
        for column, wanted in self._places.pop(item, ()):
            values = self._by_column[column]
            del values[wanted][item]
            if not values[wanted]:
                del values[wanted]
            if not values:
                del self._by_column[column]

    def affected(self, *rows: Row | None) -> tuple[T, ...]:
        """Return each item that any of the rows may pass the filters of, once."""
        found = dict(self._others)
        for column, values in self._by_column.items():
            for row in rows:
                if row is not None:
                    found.update(dict.fromkeys(_having(column, values, row)))
        return tuple(found)

    def _crowd(self, one_of: OneOf) -> int:
        places = (self._by_column.get(column, {}).get(wanted, ()) for column, wanted in one_of)
        return sum(map(len, places))


def _having(column: ComparedColumn, values: dict[Hashable, dict[T, None]], row: Row) -> Iterable[T]:
    """Return who needs what the row has; all of the column where another program left in it what
    is no such value, which is for the judge to meet.
    """
    try:
        return values.get(column.of(row), ())
    except (TypeError, ArithmeticError):
        return (one for listed in values.values() for one in listed)
