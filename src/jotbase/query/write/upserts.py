"""Upserts: ON CONFLICT, and the existing rows that the database would merge with.

In charge of `resolution=merge-duplicates`, `ignore-duplicates` and PUT. Which existing row has the
same key depends on collations, conversions and generated columns, so the database decides: the rows
are stored on trial with an ON CONFLICT that changes nothing. Must not know responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import NoneType
from typing import Any

from jotbase.errors import AccessError, ConflictError, RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import WriteAction, merge_refused
from jotbase.query.plan.nodes import InsertPlan, WritePlan
from jotbase.query.plan.row_keys import Key, column_list, key_in, table_key_in
from jotbase.query.plan.updatable import UpdatableView
from jotbase.query.write.faults import changed_rows
from jotbase.query.write.guarded_storing import (
    RELEASE,
    SAVE,
    UNDO,
    WrittenRows,
    predicted_row,
    store_or_undo,
    store_with_rules,
    unpaired_error,
    with_tried_defaults,
)
from jotbase.query.write.result import WriteContext
from jotbase.query.write.storing import insert_rows, load_returned, returning_list
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import sql
from jotbase.sql.units import UnitOfWork
from jotbase.values import ANON, Row

#: Classes of values that are the same where they are equal.
_PLAIN: frozenset[Any] = frozenset((str, int, bool, NoneType))
_ACTIONS: tuple[WriteAction, ...] = ("insert", "merge")


def conflict_clause(plan: InsertPlan, names: tuple[str, ...], dialect: Dialect) -> str:
    """Return ` ON CONFLICT …` that merges the named columns, "" if a conflict is an error."""
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
) -> UnitOfWork[WrittenRows]:
    """Insert new rows; merge or ignore those whose key exists.

    The insert rule applies to all proposed rows, the update rule to merged ones, before and after.
    """
    table, dialect = plan.table, write_context.dialect
    merging = plan.resolution == "merge"
    matched = yield from conflicting_rows(plan, rows, write_context)
    if merging:
        yield from refuse_hidden(table, matched, context, dialect)
    matched = refuse_duplicate_targets(matched) if merging else _resolve_ignored(matched)
    matched = replace(matched, keys=[])  # nobody asks for them any more, and they are many
    empty: Row = dict.fromkeys(table.by_name)
    columns = _columns_of_rules(plan, write_context)

    def ask(stored: WrittenRows) -> UnitOfWork[None]:
        pairs = zip(rows, matched.olds, strict=True)
        clashing = [empty | row for row, old in pairs if old is not None]
        yield from _check_rules(plan, stored, clashing, context, write_context)

    def store(trial: WrittenRows | None) -> UnitOfWork[WrittenRows]:
        keys, stored = yield from insert_rows(
            table,
            with_tried_defaults(table, rows, trial),
            dialect,
            conflict_clause(plan, names, dialect),
            conflict_columns=plan.conflict,
            moving=write_context.trusted,
            drawing=plan.defaults,
        )
        olds = matched.olds if merging else [None] * len(stored)
        if len(stored) != len(olds):
            raise unpaired_error()
        return WrittenRows(keys, as_given(rows, stored) if merging else stored, olds)

    guess = partial(_as_merged, matched, rows, names, table)
    predict = guess if merging else partial(_new_rows_of, matched)
    try:
        return (yield from store_with_rules(store, ask, columns, predict))
    except ConflictError as error:
        if error.code.startswith("23"):
            predicted = predict()
            yield from ask(replace(predicted, rows=[empty | row for row in predicted.rows]))
        raise


def _check_rules(
    plan: InsertPlan,
    stored: WrittenRows,
    clashing: Sequence[Row],
    context: Context,
    write_context: WriteContext,
) -> UnitOfWork[None]:
    """Check the insert rule for every proposed row, and the update rule for each merged row."""
    check, table, reading = write_context.guard.check, plan.table, returns_rows(plan)
    judged = partial(zip, stored.rows, stored.olds, strict=True)
    fresh = [row for row, old in judged() if old is None]
    yield from check(table, "insert", fresh, None, context, reading)
    yield from check(table, "insert", clashing, None, context, False)
    changed = [row for row, old in judged() if old is not None]
    olds = [old for old in stored.olds if old is not None]
    yield from check(table, "merge", changed, olds, context, reading)


def returns_rows(plan: WritePlan) -> bool:
    """Return whether the write returns its rows."""
    return plan.answer.preferences.returning == "representation"


def _columns_of_rules(plan: InsertPlan, write_context: WriteContext) -> frozenset[str] | None:
    """Return the columns that the rules of merged rows read, None if all rules are local."""
    both = [
        write_context.guard.columns_checked(plan.table, action, returns_rows(plan))
        for action in _ACTIONS
    ]
    known = [one for one in both if one is not None]
    return frozenset[str]().union(*known) if known else None


def _resolve_ignored(matched: WrittenRows) -> WrittenRows:
    """Return the matches of rows that are ignored on conflict, also with another row of the
    body.
    """
    seen: set[Key] = set()
    olds: list[Row | None] = []
    for key, row, old in zip(matched.keys, matched.rows, matched.olds, strict=True):
        olds.append(row if key in seen else old)
        seen.add(key)
    return replace(matched, olds=olds)


def _new_rows_of(matched: WrittenRows) -> WrittenRows:
    fresh = [row for row, old in zip(matched.rows, matched.olds, strict=True) if old is None]
    return WrittenRows([], fresh, [None] * len(fresh))


def _as_merged(
    matched: WrittenRows, rows: Sequence[Row], names: Sequence[str], table: Table
) -> WrittenRows:
    """Return the predicted rows: new ones as on trial, existing ones merged as far as known."""
    expected: list[Row] = []
    for trial, row, old in zip(matched.rows, rows, matched.olds, strict=True):
        if old is None:
            expected.append(trial)
            continue
        known = predicted_row(table, row)
        unknown = [name for name in names if name not in known]
        changed = {name: known[name] for name in names if name in known}
        one = changed_rows(table, [old], changed)[0]
        expected.append({name: value for name, value in one.items() if name not in unknown})
    return WrittenRows([], expected, matched.olds)


def conflicting_rows(
    plan: InsertPlan, rows: Sequence[Row], write_context: WriteContext
) -> UnitOfWork[WrittenRows]:
    """Return for each row the new row, or the existing row with the same key.

    An existing row is in both `rows` and `olds`. The trial is rolled back.

    Raises ConflictError for a conflict on another key, RequestError 0A000 if a trigger hides the
    result for a row.
    """
    table, dialect = plan.table, write_context.dialect
    clause = _no_op_conflict_clause(table, plan.conflict, dialect)
    yield SAVE
    keys, trial = yield from store_or_undo(
        lambda: insert_rows(
            table,
            rows,
            dialect,
            clause,
            conflict_columns=plan.conflict,
            moving=not dialect.is_postgres,
        )
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
    # An existing row is one object: the trial's copy of it would be as large again.
    trial = as_given(rows, trial)
    shared = [before.get(key, row) for key, row in zip(keys, trial, strict=True)]
    return WrittenRows(keys, shared, [before.get(key) for key in keys])


def as_given(rows: Sequence[Row], stored: Sequence[Row]) -> list[Row]:
    """Return the stored rows, each as the row that it came of where that is the same, else with
    the texts of it that are: of many rows each copy is larger than the body.
    """
    found: list[Row] = []
    for row, copy in zip(rows, stored, strict=True):
        same = len(row) == len(copy)
        for name, value in row.items():
            kind, kept = value.__class__, copy.get(name)
            if kind not in _PLAIN or kept.__class__ is not kind or kept != value:
                same = False
            elif kind is str:
                copy[name] = value
        found.append(row if same else copy)
    return found


def _no_op_conflict_clause(table: Table, conflict: Sequence[str], dialect: Dialect) -> str:
    """Return ` ON CONFLICT …` that returns the existing row without changing it."""
    columns = ", ".join(map(dialect.identifier, conflict))
    plain = [one.name for one in table.columns if one.generated is None]
    name = dialect.identifier(next((one for one in conflict if one in plain), plain[0]))
    return (
        f" ON CONFLICT ({columns}) DO UPDATE SET {name} = {dialect.identifier(table.name)}.{name}"
    )


def refuse_duplicate_targets(matched: WrittenRows) -> WrittenRows:
    """Return the rows. Raises RequestError 21000 if two of them match the same existing row."""
    if len(set(matched.keys)) == len(matched.keys):
        return matched
    raise RequestError(
        "21000",
        "ON CONFLICT DO UPDATE command cannot affect row a second time",
        hint="Ensure that no rows proposed for insertion within the same command have"
        " duplicate constrained values.",
        status=500,
    )


def refuse_hidden(
    table: Table, matched: WrittenRows, context: Context, dialect: Dialect
) -> UnitOfWork[None]:
    """Refuse to merge into rows that the written view does not contain.

    Raises AccessError 42501.
    """
    keys: list[Key] = [
        key for key, old in zip(matched.keys, matched.olds, strict=True) if old is not None
    ]
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
        raise AccessError("42501", merge_refused(table.source_view.name), status=status)
