"""What plans ask of the access rules, so that neither room need know the other's inside.

In charge of the contract alone. Must not know any rule: `access.guard` fulfils it. Everything here
is an expression over the row called `row`, or a unit of work over rows in canonical form.
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

#: What can be done to rows that are there already.
RowAction = Literal["select", "update", "delete"]

#: What a table's `access` may have a rule for.
RuleAction = Literal["select", "insert", "update", "delete"]
RULE_ACTIONS: tuple[RuleAction, ...] = ("select", "insert", "update", "delete")

#: How rows came to be as they are: `merge` is an INSERT that met a row and changed it.
WriteAction = Literal["insert", "update", "merge"]


def merge_refused(table: str) -> str:
    """Return PostgreSQL's message for an existing row that ON CONFLICT may not change."""
    return f'new row violates row-level security policy (USING expression) for table "{table}"'


class Guard(Protocol):
    """The rules of all tables, for callers bound by them; `AllowAllGuard` is for all others."""

    def row_condition(self, table: Table, action: RowAction) -> Expr:
        """Return which stored rows (scope `row`) the action's own rule lets through.

        TRUE where nothing is held back, FALSE where no rule lets anything through. UPDATE and
        DELETE read rows too, so their statements need the select rule beside their own.
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
        it before the statement, or after having taken it back (`query.write.rule_checks`).

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
        """Return the columns of written rows that `check` looks at; None if the rules are local.

        Local rules look into no other row, so that it does not matter when they are asked.
        """

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return the refusal of rows to insert, as far as they show it before they are stored.

        None promises nothing: `check` has the last word.
        """

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Say whether any row could pass the action's own rule for the context's caller.

        False is certain; True proves nothing, since what depends on rows counts as possible.
        """

    def denied(
        self, table: Table, action: Literal["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return the refusal if the rules let no row of this caller's pass, whatever it is.

        None promises nothing. Callers without any right are told so before their rows cost much,
        and before anything is said of them.
        """


def hinting(limits: PlanLimits, guard: Guard, context: Context) -> PlanLimits:
    """Return the limits for a caller whose hints name what the caller may see."""
    return replace(limits, seen=lambda table: guard.allows(table, "select", context))


def permitted_actions(
    guard: Guard, context: Context, model: Iterable[Table]
) -> frozenset[tuple[str, RuleAction]]:
    """Return table and action of all that the context's caller could ever do, rows permitting.

    What looks at rows before it changes them needs the select rule beside its own.
    """
    return frozenset(
        (table.name, action) for table in model for action in table_actions(guard, context, table)
    )


def table_actions(guard: Guard, context: Context, table: Table) -> Iterator[RuleAction]:
    """Yield what the context's caller could ever do with a table, rows permitting."""
    seen = guard.allows(table, "select", context)
    for action in RULE_ACTIONS:
        if (seen or action == "insert") and guard.allows(table, action, context):
            yield action
