"""The delays between the attempts of a task."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jotbase.tasks.retries import LONGEST_DELAY, next_attempt


def test_delays_double() -> None:
    """One second, two, four, and an hour at most."""
    delays = [next_attempt(made, 20, 100.0) for made in (1, 2, 3, 12, 13)]
    assert delays == [101.0, 102.0, 104.0, 2148.0, 3700.0]


@given(made=st.integers(1, 10_000), most=st.integers(1, 10_000))
def test_there_is_an_end(made: int, most: int) -> None:
    """After the last attempt there is none; before it there is one within the longest delay."""
    due = next_attempt(made, most, 0.0)
    assert (due is None) == (made >= most)
    assert due is None or 0 < due <= LONGEST_DELAY
