"""Writes as units of work: insert, update, delete.

In charge of the order of the steps: rows validated, stored, checked as a whole and by the access
rules, the result read; an error rolls all back. Must not know HTTP, and runs no statement itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from orjson import Fragment as Json
from orjson import dumps

from jotbase.errors import MAX_FAULTS, ConflictError, RequestError, violation
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import (
    ROOT,
    DeletePlan,
    InsertPlan,
    Node,
    ReadPlan,
    UpdatePlan,
    WritePlan,
)
from jotbase.query.plan.row_keys import key_in, table_key_in
from jotbase.query.plan.updatable import UpdatableView, view_row_keys
from jotbase.query.request.intent import Payload
from jotbase.query.statement.compile import compile_read
from jotbase.query.write.disclosure import equality_filters, redacted_error, redacted_faults
from jotbase.query.write.faults import (
    RefusedRows,
    changed_rows,
    check_whole_rows,
    located_faults,
    raise_refusal,
    refused_rows,
    whole_row_faults,
)
from jotbase.query.write.guarded_storing import (
    WrittenRows,
    paired_rows,
    predicted_row,
    store_with_rules,
    with_tried_defaults,
)
from jotbase.query.write.payload_rows import ChangedColumns, PayloadRows, changed_columns, new_rows
from jotbase.query.write.result import WriteContext, WriteResult, location_query, not_single
from jotbase.query.write.storing import (
    are_known,
    changed_keys,
    delete_statement,
    insert_rows,
    insert_unread,
    load_returned,
    statement_of,
    update_statement,
)
from jotbase.query.write.targets import target_rows
from jotbase.query.write.upserts import returns_rows, upsert_rows
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.sql.units import PAUSE, TURN, RolledBack, UnitOfWork
from jotbase.values import Row


def refuse_forbidden(
    plan: InsertPlan | UpdatePlan, context: Context, write_context: WriteContext
) -> None:
    """Raise AccessError 42501 if no row can satisfy the rules for this caller."""
    action: Literal["insert", "update"] = "insert" if isinstance(plan, InsertPlan) else "update"
    refusal = write_context.guard.denied(plan.table, action, context)
    if refusal is not None:
        raise refusal


def rows_to_insert(
    plan: InsertPlan, payload: Payload, context: Context, write_context: WriteContext
) -> PayloadRows:
    """Prepare a payload's rows: the part of an insert that needs no database.

    Raises RequestError for invalid rows, AccessError where the rules certainly deny them.
    """
    if len(payload.rows) > 1:  # for a single row the rule itself is evaluated as fast
        refuse_forbidden(plan, context, write_context)
    try:
        made = new_rows(plan, payload, context, write_context)
    except RequestError:
        refuse_forbidden(plan, context, write_context)
        raise
    if len(made.rows) > 1 and made.missing is None:
        refusal = write_context.guard.precheck(plan.table, made.rows, context)
        if refusal is not None:
            raise refusal
    return made


def insert_unit(
    plan: InsertPlan,
    payload: Payload,
    context: Context,
    write_context: WriteContext,
    made: PayloadRows | None = None,
) -> UnitOfWork[WriteResult]:
    """Insert or merge a payload's rows; `made` are the prepared rows, if they are at hand.

    Raises RequestError for invalid rows, AccessError (rules), ConflictError (the database).
    """
    table = plan.table
    made = made or rows_to_insert(plan, payload, context, write_context)
    if len(made.rows) > TURN:
        yield PAUSE
    rows = _of_key(plan, made.rows, context)
    if made.missing is not None:
        whole = plan.resolution != "merge"
        lacking = made.missing_faults
        refused = RefusedRows(table, made.rows, made.missing, payload, None, lacking, whole)
        yield from raise_refusal(refused, "insert", context, write_context, returns_rows(plan))
    names = made.names
    try:
        if plan.resolution is None or not rows:
            after = yield from _inserted(plan, rows, context, write_context)
        else:
            after = yield from upsert_rows(plan, rows, names, context, write_context)
    except ConflictError as error:
        sent = [{name: row[name] for name in names if name in row} for row in rows]
        taken = redacted_error(error, table, sent, write_context, context)
        whole = plan.resolution != "merge"
        refused = refused_rows(RefusedRows(table, rows, taken, payload, whole=whole))
        reading = returns_rows(plan) and plan.resolution is None
        yield from raise_refusal(refused, "insert", context, write_context, reading)
    yield from check_whole_rows(table, after.rows, write_context, payload, names)
    body = yield from _representation(plan, after, context, write_context)
    located = plan.answer.preferences.returning == "headers-only" and len(after.rows) == 1
    if located and not write_context.guard.allows(table, "select", context):
        located = False  # the key of a row that the caller may not see discloses a count
    location = location_query(table, after.rows) if located else None
    created = plan.resolution != "merge" or any(old is None for old in after.olds)
    return _result(plan, WriteResult(len(after.rows), body, _keys(plan), location, created))


def _inserted(
    plan: InsertPlan, rows: Sequence[Row], context: Context, write_context: WriteContext
) -> UnitOfWork[WrittenRows]:
    """Store new rows."""
    table, reading = plan.table, returns_rows(plan)
    columns_read = write_context.guard.columns_checked(table, "insert", reading)
    if columns_read is None and _is_unread(plan) and are_known(table, rows, write_context.dialect):
        new = yield from insert_unread(table, rows, write_context.dialect)
        yield from write_context.guard.check(table, "insert", new, None, context, reading)
        return WrittenRows([], new, [None] * len(new))
    if columns_read is None:
        keys, new = yield from insert_rows(
            table, rows, write_context.dialect, moving=write_context.trusted, drawing=plan.defaults
        )
        yield from write_context.guard.check(table, "insert", new, None, context, reading)
        return WrittenRows(keys, new, [None] * len(new))

    def ask(stored: WrittenRows) -> UnitOfWork[None]:
        return write_context.guard.check(table, "insert", stored.rows, None, context, reading)

    def store(trial: WrittenRows | None) -> UnitOfWork[WrittenRows]:
        made = with_tried_defaults(table, rows, trial)
        keys, stored = yield from insert_rows(
            table, made, write_context.dialect, moving=write_context.trusted, drawing=plan.defaults
        )
        return WrittenRows(keys, stored, [None] * len(stored))

    def predict() -> WrittenRows:
        expected = [predicted_row(table, row) for row in rows]
        return WrittenRows([], expected, [None] * len(expected))

    return (yield from store_with_rules(store, ask, columns_read, predict))


def _is_unread(plan: InsertPlan) -> bool:
    """Return whether the response tells neither the rows nor how many were stored."""
    returning, preferences = plan.returning, plan.answer.preferences
    return returning.plain is None and returning.node is None and preferences.count is None


def update_unit(
    plan: UpdatePlan, payload: Payload, context: Context, write_context: WriteContext
) -> UnitOfWork[WriteResult]:
    """Update the rows that the filters and the update rule select."""
    try:
        change = changed_columns(plan, payload, context, write_context)
    except RequestError:
        refuse_forbidden(plan, context, write_context)
        raise
    if change.faults or change.missing is not None:
        refuse_forbidden(plan, context, write_context)
    if not change.row:
        return _result(plan, WriteResult(0, _empty(plan), _keys(plan)))
    table = plan.table
    before = yield from _select_target(plan, plan.target, context, write_context)
    if change.faults or change.missing is not None:
        yield from _refuse_change(change, before.rows, table, context, write_context)
    _check_count(plan, len(before.rows))
    after = WrittenRows([], [])
    if before.rows:
        places = Payload((), single=len(before.rows) == 1)
        try:
            after = yield from _updated(plan, before, change.row, context, write_context)
        except ConflictError as error:
            rows = changed_rows(table, before.rows, change.row)
            sent = [change.row, equality_filters(plan.target.where, context)]
            taken = redacted_error(error, table, sent, write_context, context)
            refused = refused_rows(RefusedRows(table, rows, taken, places, before.rows))
            yield from raise_refusal(refused, "update", context, write_context, returns_rows(plan))
        yield from check_whole_rows(table, after.rows, write_context, places, change.row)
    body = yield from _representation(plan, after, context, write_context)
    return _result(plan, WriteResult(len(after.rows), body, _keys(plan)))


def _updated(
    plan: UpdatePlan,
    before: WrittenRows,
    changed: Row,
    context: Context,
    write_context: WriteContext,
) -> UnitOfWork[WrittenRows]:
    """Update rows that the update rule has selected."""
    table, dialect, reading = plan.table, write_context.dialect, returns_rows(plan)

    def ask(stored: WrittenRows) -> UnitOfWork[None]:
        olds = [old for old in stored.olds if old is not None]
        return write_context.guard.check(table, "update", stored.rows, olds, context, reading)

    def store(_: WrittenRows | None) -> UnitOfWork[WrittenRows]:
        found = yield update_statement(table, changed, before.keys, dialect)
        wanted = changed_keys(table, before.keys, changed, dialect)
        return paired_rows(before, wanted, WrittenRows(*load_returned(table, found, dialect)))

    def predict() -> WrittenRows:
        return WrittenRows([], changed_rows(table, before.rows, changed), before.rows)

    columns_read = write_context.guard.columns_checked(table, "update", reading)
    return (yield from store_with_rules(store, ask, columns_read, predict))


def _refuse_change(
    change: ChangedColumns,
    olds: Sequence[Row],
    table: Table,
    context: Context,
    write_context: WriteContext,
) -> UnitOfWork[None]:
    """Raise all faults of an update, including those of the rows that it would change."""
    rows = changed_rows(table, olds, change.row)
    places = Payload((), single=len(rows) == 1)
    if change.missing is not None and not change.faults:
        refused = RefusedRows(table, rows, change.missing, places, olds)
        yield from raise_refusal(refused, "update", context, write_context, True)
    faults = list(change.faults)
    for number, row in enumerate(rows):
        if number % TURN == TURN - 1:
            yield PAUSE
        if len(faults) > MAX_FAULTS:
            break
        more = [
            one for one in whole_row_faults(table, row, write_context) if one not in change.faults
        ]
        faults += located_faults(redacted_faults(more, change.row), number, places)
    raise violation(faults, table.name)


def delete_unit(
    plan: DeletePlan, context: Context, write_context: WriteContext
) -> UnitOfWork[WriteResult]:
    """Delete the rows that the filters and the delete rule select."""
    before = yield from _select_target(plan, plan.target, context, write_context)
    _check_count(plan, len(before.rows))
    # What is returned is as it was before, embedded rows that go along included.
    body = yield from _representation(plan, before, context, write_context)
    if before.rows:
        try:
            yield delete_statement(plan.table, before.keys, write_context.dialect)
        except ConflictError as error:
            sent = [equality_filters(plan.target.where, context)]
            raise redacted_error(error, plan.table, sent, write_context, context) from error
    return _result(plan, WriteResult(len(before.rows), body, _keys(plan)))


def _select_target(
    plan: UpdatePlan | DeletePlan, target: Node, context: Context, write_context: WriteContext
) -> UnitOfWork[WrittenRows]:
    """Read the rows to be updated or deleted."""
    found = yield statement_of(target_rows(plan, target, write_context), context)
    return WrittenRows(*load_returned(plan.table, found, write_context.dialect))


def _representation(
    plan: WritePlan, after: WrittenRows, context: Context, write_context: WriteContext
) -> UnitOfWork[str | None]:
    """Read the JSON array of the rows for `select`; None if no representation was requested."""
    returning = plan.returning
    if len(after.rows) > TURN:
        yield PAUSE
    if returning.plain is not None:
        return _plain(returning.plain, after.rows)
    if returning.node is None:
        return None
    if isinstance(plan.table, UpdatableView):
        columns, keys = view_row_keys(plan.table, after.rows, write_context.dialect)
        rows = key_in(columns, keys, write_context.dialect, ROOT)
    else:
        rows = table_key_in(plan.table, after.keys, write_context.dialect, ROOT)
    statement = compile_read(
        ReadPlan(returning.node, plan.answer), write_context.dialect, write_context.guard, rows
    )
    found = yield statement_of(statement, context)
    text: str = found[0][0]
    return text


def _plain(pairs: tuple[tuple[str, Column], ...], rows: Sequence[Row]) -> str:
    """Return the rows as an array. So few are written in one call that none holds others up."""
    exact = [key for key, column in pairs if column.type is Type.DECIMAL]
    pieces: list[str] = []
    for start in range(0, len(rows), TURN):
        shown = [
            {key: row[column.name] for key, column in pairs} for row in rows[start : start + TURN]
        ]
        for key in exact:
            for row in shown:
                if row[key] is not None:
                    row[key] = Json(str(row[key]))
        pieces.append(dumps(shown)[1:-1].decode())
    return f"[{','.join(pieces)}]"


def _empty(plan: WritePlan) -> str | None:
    returning = plan.returning
    return "[]" if returning.plain is not None or returning.node is not None else None


def _keys(plan: WritePlan) -> tuple[str, ...]:
    returning = plan.returning
    if returning.plain is not None:
        return tuple(key for key, _ in returning.plain)
    return tuple(item.key for item in returning.node.items) if returning.node else ()


def _of_key(plan: InsertPlan, rows: list[Row], context: Context) -> list[Row]:
    """Return the row of a PUT with the filters' key. Raises RequestError PGRST115."""
    if plan.put is None:
        return rows
    wanted = {name: given.fill(context) for name, given in plan.put.items()}
    fitting = [row for row in rows if all(row.get(name) == wanted[name] for name in wanted)]
    if len(fitting) != 1:
        raise RequestError("PGRST115", "Payload values do not match URL in primary key column(s)")
    return fitting


def _check_count(plan: WritePlan, affected: int) -> None:
    """Raise RequestError PGRST116 or PGRST124 for more rows than allowed."""
    answer = plan.answer
    most = None if isinstance(plan, InsertPlan) else answer.preferences.max_affected
    if most is not None and answer.preferences.handling == "strict" and affected > most:
        raise RequestError(
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            details=f"The query affects {affected} rows",
        )
    if answer.media.kind == "object" and affected != 1:
        raise not_single(affected)


def _result(plan: WritePlan, result: WriteResult) -> WriteResult:
    """Return the result. Raises RolledBack for `tx=rollback`."""
    _check_count(plan, result.affected)
    answer = plan.answer
    preferred = answer.preferences.tx if answer.tx_end.endswith("allow-override") else None
    ending = preferred or answer.tx_end.split("-")[0]
    if ending == "rollback":
        raise RolledBack(result)
    return result
