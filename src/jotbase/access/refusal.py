"""What is wrong with a rule's text, and where.

In charge of the words for a place in a text. Must not know the language.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence


class Refusal(Exception):
    """One mistake: `offset` counts bytes of UTF-8 from the text's beginning, as `ast` does."""

    def __init__(self, reason: str, offset: int, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.hint = hint

    def told(self, text: str) -> str:
        """Return the reason with the column (from 1) where it is."""
        column = len(text.encode()[: self.offset].decode(errors="ignore")) + 1
        return f"column {column}: {self.reason}"


class Refusals(Exception):
    """Several mistakes in one text."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.reason for refusal in refusals))
        self.refusals = tuple(refusals)


def refusal(node: ast.AST, reason: str, hint: str | None = None) -> Refusal:
    """Return the mistake at a node's place."""
    return Refusal(reason, getattr(node, "col_offset", 0), hint)
