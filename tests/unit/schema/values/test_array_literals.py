"""Twin of jotbase.schema.values.array_literals."""

from __future__ import annotations

import pytest

from jotbase.errors import RequestError
from jotbase.schema.values.array_literals import array_literal, literal_items


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("{}", []),
        ("{ }", []),
        ("{a, b}", ["a", "b"]),
        ('{"a,b","c\\"d", NULL,"NULL"}', ["a,b", 'c"d', None, "NULL"]),
        ('{" ",""}', [" ", ""]),
        (r"{a\,b, c\ d , \"e f\\}", ["a,b", "c d", '"e f\\']),
    ],
)
def test_array_literals_are_postgresqls(text: str, items: list[str | None]) -> None:
    """Quotes, escapes and NULL mean what they mean there."""
    assert literal_items(text) == items


@pytest.mark.parametrize(
    "text", ["", "{", "}", "{a,}", "{,a}", "{a}b", '{"a}', "a,b", "{" + " " * 50_000 + '"']
)
def test_other_array_literals_are_malformed(text: str) -> None:
    """Each has the same error."""
    with pytest.raises(RequestError, match="malformed array literal"):
        literal_items(text)


@pytest.mark.parametrize("items", [[], ["a", None, "NULL", 'b"c', "d\\e", "", "x,y}"]])
def test_a_literal_that_is_written_is_read_again(items: list[str | None]) -> None:
    """Whatever the items hold."""
    assert literal_items(array_literal(items)) == items
