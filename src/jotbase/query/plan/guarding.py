"""What plans ask of the access rules, so that neither room need know the other's inside.

In charge of the contract alone. Must not know any rule: `access.guard` fulfils it. Everything here
is an expression over the row called `row`, or a unit of work over rows in canonical form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, Protocol

from jotbase.errors import AccessError
from jotbase.expression.expr import Context, Expr, conjuncts, is_local, scopes
from jotbase.expression.judge import Env, judge
from jotbase.query.plan.nodes import PlanLimits
from jotbase.schema.model.tables import Table
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row

#: What can be done to rows that are there already.
RowAction = Literal["select", "update", "delete"]

#: How rows came to be as they are: `merge` is an INSERT that met a row and changed it.
WriteAction = Literal["insert", "update", "merge"]


def merge_refused(table: str) -> str:
    """Return PostgreSQL's message for an existing row that ON CONFLICT may not change."""
    return f'new row violates row-level security policy (USING expression) for table "{table}"'


class Guard(Protocol):
    """The rules of all tables, for callers bound by them; `AllowAllGuard` is for all others."""

    def rows(self, table: Table, action: RowAction) -> Expr:
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
        always need it. For `update`, the old rows have passed `rows(table, "update")`; for `merge`
        they are judged here, and a refused one is an error. PostgreSQL judges the insert rule on
        every row proposed, so rows that are merged need a check as `insert` as well, as proposed.

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

    def insert_denied(self, table: Table, context: Context) -> AccessError | None:
        """Return the refusal if the insert rule lets nothing of this caller's in, whatever it is.

        None promises nothing. Callers without any right are told so before their rows cost much.
        """


def may_see(guard: Guard, context: Context, table: Table) -> bool:
    """Say whether the context's caller may see a table, as far as no row of any decides it.

    Of a table that a caller may not see, no hint names anything.
    """
    rule = conjuncts(guard.rows(table, "select"))
    gates = [part for part in rule if is_local(part) and not scopes(part)]
    return all(judge(gate)(Env({}, context)) is True for gate in gates)


def hinting(limits: PlanLimits, guard: Guard, context: Context) -> PlanLimits:
    """Return the limits for a caller whose hints name what the caller may see."""
    return replace(limits, seen=partial(may_see, guard, context))
