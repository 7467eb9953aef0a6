"""Points in time: stored, sent, and in the order of their text."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from jotbase.auth.tokens.times import epoch, is_in_future, sent, timestamp


def test_the_stored_form_has_no_idle_zeros() -> None:
    """Microseconds as far as needed, then the offset."""
    assert timestamp(0) == "1970-01-01T00:00:00+00:00"
    assert timestamp(1_780_000_000.5) == "2026-05-28T20:26:40.5+00:00"
    assert timestamp(1_780_000_000.000001) == "2026-05-28T20:26:40.000001+00:00"
    assert timestamp(100) == "1970-01-01T00:01:40+00:00"


def test_the_sent_form_ends_in_z() -> None:
    """As GoTrue sends it."""
    assert sent("2026-05-28T20:26:40.5+00:00") == "2026-05-28T20:26:40.5Z"


@given(st.integers(0, 4 * 10**15), st.integers(0, 4 * 10**15))
def test_the_order_of_the_text_is_that_of_time(first: int, second: int) -> None:
    """Stored times can be compared as text, and read back."""
    early, late = sorted((first, second))

    assert timestamp(early / 10**6) <= timestamp(late / 10**6)
    assert abs(epoch(timestamp(first / 10**6)) - first / 10**6) < 0.000_002


def test_a_time_without_an_offset_is_that_of_utc() -> None:
    """As SQLite's own `datetime()` writes it, whatever the machine's zone."""
    assert epoch("2026-05-28 20:26:40") == 1_780_000_000


def test_a_time_that_cannot_be_read_is_long_ago() -> None:
    """What it dates has expired, whatever its lifetime."""
    assert [epoch(text) for text in ("", "soon", "infinity", "2026-13-01")] == [-inf] * 4


def test_what_lies_ahead_and_what_cannot_be_read() -> None:
    """A time that cannot be read lies ahead: who was shut out by hand stays out."""
    stored = ["2026-05-28T20:26:41+00:00", "2026-05-28T20:26:40+00:00", None]
    assert [is_in_future(one, 1_780_000_000) for one in stored] == [True, False, False]
    assert [is_in_future(one, 0) for one in ("infinity", "", "for ever")] == [True, True, True]
    assert is_in_future("-infinity", 0) is False
