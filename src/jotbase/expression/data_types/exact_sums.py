"""Exact sums and averages of decimals, which doubles would round: 0.1 + 0.2 is 0.3.

In charge of `sum` and `avg` for projects with decimals; they replace SQLite's built-in aggregates,
so that views use them too. Sums of integers are integers. Must not know columns or requests.
Decision 73.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.model.tables import Model, Type
from jotbase.schema.values.convert import EXACT_DIGITS, GREATEST, LEAST
from jotbase.sql.aggregate import Aggregate

#: Enough digits for exact sums of doubles, which lie between 1e-324 and 1e308.
_EXACT = Context(prec=700, Emax=MAX_EMAX, Emin=MIN_EMIN)
_ROUNDED = Context(prec=EXACT_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)


class Sum:
    """The state of a sum: integers, and all other numbers by their shortest decimal text."""

    __slots__ = ("count", "fractions", "parts", "whole")

    def __init__(self) -> None:
        self.count = 0
        self.fractions = 0
        self.whole = 0
        self.parts = Decimal(0)

    def step(self, value: Any) -> None:
        """Add a row's value; NULL is ignored."""
        self._add(value, 1)

    def inverse(self, value: Any) -> None:
        """Subtract a value that was added before."""
        self._add(value, -1)

    def _add(self, value: Any, sign: int) -> None:
        if value is None:
            return
        self.count += sign
        if isinstance(value, int):
            self.whole += sign * value
            return
        self.fractions += sign
        self.parts = _EXACT.add(self.parts, sign * _decimal(value))

    def value(self) -> float | None:
        """Return the sum, None without values. Raises RequestError 22003 beyond 64 bits."""
        if not self.count:
            return None
        if self.fractions:
            return float(self.total())
        if not LEAST <= self.whole <= GREATEST:
            raise RequestError("22003", "bigint out of range")
        return self.whole

    def total(self) -> Decimal:
        """Return the exact sum."""
        return _EXACT.add(self.parts, self.whole)


class Average(Sum):
    """The state of an average, which is rounded to `EXACT_DIGITS` significant digits."""

    __slots__ = ()

    def value(self) -> float | None:
        """Return the average, None without values."""
        return float(_ROUNDED.divide(self.total(), Decimal(self.count))) if self.count else None


def _decimal(value: Any) -> Decimal:
    """Return a number's decimal; a value of another type, which only another program can have
    stored, counts as 0.
    """
    try:
        found = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def aggregates(model: Model, *, changing: bool = False) -> Mapping[str, Aggregate]:
    """Return what stands for SQLite's own aggregates: nothing where no column is a decimal, since
    a call of Python's for each row takes ten times as long. A `changing` model may come to have
    some.
    """
    exact = changing or any(
        column.type is Type.DECIMAL for table in model for column in table.columns
    )
    return {"sum": Aggregate(Sum), "avg": Aggregate(Average)} if exact else {}
