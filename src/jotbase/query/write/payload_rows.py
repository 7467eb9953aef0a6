"""Preparing a payload's rows for storing: columns resolved, defaults set, values canonical and
valid.

In charge of all checks of a new or updated row that need no database. Must not know SQL or access
rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Any

from jotbase.errors import MAX_FAULTS, RequestError, violation
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import InsertPlan, UpdatePlan
from jotbase.query.plan.plan import check_columns
from jotbase.query.plan.updatable import UpdatableView
from jotbase.query.request.body import Cell, mismatched_keys
from jotbase.query.request.intent import Payload
from jotbase.query.write.bulk_rows import (
    default_of,
    present_properties,
    row_template,
    template_rows,
)
from jotbase.query.write.disclosure import Faults
from jotbase.query.write.faults import deduplicated_faults, located_faults, whole_row_faults
from jotbase.query.write.result import WriteContext
from jotbase.records import dataclass
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.values.convert import canonical, from_text
from jotbase.schema.values.zones import value_in_zone
from jotbase.values import Row


@dataclass(frozen=True, slots=True)
class PayloadRows:
    """Rows in canonical form, without the columns that the database fills in.

    `missing` is the error, if a value is missing that must be there (23502): the rules may have
    something to say before it. `missing_faults` are all such values in the schema's words, `names`
    the columns that the body sets.
    """

    rows: list[Row]
    missing: RequestError | None = None
    missing_faults: Faults = field(default_factory=list)
    names: tuple[str, ...] = ()


def named_columns(plan: InsertPlan | UpdatePlan, payload: Payload) -> tuple[str, ...]:
    """Return the columns that a body sets. Raises RequestError PGRST204 or PGRST102."""
    if plan.columns is not None:
        return plan.columns
    if not payload.rows:
        return ()
    first = payload.rows[0].keys()
    names = dict.fromkeys(first)
    for row in payload.rows if not payload.lines else ():  # a CSV's rows all have its header's
        if row.keys() != first:
            if not (isinstance(plan, InsertPlan) and plan.defaults):
                raise mismatched_keys()
            names.update(dict.fromkeys(row))
    check_columns(plan.table, names)
    return tuple(names)


@lru_cache(maxsize=1024)
def _server_columns(table: Table, trusted: bool) -> frozenset[str]:
    """Return the columns that only the server may set."""
    return frozenset(
        column.name
        for column in table.columns
        if column.generated is not None or (column.read_only and not trusted)
    )


def refuse_server_columns(
    table: Table, names: Iterable[str], write_context: WriteContext, verb: str
) -> None:
    """Raise RequestError 428C9 for columns that only the server may set."""
    for name in names:
        column = table.by_name[name]
        if column.generated is not None:
            kind = "is a generated column."
        elif column.read_only and not write_context.trusted:
            kind = "is read-only: the server sets it."
        else:
            continue
        message = (
            f'cannot insert a non-DEFAULT value into column "{name}"'
            if verb == "insert"
            else f'column "{name}" can only be updated to DEFAULT'
        )
        raise RequestError("428C9", message, details=f'Column "{name}" {kind}')


def new_rows(
    plan: InsertPlan, payload: Payload, context: Context, write_context: WriteContext
) -> PayloadRows:
    """Return the rows to insert.

    Raises RequestError: 23514 with all faults of all rows, 428C9, PGRST204.
    """
    table = plan.table
    names = named_columns(plan, payload)
    if not _server_columns(table, write_context.trusted).isdisjoint(names):
        refuse_server_columns(table, _given(plan, payload, names), write_context, "insert")
    made = None
    if not payload.unread and plan.answer.preferences.timezone is None:
        made = template_rows(row_template(table, names), payload.rows, context, write_context)
    if made is not None:
        return PayloadRows(made, names=names)
    return _one_by_one(plan, payload, names, context, write_context)


def _one_by_one(
    plan: InsertPlan,
    payload: Payload,
    names: tuple[str, ...],
    context: Context,
    write_context: WriteContext,
) -> PayloadRows:
    """Return the rows to insert. Raises RequestError with the faults of all rows."""
    table = plan.table
    columns = [table.by_name[name] for name in names]
    fills = [(one.name, fill) for one in table.columns if (fill := default_of(one, write_context))]
    needed = [column for column in table.columns if not column.nullable]
    rows: list[Row] = []
    faults: list[Faults] = []
    missing_faults: Faults = []
    missing: RequestError | None = None
    listed = 0
    for number, raw in enumerate(payload.rows):
        if listed + len(missing_faults) > MAX_FAULTS:
            break
        line = payload.lines[number] if payload.lines else 0
        row = _read(raw, columns, plan, line)
        found = write_context.check.column_faults(present_properties(table, row))
        if not found:
            _make_canonical(row, columns)
        for name, fill in fills:
            if name not in row:
                row[name] = fill(context)
        faults.append(found)
        listed += len(found)
        lacking = _lacking(row, needed)
        if lacking is not None:
            missing = missing or not_null(table, lacking, row)
            missing_faults += located_faults([_required(lacking)], number, payload)
        rows.append(row)
    if any(faults):
        raise violation(
            [*_all_faults(plan, rows, faults, payload, write_context), *missing_faults], table.name
        )
    return PayloadRows(rows, missing, missing_faults, names)


def _all_faults(
    plan: InsertPlan,
    rows: list[Row],
    faults: list[Faults],
    payload: Payload,
    write_context: WriteContext,
) -> Faults:
    """Return the faults of the rows' values and of the rows as a whole.

    A row to be merged has other values when it is stored, so only its own values are checked.
    """
    listed: Faults = []
    for number, (row, found) in enumerate(zip(rows, faults, strict=True)):
        if len(listed) > MAX_FAULTS:
            break
        whole = (
            whole_row_faults(plan.table, row, write_context) if plan.resolution != "merge" else []
        )
        listed += located_faults(deduplicated_faults(found, whole), number, payload)
    return listed


def _given(plan: InsertPlan, payload: Payload, names: tuple[str, ...]) -> list[str]:
    """Return the columns with a value in the body: with missing=default not all named ones."""
    if not plan.defaults:
        return list(names)
    return [name for name in names if any(name in row for row in payload.rows)]


def _read(
    raw: Mapping[str, Any], columns: Iterable[Column], plan: InsertPlan | UpdatePlan, line: int = 0
) -> Row:
    """Return the columns' values in one row; with missing=default, a missing one stays absent.

    `line` is that of a CSV which the row begins in, 0 without one. An array may come as text, in
    PostgreSQL's form
    (https://docs.postgrest.org/en/stable/how-tos/working-with-postgresql-data-types.html).
    A time without an offset is one of the zone that the request prefers, if it does.
    """
    row: Row = {}
    zone = plan.answer.preferences.timezone
    for column in columns:
        name = column.name
        if name in raw:
            value = raw[name]
            if zone is not None and column.type in _IN_ZONES:
                value = value_in_zone(column.type, column.item, value, zone)
            if type(value) is Cell:
                row[name] = _from_cell(column, value, line)
            elif column.type is Type.ARRAY and isinstance(value, str) and value[:1] == "{":
                row[name] = from_text(column.type, value, column.item)
            else:
                row[name] = value
        elif not plan.defaults:
            row[name] = None
    return row


def sent_rows(plan: InsertPlan | UpdatePlan, payload: Payload) -> list[Row]:
    """Return a payload's rows as the columns' values are sent, texts of CSV and forms read.

    Columns that `columns` names and a row lacks are null, as they will be stored.
    """
    columns = [plan.table.by_name[name] for name in named_columns(plan, payload)]
    lines = payload.lines or [0] * len(payload.rows)
    return [_read(raw, columns, plan, line) for raw, line in zip(payload.rows, lines, strict=True)]


#: The types whose values are, or may hold, times in a zone.
_IN_ZONES = (Type.TIMESTAMP, Type.TSTZRANGE, Type.ARRAY)


def _from_cell(column: Column, cell: Cell, line: int) -> Any:
    try:
        return from_text(column.type, str(cell), column.item)
    except RequestError as error:
        if not line:
            raise
        where = f'Line {line}, column "{column.name}".'
        listed = f"{where} {error.details}" if error.details else where
        raise RequestError(error.code, error.message, details=listed, hint=error.hint) from error


def _lacking(row: Row, needed: Iterable[Column]) -> str | None:
    """Return the first required column without a value, None if there is none.

    Identity and generated columns may be absent, but not null.
    """
    for column in needed:
        if row.get(column.name) is None and (not column.is_filled or column.name in row):
            return column.name
    return None


def _required(name: str) -> dict[str, Any]:
    return {"pointer": "", "keyword": "required", "message": f'"{name}" is a required property'}


def not_null(table: Table, name: str, row: Row, *, changing: bool = False) -> RequestError:
    """Return PostgreSQL's error for a missing required value.

    Its details show the row if it is a new one whose columns are all readable.
    """
    shown = ", ".join(_value_text(row.get(column.name)) for column in table.columns)
    secret = isinstance(table, UpdatableView) or any(one.write_only for one in table.columns)
    return RequestError(
        "23502",
        f'null value in column "{name}" of relation "{table.name}" violates not-null constraint',
        details=None if secret or changing else f"Failing row contains ({shown}).",
    )


def _value_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "t" if value else "f"
    text = str(value)
    return text if len(text) <= 64 else text[:64] + "..."


def _make_canonical(row: Row, columns: Iterable[Column]) -> None:
    for column in columns:
        if column.name in row:
            row[column.name] = canonical(column, row[column.name])


@dataclass(frozen=True, slots=True)
class ChangedColumns:
    """The columns that an update sets, in canonical form unless they have `faults`.

    `missing` is the error, if one is set to null that must have a value (23502).
    """

    row: Row
    faults: Faults
    missing: RequestError | None = None


def changed_columns(
    plan: UpdatePlan, payload: Payload, context: Context, write_context: WriteContext
) -> ChangedColumns:
    """Return the columns to set; an empty body sets none.

    Of the columns that `columns` names, those that the body lacks are set to null, or to their
    defaults under missing=default. Raises RequestError: 428C9, PGRST204.
    """
    table = plan.table
    if not payload.rows:
        return ChangedColumns({}, [])
    names = named_columns(plan, payload)
    columns = [table.by_name[name] for name in names]
    row = _read(payload.rows[0], columns, plan)
    refuse_server_columns(table, names, write_context, "update")
    for column in columns:
        if column.name not in row and not column.identity:
            fill = default_of(column, write_context)
            row[column.name] = fill(context) if fill else None
    faults = write_context.check.column_faults(present_properties(table, row))
    lacking = [name for name in row if row[name] is None and not table.by_name[name].nullable]
    missing = not_null(table, lacking[0], row, changing=True) if lacking else None
    if not faults:
        _make_canonical(row, columns)
    return ChangedColumns(row, faults, missing)
