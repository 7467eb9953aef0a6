"""Applying the access rules to plans: conditions on stored rows, and checks of written rows.

In charge of which rule applies to which command, as in PostgreSQL's row-level security (CREATE
POLICY, table "Policies Applied by Command Type"). Must not know how a plan is compiled, nor the
syntax of rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Literal

from jotbase.access.enforcement.checks import (
    Check,
    Denial,
    access_error,
    local_denial,
    make_check,
    new_row_denial,
    old_row_denial,
    run_check,
    unseen_row_denial,
)
from jotbase.access.enforcement.policy import Policy, conjunction
from jotbase.access.enforcement.unsatisfiable import Unsatisfiable, unsatisfiable
from jotbase.errors import AccessError
from jotbase.expression.expr import TRUE, Context, Expr, rename_scope
from jotbase.query.plan.guarding import RowAction, RuleAction, WriteAction
from jotbase.records import dataclass
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class RuleGuard:
    """The guard (`query.plan.guarding.Guard`) that enforces a policy."""

    policy: Policy
    dialect: Dialect = SQLITE
    _checks: dict[tuple[str, WriteAction, bool], tuple[Check, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _unsatisfiable: dict[tuple[str, RuleAction], Unsatisfiable] = field(
        default_factory=dict, compare=False, repr=False
    )
    _columns_checked: dict[tuple[str, WriteAction, bool], frozenset[str] | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    def row_condition(self, table: Table, action: RowAction) -> Expr:
        """Return the condition of the action's own rule on stored rows (scope `row`)."""
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
        """Return the checks of rows that an action writes, in order."""
        key = (table.name, action, reading)
        found = self._checks.get(key)
        if found is None:
            conditions = with_check(self.policy, table, action, reading)
            found = tuple(
                make_check(condition, table, self.dialect, denial)
                for condition, denial in conditions
                if condition != TRUE
            )
            self._checks[key] = found
        return found

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Return the columns of written rows that the rules read; None if all rules are local."""
        key = (table.name, action, reading)
        if key not in self._columns_checked:
            checks = self.checks(table, action, reading)
            relational = any(check.relational is not None for check in checks)
            columns_read = frozenset[str]().union(*(check.columns_read for check in checks))
            self._columns_checked[key] = columns_read if relational else None
        return self._columns_checked[key]

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return the error of the local rules for rows to insert, None if they pass."""
        found = (
            local_denial(check, rows, context) for check in self.checks(table, "insert", False)
        )
        return next((one for one in found if one is not None), None)

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Return whether any row could satisfy the action's rule for the context's caller."""
        found = self._unsatisfiable.get((table.name, action))
        if found is None:
            found = unsatisfiable(self.policy.rule(table, action).expression)
            self._unsatisfiable[table.name, action] = found
        return not found(context)

    def denied(
        self, table: Table, action: Literal["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return the error if no row can satisfy the caller's rules, None if one may.

        An updated row must satisfy the select rule too.
        """
        seen = action == "insert" or self.allows(table, "select", context)
        if seen and self.allows(table, action, context):
            return None
        return access_error(new_row_denial(table), context)


@dataclass(frozen=True, slots=True)
class AllowAllGuard:
    """The guard that allows everything, for the service role and for seeds."""

    def row_condition(self, table: Table, action: RowAction) -> Expr:
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
        """Do nothing."""
        yield from ()

    def columns_checked(
        self, table: Table, action: WriteAction, reading: bool
    ) -> frozenset[str] | None:
        """Return None: no rule reads any column."""

    def precheck(self, table: Table, rows: Sequence[Row], context: Context) -> AccessError | None:
        """Return None: every row passes."""

    def allows(self, table: Table, action: RuleAction, context: Context) -> bool:
        """Return True."""
        return True

    def denied(
        self, table: Table, action: Literal["insert", "update"], context: Context
    ) -> AccessError | None:
        """Return None: every row passes."""


def using(policy: Policy, table: Table, action: RowAction) -> Expr:
    """Return the condition of an action's own rule on stored rows (scope `row`)."""
    rule = policy.rule(table, action)
    return conjunction(rule.using()) if action == "update" else rule.expression


def with_check(
    policy: Policy, table: Table, action: WriteAction, reading: bool
) -> Iterator[tuple[Expr, Denial]]:
    """Yield the conditions on written rows, each with the denial when it is not true.

    An update that reads columns, as every one of the API does, needs the select rule for the new
    row as well, as does an insert that returns its rows (PostgreSQL, CREATE POLICY).
    """
    seen = policy.rule(table, "select").expression
    if action == "merge":
        yield using(policy, table, "update"), old_row_denial(table)
        yield seen, old_row_denial(table)
    if action == "insert":
        yield policy.rule(table, "insert").expression, new_row_denial(table)
    else:
        yield update_check(policy, table), new_row_denial(table)
    if reading or action != "insert":
        changing = action != "insert"
        yield rename_scope(seen, "row", "new"), unseen_row_denial(table, updated=changing)


def update_check(policy: Policy, table: Table) -> Expr:
    """Return the update rule's condition on new rows.

    It consists of the parts that name `new`; if none does, the whole rule applies to new rows too,
    as a USING without WITH CHECK in PostgreSQL.
    """
    rule = policy.rule(table, "update")
    checks = rule.checks()
    return conjunction(checks) if checks else rename_scope(rule.expression, "row", "new")
