"""Twin of jotbase.access.language.syntax_errors."""

from __future__ import annotations

import ast

from jotbase.access.language.syntax_errors import RuleError, RuleErrors, rule_error


def test_the_column_counts_characters_from_one() -> None:
    """The offset is in bytes, what a person is told is in characters."""
    assert RuleError("no such thing", 3).describe("éa x") == "column 3: no such thing"


def test_a_refusal_knows_the_place_of_its_node() -> None:
    """A node's own offset is kept."""
    tree = ast.parse("a + b", mode="eval").body
    assert isinstance(tree, ast.BinOp)

    assert rule_error(tree.right, "why", "do so").offset == 4
    assert rule_error(tree.op, "why").offset == 0


def test_several_refusals_are_told_together() -> None:
    """The error's own text holds every reason."""
    both = RuleErrors([RuleError("one", 0), RuleError("two", 1)])

    assert str(both) == "one; two"
    assert [each.offset for each in both.errors] == [0, 1]
