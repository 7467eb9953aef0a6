"""Writes as units of work: what is asked of the database, checked, and given back, step by step.

In charge of the order of things: rows checked by JSON Schema, stored, what came back checked as a
whole and by the access rules, the answer made; whatever fails undoes it all. Must not know HTTP,
and runs nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from orjson import Fragment as Json
from orjson import dumps

from jotbase.errors import ConflictError, RequestError, violation
from jotbase.query.candidates import Changed, changes, named_columns, new_rows
from jotbase.query.compile import compile_read
from jotbase.query.expr import TRUE, Context
from jotbase.query.faults import (
    Refused,
    changed_rows,
    check_whole_rows,
    of_rows,
    placed,
    refuse,
    whole_row_faults,
)
from jotbase.query.guarding import RowAction
from jotbase.query.intent import Payload
from jotbase.query.nodes import (
    ROOT,
    DeletePlan,
    InsertPlan,
    Node,
    ReadPlan,
    UpdatePlan,
    WritePlan,
)
from jotbase.query.row_keys import Key, among, of_table
from jotbase.query.rows import (
    Frame,
    conditions,
    limited,
    open_table,
    ordered,
    where,
    written,
)
from jotbase.query.storing import (
    changed_keys,
    delete,
    inserts,
    load,
    ready,
    returned,
    update,
)
from jotbase.query.updatable import Face, called, shown_row_keys
from jotbase.query.upserts import conflict_clause, existing_rows
from jotbase.query.written import Means, Written, not_single
from jotbase.schema.model import Column, Table, Type
from jotbase.sql.fragment import Fragment, sql
from jotbase.sql.units import RolledBack, UnitOfWork
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class _Stored:
    """Rows as they are after a statement, with their row keys."""

    keys: list[Key]
    rows: list[Row]


def insert_unit(
    plan: InsertPlan, payload: Payload, context: Context, means: Means
) -> UnitOfWork[Written]:
    """Insert, or merge, a payload's rows.

    Raises RequestError for bad rows, AccessError where a rule says no, ConflictError from the
    database.
    """
    table = plan.table
    made = new_rows(plan, payload, context, means)
    if made.missing is not None:
        whole = plan.resolution != "merge"
        refused = Refused(table, made.rows, made.missing, payload, lacks=made.lacks, whole=whole)
        yield from refuse(refused, "insert", context, means, _reads(plan))
    rows = _of_key(plan, made.rows, context)
    olds = yield from existing_rows(plan, rows, means)
    clause = ""
    if plan.resolution is not None:
        clause = conflict_clause(plan, named_columns(plan, payload), rows, means.dialect)
    found: list[tuple[Any, ...]] = []
    try:
        for statement in inserts(table, rows, means.dialect, clause):
            found.extend((yield statement))
    except ConflictError as error:
        refused = of_rows(Refused(table, rows, error, payload, whole=plan.resolution != "merge"))
        yield from _refuse_inserted(plan, refused, olds, context, means)
    after = _Stored(*load(table, found, means.dialect))
    yield from _check_inserted(plan, rows, after, olds, context, means)
    check_whole_rows(table, after.rows, means, payload)
    body = yield from _representation(plan, after, context, means)
    located = plan.answer.preferences.returning == "headers-only" and len(after.rows) == 1
    location = _location(table, after.rows) if located else None
    result = Written(
        len(after.rows), body, _keys(plan), location, created=len(olds) < max(1, len(after.rows))
    )
    return _finished(plan, result)


def _reads(plan: WritePlan) -> bool:
    return plan.answer.preferences.returning == "representation"


def _refuse_inserted(
    plan: InsertPlan,
    refused: Refused,
    olds: dict[tuple[Any, ...], Row],
    context: Context,
    means: Means,
) -> UnitOfWork[None]:
    """Raise what is told of rows that the database does not take; the rules see merges as such."""
    if olds:
        key, empty = plan.conflict, dict.fromkeys(plan.table.by_name)
        names = named_columns(plan, refused.payload)
        merging = [row for row in refused.rows if _key(empty | row, key) in olds]
        before = [olds[_key(row, key)] for row in merging]
        merged = [
            old | {name: row[name] for name in names if name in row}
            for old, row in zip(before, merging, strict=True)
        ]
        yield from means.guard.check(plan.table, "merge", merged, before, context, _reads(plan))
    yield from refuse(refused, "insert", context, means, _reads(plan) and not olds)


def _check_inserted(
    plan: InsertPlan,
    proposed: list[Row],
    after: _Stored,
    olds: dict[tuple[Any, ...], Row],
    context: Context,
    means: Means,
) -> UnitOfWork[None]:
    """Judge new rows as inserted, merged ones as proposed and as merged."""
    reading = _reads(plan)
    check, table, key = means.guard.check, plan.table, plan.conflict
    if not olds:
        yield from check(table, "insert", after.rows, None, context, reading)
        return
    fresh = [row for row in after.rows if _key(row, key) not in olds]
    merged = [row for row in after.rows if _key(row, key) in olds]
    empty: Row = dict.fromkeys(table.by_name)
    clashing = [empty | row for row in proposed if _key(empty | row, key) in olds]
    yield from check(table, "insert", fresh, None, context, reading)
    yield from check(table, "insert", clashing, None, context, False)
    before = [olds[_key(row, key)] for row in merged]
    yield from check(table, "merge", merged, before, context, reading)


def _key(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)


def update_unit(
    plan: UpdatePlan, payload: Payload, context: Context, means: Means
) -> UnitOfWork[Written]:
    """Change the rows that the filters and the rules let be changed."""
    change = changes(plan, payload, means)
    if not change.row:
        return _finished(plan, Written(0, _empty(plan), _keys(plan)))
    table = plan.table
    before = yield from _chosen(plan, plan.target, context, means)
    if change.faults or change.missing is not None:
        yield from _refuse_change(change, before.rows, table, context, means)
    _check_count(plan, len(before.rows))
    after = _Stored([], [])
    if before.rows:
        places = Payload((), single=len(before.rows) == 1)
        try:
            found = yield update(table, change.row, before.keys, means.dialect)
        except ConflictError as error:
            rows = changed_rows(table, before.rows, change.row)
            refused = of_rows(Refused(table, rows, error, places, before.rows))
            yield from refuse(refused, "update", context, means, _reads(plan))
        wanted = changed_keys(table, before.keys, change.row, means.dialect)
        before, after = _paired(before, wanted, _Stored(*load(table, found, means.dialect)))
        yield from means.guard.check(
            table, "update", after.rows, before.rows, context, _reads(plan)
        )
        check_whole_rows(table, after.rows, means, places)
    body = yield from _representation(plan, after, context, means)
    return _finished(plan, Written(len(after.rows), body, _keys(plan)))


def _refuse_change(
    change: Changed, olds: list[Row], table: Table, context: Context, means: Means
) -> UnitOfWork[None]:
    """Raise all that is wrong with an update, the rows that it would change looked at as well."""
    rows = changed_rows(table, olds, change.row)
    places = Payload((), single=len(rows) == 1)
    if change.missing is not None and not change.faults:
        refused = Refused(table, rows, change.missing, places, olds)
        yield from refuse(refused, "update", context, means, True)
    faults = list(change.faults)
    for number, row in enumerate(rows):
        more = [one for one in whole_row_faults(table, row, means) if one not in change.faults]
        faults += placed(more, number, places)
    raise violation(faults, table.name)


def _paired(before: _Stored, wanted: Sequence[Key], after: _Stored) -> tuple[_Stored, _Stored]:
    """Return the old rows that were changed and the new ones, in the old rows' order.

    `wanted` are the keys that the old rows have become. A trigger may have kept some from changing.
    Raises RequestError 0A000 where it cannot be told which row is which, so that no rule is asked
    of a row and the neighbour that it never was.
    """
    if len(before.rows) == len(after.rows) == 1 or list(wanted) == after.keys:
        return before, after
    places: dict[Key, list[int]] = {}
    for place, key in enumerate(after.keys):
        places.setdefault(key, []).insert(0, place)
    pairs = [(old, places[key].pop()) for old, key in enumerate(wanted) if places.get(key)]
    if len(pairs) < len(after.rows):
        raise RequestError(
            "0A000",
            "cannot tell which row became which",
            hint="Change fewer rows at once: the columns that tell them apart come back changed.",
        )
    return _picked(before, [old for old, _ in pairs]), _picked(after, [new for _, new in pairs])


def _picked(stored: _Stored, places: Sequence[int]) -> _Stored:
    return _Stored([stored.keys[at] for at in places], [stored.rows[at] for at in places])


def delete_unit(plan: DeletePlan, context: Context, means: Means) -> UnitOfWork[Written]:
    """Remove the rows that the filters and the rules let be removed."""
    before = yield from _chosen(plan, plan.target, context, means)
    _check_count(plan, len(before.rows))
    # What is returned is as it was before, embedded rows that go along included.
    body = yield from _representation(plan, before, context, means)
    if before.rows:
        yield delete(plan.table, before.keys, means.dialect)
    return _finished(plan, Written(len(before.rows), body, _keys(plan)))


def _chosen(
    plan: UpdatePlan | DeletePlan, target: Node, context: Context, means: Means
) -> UnitOfWork[_Stored]:
    """Read the rows that are to be changed or removed."""
    frame = Frame(means.dialect, means.guard)
    action: RowAction = "delete" if isinstance(plan, DeletePlan) else "update"
    rule = means.guard.rows(plan.table, action)
    opened = open_table(target.table, ROOT, frame)
    allowed = () if rule == TRUE else (written(rule, frame),)
    names = returned(plan.table, means.dialect, ROOT)
    statement: Fragment = (
        sql(f"SELECT {names} FROM ")
        + opened.sources
        + where((*opened.conditions, *allowed, *conditions(target, frame)))
        + ordered(target, frame)
        + limited(target)
    )
    found = yield ready(statement, context)
    return _Stored(*load(plan.table, found, means.dialect))


def _representation(
    plan: WritePlan, after: _Stored, context: Context, means: Means
) -> UnitOfWork[str | None]:
    """Return the JSON array of the rows as the select wants them, or None if it is not wanted."""
    returning = plan.returning
    if returning.plain is not None:
        return _plain(returning.plain, after.rows)
    if returning.node is None:
        return None
    if isinstance(plan.table, Face):
        columns, keys = shown_row_keys(plan.table, after.rows, means.dialect)
        rows = among(columns, keys, means.dialect, ROOT)
    else:
        rows = of_table(plan.table, after.keys, means.dialect, ROOT)
    statement = compile_read(
        ReadPlan(returning.node, plan.answer), means.dialect, means.guard, rows
    )
    found = yield ready(statement, context)
    text: str = found[0][0]
    return text


def _plain(pairs: tuple[tuple[str, Column], ...], rows: list[Row]) -> str:
    exact = [key for key, column in pairs if column.type is Type.DECIMAL]
    shown = [{key: row[column.name] for key, column in pairs} for row in rows]
    for key in exact:
        for row in shown:
            if row[key] is not None:
                row[key] = Json(str(row[key]))
    return dumps(shown).decode()


def _empty(plan: WritePlan) -> str | None:
    returning = plan.returning
    return "[]" if returning.plain is not None or returning.node is not None else None


def _keys(plan: WritePlan) -> tuple[str, ...]:
    returning = plan.returning
    if returning.plain is not None:
        return tuple(key for key, _ in returning.plain)
    return tuple(item.key for item in returning.node.items) if returning.node else ()


def _location(table: Table, rows: list[Row]) -> str | None:
    """Return the query that finds the row: `id=eq.5`."""
    if not table.primary_key or any(rows[0][name] is None for name in table.primary_key):
        return None
    return "&".join(
        f"{quote(called(table, name), safe='')}=eq.{quote(_spelled(rows[0][name]), safe='')}"
        for name in table.primary_key
    )


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_key(plan: InsertPlan, rows: list[Row], context: Context) -> list[Row]:
    """Return the row of a PUT whose key the filters name. Raises RequestError PGRST115."""
    if plan.put is None:
        return rows
    wanted = {name: given.fill(context) for name, given in plan.put.items()}
    fitting = [row for row in rows if all(row.get(name) == wanted[name] for name in wanted)]
    if len(fitting) != 1:
        raise RequestError("PGRST115", "Payload values do not match URL in primary key column(s)")
    return fitting


def _check_count(plan: WritePlan, affected: int) -> None:
    """Refuse more rows than were expected. Raises RequestError PGRST116, PGRST124."""
    answer = plan.answer
    most = answer.preferences.max_affected
    if most is not None and answer.preferences.handling == "strict" and affected > most:
        raise RequestError(
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            details=f"The query affects {affected} rows",
        )
    if answer.media.kind == "object" and affected != 1:
        raise not_single(affected)


def _finished(plan: WritePlan, result: Written) -> Written:
    """Return the result, or leave by RolledBack if nothing is to be kept."""
    _check_count(plan, result.affected)
    answer = plan.answer
    asked = answer.preferences.tx if answer.tx_end.endswith("allow-override") else None
    ending = asked or answer.tx_end.split("-")[0]
    if ending == "rollback":
        raise RolledBack(result)
    return result
