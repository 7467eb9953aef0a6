"""What hooks are shown of a write, and the plan and payload that follow from what they return."""

from __future__ import annotations

from typing import Any

from tests.unit.query.board import JOBS, OPEN, planned

from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import InsertPlan, UpdatePlan
from jotbase.query.request.body import Cell
from jotbase.query.request.intent import Payload
from jotbase.query.write.result import WriteContext
from jotbase.query.write.rewriting import Hooks, rewriting
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Rows

MEANS = WriteContext(RowCheck(JOBS), OPEN)


def nothing(_: Fragment) -> Rows:
    """Read no rows."""
    return []


def payload(*rows: dict[str, Any], unread: bool = False) -> Payload:
    """Return the payload of these rows."""
    return Payload(rows, single=False, unread=unread)


def test_new_rows_are_shown_as_values_and_taken_as_they_are_returned() -> None:
    """Texts of CSV are read first; rows may come back with different columns."""
    plan, seen = planned("POST /jobs?columns=title,salary"), []

    def tidy(row: dict[str, Any]) -> dict[str, Any]:
        seen.append(dict(row))
        return row | {"remote": True} if row["salary"] else {"title": "b"}

    sent = payload({"title": Cell("a"), "salary": Cell("5")}, {"title": Cell("b")}, unread=True)
    plan, made = rewriting(Hooks(insert=tidy), nothing)(plan, sent, Context(), MEANS)

    assert seen == [{"title": "a", "salary": 5}, {"title": "b", "salary": None}]
    assert made == payload({"title": "a", "salary": 5, "remote": True}, {"title": "b"})
    assert isinstance(plan, InsertPlan)
    assert (plan.columns, plan.defaults) == (None, True)


def test_a_change_of_no_row_asks_nobody() -> None:
    """Where the filters select nothing there is nothing to change, and the plan stays."""
    plan, sent = planned("PATCH /jobs?id=eq.1"), payload({"title": "a"})
    hooks = Hooks(update=lambda change, rows: {"title": str(len(rows))})

    assert rewriting(hooks, nothing)(plan, sent, Context(values=("1",)), MEANS) == (
        plan,
        sent,
    )


def test_hooks_concern_the_writes_that_they_are_for() -> None:
    """A merge is an update as well; ignoring duplicates is none."""
    update, insert = Hooks(update=lambda change, _: change), Hooks(insert=lambda row: row)
    merge = planned("POST /jobs?on_conflict=id", prefer="resolution=merge-duplicates")
    ignore = planned("POST /jobs?on_conflict=id", prefer="resolution=ignore-duplicates")
    patch, delete = planned("PATCH /jobs?id=eq.1"), planned("DELETE /jobs?id=eq.1")

    assert isinstance(merge, InsertPlan)
    assert isinstance(ignore, InsertPlan)
    assert isinstance(patch, UpdatePlan)
    assert [update.concern(one) for one in (merge, ignore, patch)] == [True, False, True]
    assert [insert.concern(one) for one in (merge, ignore, patch)] == [True, True, False]
    assert not update.concern(delete)  # type: ignore[arg-type]
