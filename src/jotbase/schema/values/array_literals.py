"""PostgreSQL's array literals: `{a,"b c",NULL}`.

In charge of braces, quotes and escapes. Must not know the items' type. Source: PostgreSQL manual,
8.15.2 and 8.15.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jotbase.errors import RequestError

#: An item and its delimiter, without backtracking, thus in linear time. A backslash escapes the
#: next character, in quotes and without.
_ITEM = re.compile(
    r'(?:"((?:[^"\\]|\\.)*+)"|((?:[^",{}\\\s]|\\.)++(?:\s++(?:[^",{}\\\s]|\\.)++|(?!))*+))\s*+(,|\})',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BLANKS = re.compile(r"\s*")
_SPECIAL = re.compile(r'(["\\])')


def literal_items(text: str) -> list[str | None]:
    """Return the items of a one-dimensional array literal; NULL is None.

    Raises RequestError 22P02.
    """
    stripped = text.strip()
    if stripped[:1] == "{" and not stripped[1:-1].strip() and stripped[1:].strip().endswith("}"):
        return []
    items: list[str | None] = []
    position = 1
    while stripped.startswith("{"):
        blanks = _BLANKS.match(stripped, position)
        found = _ITEM.match(stripped, blanks.end() if blanks else position)
        if found is None:
            break
        if found[1] is None and found[2].upper() == "NULL":
            items.append(None)
        else:
            items.append(_ESCAPE.sub(r"\1", found[1] if found[2] is None else found[2]))
        position = found.end()
        if found[3] == "}":
            if position == len(stripped):
                return items
            break
    raise RequestError("22P02", f'malformed array literal: "{text[:100]}"')


def array_literal(items: Iterable[str | None]) -> str:
    """Return the array literal of the items, each of them quoted."""
    quoted = ("NULL" if one is None else '"' + _SPECIAL.sub(r"\\\1", one) + '"' for one in items)
    return "{" + ",".join(quoted) + "}"
