"""Placeholders: a statement's `?` marks as PostgreSQL's `$1`, `$2`, and so on.

In charge of finding the marks that are none of a literal, a name or a comment. Must not know what
is bound. Source: PostgreSQL manual, 4.1 (Lexical Structure).
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
    """Return a statement with numbers for its marks, in their order."""
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
