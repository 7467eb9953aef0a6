"""Intervals, and the next time of one."""

from __future__ import annotations

import pytest

from jotbase.tasks.times import next_time, read_interval


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400)]
)
def test_an_interval_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Seconds, minutes, hours and days."""
    assert read_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "-1s", "1.5h", "5 m", "5M", "1w"])
def test_anything_else_is_refused(text: str) -> None:
    """The refusal shows what an interval looks like."""
    with pytest.raises(ValueError, match="is no interval"):
        read_interval(text)


def test_the_next_time_is_a_multiple_of_the_interval() -> None:
    """A time that is one itself is past."""
    assert next_time(300, 1000.0) == 1200.0
    assert next_time(300, 1200.0) == 1500.0
    assert next_time(300, 1199.9) == 1200.0
