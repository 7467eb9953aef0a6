"""Twin of jotbase.query.plan.guarding."""

from __future__ import annotations

from typing import get_args

import pytest
from tests.unit.query.board import GENEROUS, JOBS, OpenGuard

from jotbase.expression.expr import FALSE, TRUE, And, Apply, Context, Expr, Fact, Field, Literal, Or
from jotbase.query.plan.guarding import RowAction, WriteAction, hinting, may_see
from jotbase.schema.model.tables import Table, Type
from jotbase.values import Principal

ROLE = Apply("eq", (Fact(("role",), str, Type.TEXT), Literal("authenticated", Type.TEXT)))
ROW = Apply("eq", (Field("row", "id", Type.INTEGER), Literal(1, Type.INTEGER)))


class OneGuard(OpenGuard):
    """Holds all rows of all tables to one rule."""

    def __init__(self, rule: Expr) -> None:
        self.rule = rule

    def rows(self, table: Table, action: RowAction) -> Expr:
        """Return the rule."""
        return self.rule


def test_actions_on_rows_and_kinds_of_writes_are_named() -> None:
    """Rows are chosen for three actions, and come to be as they are in three ways."""
    assert get_args(RowAction) == ("select", "update", "delete")
    assert get_args(WriteAction) == ("insert", "update", "merge")


@pytest.mark.parametrize(
    ("rule", "signed_in", "visitor"),
    [
        (TRUE, True, True),
        (FALSE, False, False),
        (ROW, True, True),
        (ROLE, True, False),
        (And((ROW, ROLE)), True, False),
        (Or((ROW, ROLE)), True, True),
        (And((ROW, FALSE)), False, False),
    ],
)
def test_a_table_is_seen_unless_no_row_can_be(rule: Expr, signed_in: bool, visitor: bool) -> None:
    """What the caller alone decides is decided; what a row decides may be true of one."""
    callers = [Context(Principal("authenticated", "ana")), Context()]

    assert [may_see(OneGuard(rule), one, JOBS) for one in callers] == [signed_in, visitor]
    assert hinting(GENEROUS, OneGuard(rule), callers[0]).seen(JOBS) is signed_in
