"""Twin of jotbase.access.refusal."""

from __future__ import annotations

import ast

from jotbase.access.refusal import Refusal, Refusals, refusal


def test_the_column_counts_characters_from_one() -> None:
    """The offset is in bytes, what a person is told is in characters."""
    assert Refusal("no such thing", 3).describe("éa x") == "column 3: no such thing"


def test_a_refusal_knows_the_place_of_its_node() -> None:
    """A node's own offset is kept."""
    tree = ast.parse("a + b", mode="eval").body
    assert isinstance(tree, ast.BinOp)

    assert refusal(tree.right, "why", "do so").offset == 4
    assert refusal(tree.op, "why").offset == 0


def test_several_refusals_are_told_together() -> None:
    """The error's own text holds every reason."""
    both = Refusals([Refusal("one", 0), Refusal("two", 1)])

    assert str(both) == "one; two"
    assert [each.offset for each in both.refusals] == [0, 1]
