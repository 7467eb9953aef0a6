"""A payload's rows made ready to be stored: known columns, defaults, canonical values, no faults.

In charge of everything about a new or changed row that can be said before the database is asked.
Must not know SQL or access rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from jotbase.errors import JotError, RequestError, violation
from jotbase.query.alike import default_of, present, recipe, rows_of
from jotbase.query.body import Cell, mismatched
from jotbase.query.expr import Context
from jotbase.query.intent import Payload
from jotbase.query.nodes import InsertPlan, UpdatePlan
from jotbase.query.plan import check_columns
from jotbase.query.written import Means
from jotbase.schema.convert import canonical, from_text
from jotbase.schema.model import Column, Table
from jotbase.values import Row


def named_columns(plan: InsertPlan | UpdatePlan, payload: Payload) -> tuple[str, ...]:
    """Return the columns that a body sets. Raises RequestError PGRST204 or PGRST102."""
    if plan.columns is not None:
        return plan.columns
    if not payload.rows:
        return ()
    first = payload.rows[0].keys()
    names = dict.fromkeys(first)
    for row in payload.rows:
        if row.keys() != first:
            if not (isinstance(plan, InsertPlan) and plan.defaults):
                raise mismatched()
            names.update(dict.fromkeys(row))
    check_columns(plan.table, names)
    return tuple(names)


@lru_cache(maxsize=1024)
def _server_columns(table: Table, trusted: bool) -> frozenset[str]:
    """Return the columns that only the server sets."""
    return frozenset(
        column.name
        for column in table.columns
        if column.generated is not None or (column.read_only and not trusted)
    )


def refuse_server_columns(table: Table, names: Iterable[str], means: Means, verb: str) -> None:
    """Refuse columns that only the server sets. Raises RequestError 428C9."""
    for name in names:
        column = table.by_name[name]
        if column.generated is not None:
            kind = "is a generated column."
        elif column.read_only and not means.trusted:
            kind = "is read-only: the server sets it."
        else:
            continue
        message = (
            f'cannot insert a non-DEFAULT value into column "{name}"'
            if verb == "insert"
            else f'column "{name}" can only be updated to DEFAULT'
        )
        raise RequestError("428C9", message, details=f'Column "{name}" {kind}')


def new_rows(plan: InsertPlan, payload: Payload, context: Context, means: Means) -> list[Row]:
    """Return the rows to insert, in canonical form; columns that the database fills are absent.

    Raises RequestError: 23502, 23514 with all faults of all rows, 428C9, PGRST204.
    """
    table = plan.table
    names = named_columns(plan, payload)
    if not _server_columns(table, means.trusted).isdisjoint(names):
        refuse_server_columns(table, _given(plan, payload, names), means, "insert")
    made = None
    if not payload.unread:
        made = rows_of(recipe(table, names), payload.rows, context, means)
    return made if made is not None else _one_by_one(plan, payload, names, context, means)


def _one_by_one(
    plan: InsertPlan, payload: Payload, names: tuple[str, ...], context: Context, means: Means
) -> list[Row]:
    """Return the rows to insert, or raise with all that is wrong with any of them."""
    table = plan.table
    columns = [table.by_name[name] for name in names]
    fills = [(one.name, fill) for one in table.columns if (fill := default_of(one, means))]
    needed = [column for column in table.columns if not column.nullable]
    rows: list[Row] = []
    faults: list[dict[str, Any]] = []
    lacks: list[dict[str, Any]] = []
    missing: JotError | None = None
    for number, raw in enumerate(payload.rows):
        row = _read(raw, columns, plan.defaults)
        found = means.check.column_faults(present(table, row))
        faults.extend(_place(fault, number, payload) for fault in found)
        if not found:
            _make_canonical(row, columns)
        for name, fill in fills:
            if name not in row:
                row[name] = fill(context)
        lacking = _lacking(row, needed)
        if lacking is not None:
            missing = missing or not_null(table, lacking, row)
            lacks.append(_place(_required(lacking), number, payload))
        rows.append(row)
    if faults:
        raise violation([*faults, *lacks], table.name)
    if missing is not None:
        raise missing
    return rows


def _given(plan: InsertPlan, payload: Payload, names: tuple[str, ...]) -> list[str]:
    """Return the columns that a body gives a value: under missing=default not all named ones."""
    if not plan.defaults:
        return list(names)
    return [name for name in names if any(name in row for row in payload.rows)]


def _read(raw: Mapping[str, Any], columns: Iterable[Column], defaults: bool) -> Row:
    """Return the columns' values in one row; with `defaults`, one it lacks stays absent."""
    row: Row = {}
    for column in columns:
        name = column.name
        if name in raw:
            value = raw[name]
            row[name] = _from_cell(column, value) if type(value) is Cell else value
        elif not defaults:
            row[name] = None
    return row


def _from_cell(column: Column, cell: Cell) -> Any:
    return from_text(column.type, str(cell), column.item)


def _lacking(row: Row, needed: Iterable[Column]) -> str | None:
    """Return the first column without a value that must have one.

    What the database numbers or computes may be absent, but null it may not be.
    """
    for column in needed:
        if row.get(column.name) is None:
            filled = column.identity or column.generated is not None
            if not filled or column.name in row:
                return column.name
    return None


def _required(name: str) -> dict[str, Any]:
    return {"pointer": "", "keyword": "required", "message": f'"{name}" is a required property'}


def not_null(table: Table, name: str, row: Row) -> RequestError:
    """Return the error for a value that must be there, as PostgreSQL words it."""
    shown = ", ".join(_shown(row.get(column.name)) for column in table.columns)
    return RequestError(
        "23502",
        f'null value in column "{name}" of relation "{table.name}" violates not-null constraint',
        details=f"Failing row contains ({shown}).",
    )


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "t" if value else "f"
    text = str(value)
    return text if len(text) <= 64 else text[:64] + "..."


def _place(fault: dict[str, Any], number: int, payload: Payload) -> dict[str, Any]:
    """Return a fault with its place in the body: behind the row's number in a list of rows."""
    if payload.single:
        return fault
    return {**fault, "pointer": f"/{number}{fault['pointer']}"}


def _make_canonical(row: Row, columns: Iterable[Column]) -> None:
    for column in columns:
        if column.name in row:
            row[column.name] = canonical(column, row[column.name])


def changes(plan: UpdatePlan, payload: Payload, means: Means) -> Row:
    """Return the columns to set, in canonical form; an empty body sets none.

    Raises RequestError: 23502, 23514, 428C9, PGRST204.
    """
    table = plan.table
    if not payload.rows:
        return {}
    names = named_columns(plan, payload)
    columns = [table.by_name[name] for name in names]
    row = _read(payload.rows[0], columns, defaults=True)
    refuse_server_columns(table, names, means, "update")
    faults = means.check.column_faults(present(table, row))
    if faults:
        raise violation(faults, table.name)
    for name, value in row.items():
        if value is None and not table.by_name[name].nullable:
            raise not_null(table, name, row)
    _make_canonical(row, columns)
    return row


def check_whole_rows(table: Table, rows: Iterable[Row], means: Means, payload: Payload) -> None:
    """Check rows as the database stored them. Raises RequestError 23514 with all faults."""
    if not means.check.needs_whole_row:
        return
    faults = [
        _place(fault, number, payload)
        for number, row in enumerate(rows)
        for fault in means.check.faults(present(table, row))
    ]
    if faults:
        raise violation(faults, table.name)
