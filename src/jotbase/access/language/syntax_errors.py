"""Errors in a rule's text, with their position.

In charge of positions in a text. Must not know the rule language.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence


class RuleError(Exception):
    """One error; `offset` counts UTF-8 bytes from the start of the text, as `ast` does."""

    def __init__(self, reason: str, offset: int, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.hint = hint

    def describe(self, text: str) -> str:
        """Return the reason with the column in the text, counted from 1."""
        column = len(text.encode()[: self.offset].decode(errors="ignore")) + 1
        return f"column {column}: {self.reason}"


class RuleErrors(Exception):
    """Several errors in one text."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        super().__init__("; ".join(error.reason for error in errors))
        self.errors = tuple(errors)


def rule_error(node: ast.AST, reason: str, hint: str | None = None) -> RuleError:
    """Return the error at a node's position."""
    return RuleError(reason, getattr(node, "col_offset", 0), hint)
