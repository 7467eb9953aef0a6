"""Sums and averages: exact, also while a window moves."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.expression.data_types.exact_sums import Average, Sum, aggregates
from jotbase.schema.model.tables import Model

CENTS = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30)


def come_to(one: Sum, values: list[Any]) -> Any:
    for value in values:
        one.step(value)
    return one.value()


@pytest.mark.parametrize(
    ("values", "total", "average"),
    [
        ([0.1, 0.2], 0.3, 0.15),
        ([100000.1, -100000], 0.1, 0.05),
        ([1, 2], 3, 1.5),
        ([1e300, 1, -1e300], 1.0, 0.333333333333333),
        ([None, 0.7, None], 0.7, 0.7),
        ([None], None, None),
        ([], None, None),
        (["0.5", b"x", "nope", float("inf")], 0.5, 0.125),
    ],
)
def test_sums_and_averages(values: list[Any], total: Any, average: Any) -> None:
    """Each value is the decimal that it says; NULL is none, and what is no number counts as 0."""
    assert (come_to(Sum(), values), come_to(Average(), values)) == (total, average)


def test_whole_numbers_stay_whole_or_are_refused() -> None:
    """A sum of integers is an integer of 64 bits."""
    assert repr(come_to(Sum(), [2**62, 2**62 - 1])) == str(2**63 - 1)
    with pytest.raises(RequestError, match="bigint out of range"):
        come_to(Sum(), [2**63 - 1, 1])


@given(CENTS)
def test_hundredths_add_up(cents: list[int]) -> None:
    """The sum is the sum of the hundredths, whatever their number and order."""
    total = come_to(Sum(), [number / 100 for number in cents])

    assert Fraction(Decimal(repr(total))) == Fraction(sum(cents), 100)


@given(CENTS, CENTS)
def test_what_leaves_a_window_leaves_no_trace(first: list[int], then: list[int]) -> None:
    """Values taken out again are as if they had never been there."""
    moved = Sum()
    come_to(moved, [number / 100 for number in first + then])
    for number in first:
        moved.inverse(number / 100)

    assert moved.value() == come_to(Sum(), [number / 100 for number in then])


def test_without_decimals_the_database_adds() -> None:
    """Python is called for no row of a project that has none."""
    assert aggregates(Model({})) == {}


def test_what_may_come_to_have_decimals_adds_exactly() -> None:
    """A project that is reloaded keeps its connections, and the functions that they have."""
    assert aggregates(Model({}), changing=True).keys() == {"sum", "avg"}
