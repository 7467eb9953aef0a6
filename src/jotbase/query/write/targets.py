"""The rows that an update or a delete is for, as one reading statement.

In charge of their rule, filters, order and limits. Must not know what is done with them.
"""

from __future__ import annotations

from jotbase.query.plan.guarding import RowAction
from jotbase.query.plan.nodes import ROOT, DeletePlan, Node, UpdatePlan
from jotbase.query.statement.rows import (
    StatementContext,
    filtered_from,
    from_clause,
    limit_clause,
    order_by_clause,
    where_clause,
)
from jotbase.query.write.result import WriteContext
from jotbase.query.write.storing import returning_list
from jotbase.sql.fragment import Fragment, sql


def target_rows(
    plan: UpdatePlan | DeletePlan, target: Node, write_context: WriteContext
) -> Fragment:
    """Return the statement that reads the rows, which holds slots of the request's context."""
    frame = StatementContext(write_context.dialect, write_context.guard)
    action: RowAction = "delete" if isinstance(plan, DeletePlan) else "update"
    rule = write_context.guard.row_condition(plan.table, action)
    opened = filtered_from(target, from_clause(target.table, ROOT, frame).under(rule, frame), frame)
    names = returning_list(plan.table, write_context.dialect, ROOT)
    return (
        sql(f"SELECT {names} FROM ")
        + opened.sources
        + where_clause(opened.conditions)
        + order_by_clause(target, frame)
        + limit_clause(target, write_context.dialect)
    )
