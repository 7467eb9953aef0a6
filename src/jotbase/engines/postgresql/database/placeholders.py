"""Placeholders: `?` in a statement becomes `$1`, `$2`, … as PostgreSQL numbers them.

In charge of leaving `?` alone within literals, quoted names and comments. Must not know the bound
values. Source: PostgreSQL manual, 4.1 (Lexical Structure).
"""

from __future__ import annotations

import re
from functools import lru_cache

_PIECE = re.compile(
    r"""[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$"""
    r"""|--[^\n]*|/\*.*?\*/|(?P<mark>\?)""",
    re.DOTALL,
)


@lru_cache(maxsize=4096)
def numbered(text: str) -> str:
    """Return the statement with each `?` placeholder replaced by `$` and its number, from 1."""
    if "?" not in text:
        return text
    count = 0

    def spell(found: re.Match[str]) -> str:
        nonlocal count
        if found["mark"] is None:
            return found[0]
        count += 1
        return f"${count}"

    return _PIECE.sub(spell, text)
