"""Rows that may be there already: ON CONFLICT, and which rows the database would merge into.

In charge of `resolution=merge-duplicates`, `ignore-duplicates` and PUT. Which row a key meets
depends on collations, conversions and generated columns, so the database is asked: it stores the
rows on trial, and changes nothing where it meets one. Must not know answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jotbase.errors import AccessError, ConflictError, RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import WriteAction, merge_refused
from jotbase.query.plan.nodes import InsertPlan, WritePlan
from jotbase.query.plan.row_keys import Key, column_list, key_in, table_key_in
from jotbase.query.plan.updatable import UpdatableView
from jotbase.query.write.faults import changed_rows
from jotbase.query.write.result import WriteContext
from jotbase.query.write.rule_checks import (
    RELEASE,
    SAVE,
    UNDO,
    Stored,
    drawn,
    predicted_row,
    store_or_undo,
    store_with_rules,
    unpaired_error,
)
from jotbase.query.write.storing import insert_rows, load_returned, returning_list
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import sql
from jotbase.sql.units import UnitOfWork
from jotbase.values import ANON, Row

_ACTIONS: tuple[WriteAction, ...] = ("insert", "merge")


def conflict_clause(plan: InsertPlan, names: tuple[str, ...], dialect: Dialect) -> str:
    """Return ` ON CONFLICT …` that merges the named columns, or nothing if a clash is an error."""
    if plan.resolution is None:
        return ""
    columns = ", ".join(map(dialect.identifier, plan.conflict))
    if plan.resolution == "ignore":
        return f" ON CONFLICT ({columns}) DO NOTHING"
    listed = map(dialect.identifier, names or plan.conflict)
    setting = ", ".join(f"{name} = excluded.{name}" for name in listed)
    return f" ON CONFLICT ({columns}) DO UPDATE SET {setting}"


def upsert_rows(
    plan: InsertPlan,
    rows: Sequence[Row],
    names: tuple[str, ...],
    context: Context,
    write_context: WriteContext,
) -> UnitOfWork[Stored]:
    """Store new rows, and change or pass over those that the database finds to be there.

    New rows meet the insert rule; so do those that clash, as proposed, and what they are merged
    into meets the update rule besides, before and after.
    """
    table, dialect = plan.table, write_context.dialect
    merging = plan.resolution == "merge"
    met = yield from conflicting_rows(plan, rows, write_context)
    if merging:
        yield from refuse_unseen(table, met, context, dialect)
    met = refuse_twice(met) if merging else _resolve_ignored(met)
    empty: Row = dict.fromkeys(table.by_name)
    pairs = zip(rows, met.olds, strict=True)
    clashing = [empty | row for row, old in pairs if old is not None]
    clause = conflict_clause(plan, names, dialect)

    def ask(stored: Stored) -> UnitOfWork[None]:
        yield from _ask_rules(plan, stored, clashing, context, write_context)

    def store(tried: Stored | None) -> UnitOfWork[Stored]:
        keys, stored = yield from insert_rows(
            table,
            drawn(table, rows, tried),
            dialect,
            clause,
            met_by=plan.conflict,
            moving=write_context.trusted,
            drawing=plan.defaults,
        )
        olds = met.olds if merging else [None] * len(stored)
        if len(stored) != len(olds):
            raise unpaired_error()
        return Stored(keys, stored, olds)

    guess = _as_merged(met, rows, names, table) if merging else _fresh(met)
    try:
        return (
            yield from store_with_rules(store, ask, _columns_of_rules(plan, write_context), guess)
        )
    except ConflictError as error:
        if error.code.startswith("23"):
            yield from ask(replace(guess, rows=[empty | row for row in guess.rows]))
        raise


def _ask_rules(
    plan: InsertPlan,
    stored: Stored,
    clashing: Sequence[Row],
    context: Context,
    write_context: WriteContext,
) -> UnitOfWork[None]:
    """Ask the insert rule of every proposed row, and the update rule of each row that was met."""
    check, table, reading = write_context.guard.check, plan.table, returns_rows(plan)
    judged = list(zip(stored.rows, stored.olds, strict=True))
    fresh = [row for row, old in judged if old is None]
    yield from check(table, "insert", fresh, None, context, reading)
    yield from check(table, "insert", clashing, None, context, False)
    changed = [row for row, old in judged if old is not None]
    olds = [old for old in stored.olds if old is not None]
    yield from check(table, "merge", changed, olds, context, reading)


def returns_rows(plan: WritePlan) -> bool:
    """Say whether the rows are given back to who wrote them."""
    return plan.answer.preferences.returning == "representation"


def _columns_of_rules(plan: InsertPlan, write_context: WriteContext) -> frozenset[str] | None:
    """Return the columns that the rules of merged rows look at, None if all of them are local."""
    both = [
        write_context.guard.columns_checked(plan.table, action, returns_rows(plan))
        for action in _ACTIONS
    ]
    known = [one for one in both if one is not None]
    return frozenset[str]().union(*known) if known else None


def _resolve_ignored(met: Stored) -> Stored:
    """Return what rows meet that are passed over where a key is taken: by one of them as well."""
    seen: set[Key] = set()
    olds: list[Row | None] = []
    for key, row, old in zip(met.keys, met.rows, met.olds, strict=True):
        olds.append(row if key in seen else old)
        seen.add(key)
    return replace(met, olds=olds)


def _fresh(met: Stored) -> Stored:
    fresh = [row for row, old in zip(met.rows, met.olds, strict=True) if old is None]
    return Stored([], fresh, [None] * len(fresh))


def _as_merged(met: Stored, rows: Sequence[Row], names: Sequence[str], table: Table) -> Stored:
    """Return rows as they are to be: new ones as tried, old ones changed as far as can be told."""
    expected: list[Row] = []
    for tried, row, old in zip(met.rows, rows, met.olds, strict=True):
        if old is None:
            expected.append(tried)
            continue
        known = predicted_row(table, row)
        unknown = [name for name in names if name not in known]
        changed = {name: known[name] for name in names if name in known}
        one = changed_rows(table, [old], changed)[0]
        expected.append({name: value for name, value in one.items() if name not in unknown})
    return Stored([], expected, met.olds)


def conflicting_rows(
    plan: InsertPlan, rows: Sequence[Row], write_context: WriteContext
) -> UnitOfWork[Stored]:
    """Return what the database makes of each row: a new one, or an old one that it meets.

    An old one stands in `rows` as it is, and in `olds` as well. Nothing is kept.

    Raises ConflictError where another key is taken, RequestError 0A000 where a trigger hides what
    becomes of a row.
    """
    table, dialect = plan.table, write_context.dialect
    clause = _no_op_conflict_clause(table, plan.conflict, dialect)
    yield SAVE
    keys, tried = yield from store_or_undo(
        lambda: insert_rows(table, rows, dialect, clause, met_by=plan.conflict, moving=True)
    )
    yield UNDO
    yield RELEASE
    if len(keys) != len(rows):
        raise unpaired_error()
    found = yield (
        sql(f"SELECT {returning_list(table, dialect)} FROM {dialect.identifier(table.name)} WHERE ")
        + table_key_in(table, keys, dialect)
    )
    before = dict(zip(*load_returned(table, found, dialect), strict=True))
    return Stored(keys, tried, [before.get(key) for key in keys])


def _no_op_conflict_clause(table: Table, conflict: Sequence[str], dialect: Dialect) -> str:
    """Return ` ON CONFLICT …` that gives back the row that is met, and leaves it as it is."""
    columns = ", ".join(map(dialect.identifier, conflict))
    plain = [one.name for one in table.columns if one.generated is None]
    name = dialect.identifier(next((one for one in conflict if one in plain), plain[0]))
    return f" ON CONFLICT ({columns}) DO UPDATE SET {name} = {name}"


def refuse_twice(met: Stored) -> Stored:
    """Return rows of which no two become one. Raises RequestError 21000."""
    if len(set(met.keys)) == len(met.keys):
        return met
    raise RequestError(
        "21000",
        "ON CONFLICT DO UPDATE command cannot affect row a second time",
        hint="Ensure that no rows proposed for insertion within the same command have"
        " duplicate constrained values.",
        status=500,
    )


def refuse_unseen(
    table: Table, met: Stored, context: Context, dialect: Dialect
) -> UnitOfWork[None]:
    """Refuse to merge into rows that a view, if it is written through one, does not have.

    Raises AccessError 42501.
    """
    keys: list[Key] = [key for key, old in zip(met.keys, met.olds, strict=True) if old is not None]
    if not keys or not isinstance(table, UpdatableView):
        return
    names = column_list(table.row_key, dialect)
    unseen = yield (
        f"SELECT 1 FROM {dialect.identifier(table.name)} WHERE "
        + key_in(table.row_key, keys, dialect)
        + f" AND ({names}) NOT IN (SELECT {names} {table.rows_of}) LIMIT 1"
    )
    if unseen:
        status = 401 if context.principal.role == ANON else 403
        raise AccessError("42501", merge_refused(table.shown.name), status=status)
