"""Twin of jotbase.sql.aggregate."""

from __future__ import annotations

from jotbase.expression.data_types.exact_sums import Sum
from jotbase.sql.aggregate import Aggregate, Window


def test_each_group_begins_anew() -> None:
    """What an aggregate makes has seen no row yet."""
    aggregate = Aggregate(Sum)
    first: Window = aggregate.make()
    first.step(1)

    assert (first.value(), aggregate.make().value()) == (1, None)
