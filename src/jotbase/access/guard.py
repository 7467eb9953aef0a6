"""The rules of all tables as plans need them: which rows are there, and which may be written.

In charge of which rule applies to what, as PostgreSQL documents it for row-level security (CREATE
POLICY, «Policies Applied by Command Type»). Must not know how a plan is compiled or a rule written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Literal

from jotbase.access.checks import (
    Check,
    Denial,
    access_error,
    local_refusal,
    make_check,
    new_row_refusal,
    old_row_refusal,
    run_check,
    unseen_row_refusal,
)
from jotbase.access.policy import Policy, conjunction
from jotbase.access.unsatisfiable import Unsatisfiable, unsatisfiable
from jotbase.errors import AccessError
from jotbase.expression.expr import TRUE, Context, Expr, rescoped
from jotbase.query.plan.guarding import RowAction, RuleAction, WriteAction
from jotbase.records import dataclass
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class RuleGuard:
    """Holds callers to the policy; fulfils `query.guarding.Guard`."""

    policy: Policy
    dialect: Dialect = SQLITE
    _made: dict[tuple[str, WriteAction, bool], tuple[Check, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _unsatisfiable: dict[tuple[str, RuleAction], Unsatisfiable] = field(
        default_factory=dict, compare=False, repr=False
    )
    _looks: dict[tuple[str, WriteAction, bool], frozenset[str] | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    def rows(self, table: Table, action: RowAction) -> Expr:
        """Return which stored rows (scope `row`) the action's own rule lets through."""
        return using(self.policy, table, action)

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Check written rows. Raises AccessError 42501."""
        if rows:
            for check in self.checks(table, action, reading):
                yield from run_check(check, rows, olds, context)

    def checks(self, table: Table, action: WriteAction, reading: bool) -> tuple[Check, ...]:
        """Return what is checked of rows that an action wrote, in order."""
        key = (table.name, action, reading)
        found = self._made.get(key)
        if found is None:
            conditions = written(self.policy, table, action, reading)
            found = tuple(
                make_check(condition, table, self.dialect, refusal)
                for condition, refusal in conditions
                if condition != TRUE
            )
            self._made[key] = found
        return found

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Return the columns of written rows that are looked at; None if the rules are local."""
        key = (table.name, action, reading)
        if key not in self._looks:
            checks = self.checks(table, action, reading)
            relational = any(check.relational is not None for check in checks)
            looks = frozenset[str]().union(*(check.looks for check in checks))
            self._looks[key] = looks if relational else None
        return self._looks[key]

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return the refusal of rows to insert that can be told before they are stored."""
        found = (
            local_refusal(check, rows, context) for check in self.checks(table, "insert", False)
        )
        return next((one for one in found if one is not None), None)

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Say whether any row could pass the action's rule for the context's caller."""
        found = self._unsatisfiable.get((table.name, action))
        if found is None:
            found = unsatisfiable(self.policy.rule(table, action).expression)
            self._unsatisfiable[table.name, action] = found
        return not found(context)

    def denied(
        self, table: Table, action: Literal["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return the refusal if no row of this caller's can pass: a changed one is to be seen."""
        seen = action == "insert" or self.allows(table, "select", context)
        if seen and self.allows(table, action, context):
            return None
        return access_error(new_row_refusal(table), context)


@dataclass(frozen=True, slots=True)
class AllowAllGuard:
    """Lets everything through: for the service role, seeds and restores."""

    def rows(self, table: Table, action: RowAction) -> Expr:
        """Return TRUE."""
        return TRUE

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Check nothing."""
        yield from ()

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Return None: nothing is looked at."""

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return None: everything is let in."""

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Return True."""
        return True

    def denied(
        self, table: Table, action: Literal["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return None: everything is let in."""


def using(policy: Policy, table: Table, action: RowAction) -> Expr:
    """Return the condition on stored rows (scope `row`) of an action's own rule."""
    rule = policy.rule(table, action)
    return conjunction(rule.using()) if action == "update" else rule.expression


def written(
    policy: Policy, table: Table, action: WriteAction, reading: bool
) -> Iterator[tuple[Expr, Denial]]:
    """Yield the conditions on written rows, with what is said where one is not true.

    An update that reads columns, as all of the API's do, must not take a row out of the caller's
    own sight; the same holds of rows that are to be given back.
    """
    seen = policy.rule(table, "select").expression
    if action == "merge":
        yield using(policy, table, "update"), old_row_refusal(table)
        yield seen, old_row_refusal(table)
    if action == "insert":
        yield policy.rule(table, "insert").expression, new_row_refusal(table)
    else:
        yield changed(policy, table), new_row_refusal(table)
    if reading or action != "insert":
        changing = action != "insert"
        yield rescoped(seen, "row", "new"), unseen_row_refusal(table, changed=changing)


def changed(policy: Policy, table: Table) -> Expr:
    """Return the update rule's condition on new rows.

    These are the parts that name `new`; if none does, the whole rule holds for new rows as well.
    """
    rule = policy.rule(table, "update")
    checks = rule.checks()
    return conjunction(checks) if checks else rescoped(rule.expression, "row", "new")
