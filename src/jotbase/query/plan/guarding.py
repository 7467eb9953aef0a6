"""The guard: the interface between plans and access rules.

In charge of the protocol alone; `access.enforcement.guard` implements it. It consists of
expressions over the row named `row`, and of units of work over rows in canonical form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from jotbase.errors import AccessError
from jotbase.expression.expr import Context, Expr
from jotbase.query.plan.nodes import PlanLimits
from jotbase.schema.model.tables import Table
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row

#: The actions on stored rows.
RowAction = Literal["select", "update", "delete"]

#: The actions for which a table's `access` may have a rule.
RuleAction = Literal["select", "insert", "update", "delete"]
RULE_ACTIONS: tuple[RuleAction, ...] = ("select", "insert", "update", "delete")

#: The actions that write rows: `merge` is an INSERT that updated an existing row (ON CONFLICT).
WriteAction = Literal["insert", "update", "merge"]


def merge_refused(table: str) -> str:
    """Return PostgreSQL's message for an existing row that ON CONFLICT may not change."""
    return f'new row violates row-level security policy (USING expression) for table "{table}"'


class Guard(Protocol):
    """The access rules of all tables; `AllowAllGuard` is the guard of the service role."""

    def row_condition(self, table: Table, action: RowAction) -> Expr:
        """Return the condition of the action's own rule on stored rows (scope `row`).

        TRUE for a rule without restriction, FALSE without a rule. UPDATE and DELETE read rows too,
        so their statements need the select rule in addition.
        """

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Check rows as a statement leaves them; yields nothing if the rules are local.

        Rules that look into other rows are asked of the tables as they stand, so whoever asks does
        it before the statement, or after having taken it back (`query.write.guarded_storing`).

        `olds` are the same rows before it, in the same order (None for an insert). `reading` says
        that the rows are given back, which needs the select rule of an insert's rows; an update's
        always need it. For `update`, the old rows have passed `row_condition(table, "update")`; for
        `merge` they are judged here, and a refused one is an error. PostgreSQL judges the insert
        rule on every row proposed, so rows that are merged need a check as `insert` as well, as
        proposed.

        Raises AccessError 42501: status 403, or 401 for an anonymous caller.
        """

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Return the columns of written rows that `check` reads; None if all rules are local.

        Local rules depend on no other row, so that they may be checked at any time.
        """

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return the error of rows to insert, as far as it can be found before they are stored.

        None proves nothing: `check` decides.
        """

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Return whether any row could satisfy the action's own rule for the context's caller.

        False is certain; True proves nothing, since what depends on rows counts as possible.
        """

    def denied(
        self, table: Table, action: Literal["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return the error if no row can satisfy the rules for this caller.

        None proves nothing. It refuses callers without any right before their rows are processed,
        and before an error could disclose anything about them.
        """


def hinting(limits: PlanLimits, guard: Guard, context: Context) -> PlanLimits:
    """Return the limits with hints restricted to tables that the caller may see."""
    return replace(limits, seen=lambda table: guard.allows(table, "select", context))


def permitted_actions(
    guard: Guard, context: Context, model: Iterable[Table]
) -> frozenset[tuple[str, RuleAction]]:
    """Return (table, action) of all that the rules may allow the context's caller.

    Update and delete read rows, and so need the select rule in addition.
    """
    return frozenset(
        (table.name, action) for table in model for action in table_actions(guard, context, table)
    )


def table_actions(guard: Guard, context: Context, table: Table) -> Iterator[RuleAction]:
    """Yield the actions on a table that the rules may allow the context's caller."""
    seen = guard.allows(table, "select", context)
    for action in RULE_ACTIONS:
        if (seen or action == "insert") and guard.allows(table, action, context):
            yield action
