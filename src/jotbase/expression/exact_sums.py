"""Sums and averages of decimals, which doubles would round: 0.1 + 0.2 is 0.3.

In charge of `sum` and `avg` where a project has decimals, in the place of SQLite's own, which views
call by these names too. Whole numbers stay whole. Must not know columns or requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.model.tables import Model, Type
from jotbase.schema.values.convert import EXACT_DIGITS, GREATEST, LEAST
from jotbase.sql.aggregate import Aggregate

#: Doubles lie between 1e308 and 1e-324: their sums are exact.
_EXACT = Context(prec=700, Emax=MAX_EMAX, Emin=MIN_EMIN)
_ROUNDED = Context(prec=EXACT_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)


class Sum:
    """The sum of a group: whole numbers, and the others as the decimals that they say."""

    __slots__ = ("count", "fractions", "parts", "whole")

    def __init__(self) -> None:
        self.count = 0
        self.fractions = 0
        self.whole = 0
        self.parts = Decimal(0)

    def step(self, value: Any) -> None:
        """Take a row's value in; NULL is none."""
        self._add(value, 1)

    def inverse(self, value: Any) -> None:
        """Take out what came in before."""
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
        """Return the sum: NULL of nothing. Raises RequestError 22003 beyond 64 bits."""
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
    """The average of a group, to as many digits as a decimal is kept with."""

    __slots__ = ()

    def value(self) -> float | None:
        """Return the average: NULL of nothing."""
        return float(_ROUNDED.divide(self.total(), Decimal(self.count))) if self.count else None


def _decimal(value: Any) -> Decimal:
    """Return a number as it is written; what is none, as another program left it, counts as 0."""
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
