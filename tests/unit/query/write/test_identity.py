"""The numbers that an identity column gives."""

from __future__ import annotations

import pytest
from tests.unit.query.board import COMPANIES, OPEN_JOBS, PEOPLE, code_of, drive

from jotbase.query.write.identity import (
    current_value,
    identity_of,
    next_numbers,
    reset_statement,
    sequence_value,
    skip_taken,
)
from jotbase.sql.dialect import SQLITE

END = 2**63 - 1


def test_which_column_is_numbered() -> None:
    """Views have theirs from what they show, and some tables none."""
    assert [identity_of(one, SQLITE) for one in (COMPANIES, PEOPLE, OPEN_JOBS)] == [
        "id",
        None,
        None,
    ]


def test_a_number_never_passes_the_end() -> None:
    """It meets the last one instead, which is refused and passed over."""
    assert sequence_value(COMPANIES) == (
        "1 + min((SELECT seq FROM sqlite_sequence WHERE name = 'companies'), 9223372036854775806)"
    )
    assert drive(next_numbers(COMPANIES, 3), [(END - 2,)])[0] == [END - 1, END, END]
    assert drive(next_numbers(COMPANIES, 2), [])[0] == [None, None]


def test_the_sequence_is_read_and_set() -> None:
    """A table that never had a row has given no number."""
    assert drive(current_value(COMPANIES), [(7,)])[0] == 7
    assert drive(current_value(COMPANIES), [])[0] == 0
    assert reset_statement(COMPANIES, 7).params == [7, "companies"]


@pytest.mark.parametrize(
    ("last", "free", "moved"),
    [(5, 5, None), (5, 9, 9), (5, END - 2, END - 2), (5, END - 1, "2200H"), (END, END, "2200H")],
)
def test_taken_numbers_are_passed_over(last: int, free: int, moved: int | str | None) -> None:
    """The sequence moves to where enough numbers are free; at its end there are none."""
    unit = skip_taken(COMPANIES, "id", 2, SQLITE)
    if isinstance(moved, str):
        assert code_of(lambda: drive(unit, [(last,)], [(free,)])) == moved
        return
    _, ran = drive(unit, [(last,)], [(free,)], [])

    assert ran[1].params == [last, last, 2]
    assert [one.params for one in ran[2:]] == ([] if moved is None else [[moved, "companies"]])


def test_where_sqlite_numbers_nothing_is_looked_for() -> None:
    """It goes on from the greatest number there is."""
    assert len(drive(skip_taken(COMPANIES, "id", 2, SQLITE), [])[1]) == 1
