"""Cursors: in order as texts, and held against the history of the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.realtime.messages.cursors import Cursor, Departures, Timeline, read_cursor

ANA, BEN, CAS = ("a", "ana", "t"), ("a", "ben", "t"), ("a", "cas", "t")

LINE = Timeline((("a", 0), ("b", 10), ("c", 10), ("d", 25)))


@pytest.mark.parametrize(
    ("number", "mark"),
    [
        (0, "000000000000000-a"),
        (9, "000000000000009-a"),
        (10, "000000000000010-c"),
        (24, "000000000000024-c"),
        (25, "000000000000025-d"),
    ],
)
def test_a_cursor_is_of_the_newest_epoch_that_had_its_number(number: int, mark: str) -> None:
    """A number at which an epoch began is of that epoch."""
    assert LINE.mark(number) == mark


@pytest.mark.parametrize(
    ("epoch", "number", "held"),
    [
        ("a", 10, True),
        ("a", 11, False),
        ("b", 10, True),
        ("b", 11, False),
        ("c", 9, False),
        ("c", 25, True),
        ("d", 1000, True),
        ("d", 24, False),
        ("e", 5, False),
        (None, 7, True),
    ],
)
def test_a_cursor_beyond_its_epoch_is_of_another_history(
    epoch: str | None, number: int, held: bool
) -> None:
    """A restored backup begins an epoch: what was told after the backup is not of its history."""
    assert LINE.holds(Cursor(number, epoch)) is held


def test_without_epochs_a_cursor_is_a_number() -> None:
    """Nothing is known, and nothing refused."""
    assert Timeline().mark(7) == 7
    assert not Timeline().holds(Cursor(7, "a"))


def test_a_change_from_before_a_gap_has_a_cursor_that_does_not_hold() -> None:
    """It may still be told when the gap begins an epoch; who comes back with it reads anew."""
    line = Timeline((("new", 5),))

    assert line.mark(3) == "000000000000003-new"
    assert not line.holds(Cursor(3, "new"))


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_cursors_sort_as_their_changes(first: int, second: int) -> None:
    """And come back as they were told."""
    marks = [LINE.mark(number) for number in (first, second)]

    assert (str(marks[0]) < str(marks[1])) == (first < second)
    assert [read_cursor(mark) for mark in marks] == [
        Cursor(number, str(mark).partition("-")[2])
        for number, mark in zip((first, second), marks, strict=True)
    ]
    assert all(LINE.holds(read_cursor(mark) or Cursor(-1)) for mark in marks)


@pytest.mark.parametrize("value", [None, -1, 1.5, True, "", "x", "-", "5-", "1" * 20, [1], "٣"])
def test_what_is_no_cursor_counts_as_absent(value: object) -> None:
    """A join without one is live from its answer on."""
    assert read_cursor(value) is None


def test_a_departure_is_told_once() -> None:
    """The second time the client has been told already."""
    departures = Departures()
    departures.note(ANA, 7)

    assert [departures.take(ANA), departures.take(ANA)] == [7, None]


def test_of_two_connections_the_one_that_was_told_less_counts() -> None:
    """They cannot be told apart when one of them comes back."""
    departures = Departures()
    departures.note(ANA, 7)
    departures.note(ANA, 9)

    assert departures.take(ANA) == 7


def test_the_oldest_departure_makes_room() -> None:
    """Clients that never come back take no memory."""
    departures = Departures(most=2)
    for whose in (ANA, BEN, CAS):
        departures.note(whose, 1)

    assert [departures.take(whose) for whose in (ANA, BEN, CAS)] == [None, 1, 1]
