"""Twin of jotbase.schema.values.array_literals."""

from __future__ import annotations

import pytest

from jotbase.errors import RequestError
from jotbase.schema.values.array_literals import literal_items


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
