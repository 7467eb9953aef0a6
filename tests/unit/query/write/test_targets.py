"""The statement that reads what an update or a delete is for."""

from __future__ import annotations

from tests.unit.query.board import JOBS, OPEN, planned

from jotbase.query.plan.nodes import DeletePlan
from jotbase.query.write.result import WriteContext
from jotbase.query.write.targets import target_rows
from jotbase.schema.rows.check import RowCheck


def test_filters_order_and_limits_say_which_rows() -> None:
    """The rows are read as a read of the same question would, by key and with all columns."""
    plan = planned("DELETE /jobs?id=eq.7&order=id&limit=1")
    assert isinstance(plan, DeletePlan)

    text = target_rows(plan, plan.target, WriteContext(RowCheck(JOBS), OPEN)).text

    assert text.startswith("SELECT ")
    assert text.endswith('ORDER BY "row"."id" LIMIT ?')
