"""Decimals as their column's schema sees them: a number and its text are one value.

In charge of the form in which a decimal is checked, and of the keywords for numbers where that form
is text, which JSON Schema would leave out (2020-12, validation, 6.2). All is exact. Must not know
how a value is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.convert import exact
from jotbase.schema.model import Column, Table, Type
from jotbase.schema.subschemas import pointer
from jotbase.schema.types import kinds, layers
from jotbase.values import Row

_Keeps = Callable[[Decimal, Decimal], bool]
_KEYWORDS: Mapping[str, tuple[_Keeps, str]] = {
    "minimum": (lambda value, limit: value >= limit, "less than the minimum of"),
    "maximum": (lambda value, limit: value <= limit, "greater than the maximum of"),
    "exclusiveMinimum": (lambda value, limit: value > limit, "not greater than"),
    "exclusiveMaximum": (lambda value, limit: value < limit, "not less than"),
    "multipleOf": (
        lambda value, step: (Fraction(value) / Fraction(step)).denominator == 1,
        "not a multiple of",
    ),
}
#: Larger ones are refused when they are stored; here they would take their time.
_LONGEST = 1000


class Decimals:
    """The decimal columns of a table, by the form in which their schemas take them."""

    def __init__(self, table: Table) -> None:
        columns = [column for column in table.columns if column.type is Type.DECIMAL]
        self._texts = {one.name for one in columns if "string" in kinds(one.schema, table.schema)}
        self._numbers = {one.name for one in columns} - self._texts
        self._limits = {one.name: _limits(one, table.schema) for one in columns}

    def __bool__(self) -> bool:
        return bool(self._limits)

    def in_form(self, row: Row) -> Row:
        """Return a row with each decimal in the form that its schema takes: text, or a number."""
        changed: Row = {}
        for name in self._texts & row.keys():
            if type(row[name]) in (int, float):
                changed[name] = _text(row[name])
        for name in self._numbers & row.keys():
            found = _decimal(row[name])
            if found is not None:
                changed[name] = found
        return row | changed if changed else row

    def faults(self, row: Row) -> list[dict[str, Any]]:
        """Return what keywords for numbers say against decimals that are checked as text."""
        found: list[dict[str, Any]] = []
        for name in self._texts & row.keys():
            value = _decimal(row[name]) if self._limits[name] else None
            if value is None:
                continue
            for keyword, limit in self._limits[name]:
                keeps, words = _KEYWORDS[keyword]
                if not keeps(value, limit):
                    message = f"the value is {words} {limit}"
                    at = pointer([name])
                    found.append({"pointer": at, "keyword": keyword, "message": message})
        return found


def _limits(column: Column, root: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    found: dict[tuple[str, Decimal], None] = {}
    for layer in layers(column.schema, root):
        for keyword in _KEYWORDS.keys() & layer.keys():
            found[keyword, Decimal(str(layer[keyword]))] = None
    return list(found)


def _text(number: float) -> Any:
    """Return a number as text; one that no decimal is stays a number, and is refused as such."""
    try:
        return exact(repr(number))
    except RequestError:
        return number


def _decimal(value: Any) -> Decimal | None:
    if type(value) not in (int, float, str) or len(str(value)) > _LONGEST:
        return None
    try:
        return Decimal(exact(value if isinstance(value, str) else repr(value)))
    except (RequestError, ArithmeticError):
        return None
