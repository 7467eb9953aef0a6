"""Comma-separated values, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.query.request.separated import MAX_FIELDS, parse_lines, render_lines


def fields(text: str, most: int = 9) -> list[list[str | None]]:
    """Return what each line holds."""
    return [line.fields for line in parse_lines(text, most)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a\r\n1", [["a"], ["1"]]),
        ('"a,b","c""d","e\nf"', [["a,b", 'c"d', "e\nf"]]),
        ("a,", [["a", ""]]),
        ("a\n\nb", [["a"], [""], ["b"]]),
        ('a\rb\r"c"\r', [["a"], ["b"], ["c"]]),
        ('NULL,"NULL",""\n', [[None, "NULL", ""]]),
        ('"a",', [["a", ""]]),
    ],
)
def test_reading(text: str, lines: list[list[str | None]]) -> None:
    """Quotes, doubled quotes and all line ends are understood; NULL is null without quotes."""
    assert fields(text) == lines


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    """A field may run over lines; the next row begins where it does in the text."""
    assert [line.number for line in parse_lines('a\n"b\nc"\n\nd\r\ne', 9)] == [1, 2, 4, 5, 6]
    with pytest.raises(RequestError) as raised:
        parse_lines('a\n"b\nc"\nd"', 9)
    assert raised.value.details == "A quote is out of place in line 4."


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (None, ""),
        ("", '""'),
        ("NULL", '"NULL"'),
        ("a b", '"a b"'),
        ("f(x)", '"f(x)"'),
        ('say "hi"', '"say ""hi"""'),
        ("a-b;c", "a-b;c"),
    ],
)
def test_writing_is_postgresqls(field: str | None, text: str) -> None:
    """Null is nothing; what is empty, or holds a blank or a bracket, is quoted."""
    assert render_lines([["x", field]]) == f"x,{text}"


@pytest.mark.parametrize("text", ['a"b', '"a', '"a"b,c'])
def test_a_quote_out_of_place(text: str) -> None:
    """A quote inside a plain field, or one without an end, is refused."""
    assert code_of(lambda: parse_lines(text, 9)) == "PGRST102"


@given(st.lists(st.lists(st.text(max_size=5), min_size=2, max_size=4), min_size=1, max_size=4))
def test_what_is_written_is_read_again(lines: list[list[str]]) -> None:
    """Any fields survive the way there and back."""
    assert fields(render_lines(lines)) == lines


def test_reading_ends_where_enough_is_read() -> None:
    """Behind as many lines as were asked for, and at a line longer than any table is wide."""
    assert fields("a\n" * 50_000, 2) == [["a"], ["a"]]
    assert code_of(lambda: parse_lines("," * MAX_FIELDS, 1)) is None
    assert code_of(lambda: parse_lines("," * MAX_FIELDS * 2, 1)) == "53400"
