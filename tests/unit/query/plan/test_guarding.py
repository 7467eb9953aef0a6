"""Twin of jotbase.query.plan.guarding."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

import pytest
from tests.unit.query.board import GENEROUS, JOBS, PEOPLE, OpenGuard

from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import (
    RULE_ACTIONS,
    RowAction,
    RuleAction,
    WriteAction,
    hinting,
    permitted_actions,
)
from jotbase.schema.model.tables import Table


class SomeGuard(OpenGuard):
    """Lets through some actions on the table of jobs."""

    def __init__(self, *actions: str) -> None:
        self.actions: Collection[str] = actions

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Say whether it is one of them."""
        return table is JOBS and action in self.actions


def test_actions_on_rows_and_kinds_of_writes_are_named() -> None:
    """Rows are chosen for three actions, and come to be as they are in three ways."""
    assert get_args(RowAction) == ("select", "update", "delete")
    assert get_args(WriteAction) == ("insert", "update", "merge")
    assert get_args(RuleAction) == RULE_ACTIONS


@pytest.mark.parametrize(
    ("rules", "actions"),
    [
        ((), set()),
        (("select",), {"select"}),
        (("insert", "update", "delete"), {"insert"}),
        (("select", "update"), {"select", "update"}),
    ],
)
def test_what_a_caller_could_ever_do(rules: tuple[str, ...], actions: set[str]) -> None:
    """Rows are seen before they are changed; new ones need not be."""
    guard = SomeGuard(*rules)

    found = permitted_actions(guard, Context(), [JOBS, PEOPLE])

    assert found == {("jobs", action) for action in actions}
    assert hinting(GENEROUS, guard, Context()).seen(JOBS) is ("select" in rules)
    assert not hinting(GENEROUS, guard, Context()).seen(PEOPLE)
