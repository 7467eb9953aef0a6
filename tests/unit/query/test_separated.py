"""Comma-separated values, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.query.separated import MAX_FIELDS, parse_lines, render_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a\r\n1", [["a"], ["1"]]),
        ('"a,b","c""d","e\nf"', [["a,b", 'c"d', "e\nf"]]),
        ("a,", [["a", ""]]),
        ("a\n\nb", [["a"], [""], ["b"]]),
    ],
)
def test_reading(text: str, lines: list[list[str]]) -> None:
    """Quotes, doubled quotes and both line ends are understood."""
    assert parse_lines(text, 9) == lines


@pytest.mark.parametrize("text", ['a"b', '"a', '"a"b,c'])
def test_a_quote_out_of_place(text: str) -> None:
    """A quote inside a plain field, or one without an end, is refused."""
    assert code_of(lambda: parse_lines(text, 9)) == "PGRST102"


@given(st.lists(st.lists(st.text(max_size=5), min_size=2, max_size=4), min_size=1, max_size=4))
def test_what_is_written_is_read_again(lines: list[list[str]]) -> None:
    """Any fields survive the way there and back."""
    assert parse_lines(render_lines(lines), 9) == lines


def test_reading_ends_where_enough_is_read() -> None:
    """Behind as many lines as were asked for, and at a line longer than any table is wide."""
    assert parse_lines("a\n" * 50_000, 2) == [["a"], ["a"]]
    assert code_of(lambda: parse_lines("," * MAX_FIELDS, 1)) is None
    assert code_of(lambda: parse_lines("," * MAX_FIELDS * 2, 1)) == "53400"
