"""The scanner: names, quotes, JSON paths, and where a fault lies."""

from __future__ import annotations

import pytest

from jotbase.errors import RequestError
from jotbase.query.request.intent import FieldPath, JsonStep
from jotbase.query.request.scanner import MAX_DEPTH, Fault, Scanner, field_path, name, quoted


@pytest.mark.parametrize(
    ("text", "found", "rest"),
    [
        ("id,title", "id", ",title"),
        ("field-with_sep->x", "field-with_sep", "->x"),
        ("Just A Name", "Just A Name", ""),
        ("größe$1.eq", "größe$1", ".eq"),
        ('"a.b,c"=', "a.b,c", "="),
    ],
)
def test_names(text: str, found: str, rest: str) -> None:
    """A name holds letters of any script, digits, blanks and dashes; quoted, anything."""
    scanner = Scanner(text, "test")

    assert name(scanner) == found
    assert text[scanner.position :] == rest


@pytest.mark.parametrize("text", ["", ",", "->a", "()", "  "])
def test_no_name(text: str) -> None:
    """Where a name must stand and none does, there is a fault."""
    with pytest.raises(Fault):
        name(Scanner(text, "test"))


def test_quotes_take_a_backslash_as_escape() -> None:
    """Inside quotes a backslash takes the next character as it is."""
    assert quoted(Scanner(r'"a\"b\\c"', "test")) == r"a\"b\c".replace(r"\"", '"')


@pytest.mark.parametrize("text", ['"open', '"open\\'])
def test_a_quote_must_end(text: str) -> None:
    """A quote without an end is a fault."""
    with pytest.raises(Fault):
        quoted(Scanner(text, "test"))


def test_json_steps() -> None:
    """Keys are texts, digits indexes, `->>` gives text."""
    found = field_path(Scanner("data->a b->-1->>0x", "test"))

    assert found == FieldPath(
        "data", (JsonStep("a b", False), JsonStep(-1, False), JsonStep("0x", True))
    )


def test_a_path_is_not_endless() -> None:
    """Too many steps are refused before anything is built of them."""
    with pytest.raises(RequestError) as caught:
        field_path(Scanner("data" + "->a" * (MAX_DEPTH + 1), "test"))

    assert caught.value.code == "54001"


def test_a_refusal_names_line_and_column() -> None:
    """The error says where, what was found and what was expected."""
    error = Scanner("ab\ncd", "filter").refusal(Fault(4, '"x"'))

    assert error.message == '"failed to parse filter (ab\ncd)" (line 2, column 2)'
    assert error.details == 'unexpected "d" expecting "x"'


def test_a_refusal_at_the_end() -> None:
    """At the end of the text nothing was found."""
    error = Scanner("ab", "filter").refusal(Fault(2, '"x"'))

    assert error.details == 'unexpected end of input expecting "x"'
