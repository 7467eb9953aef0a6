"""The errors of a write: all faults of its rows, in PostgreSQL's order.

In charge of JSON Schema faults with their place in the body, and of the order of errors: the rule's
(42501), the schema's (23514, 23502), then those of keys (23505, 23503). It is PostgreSQL's order
(ExecInsert in nodeModifyTable.c: ExecWithCheckOptions before ExecConstraints before
ExecInsertIndexTuples), so that writing a row that the rules forbid does not disclose which keys
exist. Must not know how a row is parsed or stored.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from jotbase.errors import MAX_FAULTS, JotError, violation
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import WriteAction
from jotbase.query.request.intent import Payload
from jotbase.query.write.bulk_rows import present_properties
from jotbase.query.write.disclosure import Faults, redacted_faults
from jotbase.query.write.result import WriteContext
from jotbase.schema.model.tables import Table
from jotbase.sql.units import PAUSE, TURN, UnitOfWork
from jotbase.values import Row

#: A placeholder for identity values that the database has not assigned yet.
_UNNUMBERED = 2**52


def located_faults(faults: Faults, number: int, payload: Payload) -> Faults:
    """Return faults with pointers into the body: prefixed by the row's index in a list of rows, and
    with the line number of a CSV body.
    """
    if payload.single:
        return faults
    if payload.lines:
        faults = [fault | {"line": payload.lines[number]} for fault in faults]
    return [{**fault, "pointer": f"/{number}{fault['pointer']}"} for fault in faults]


def whole_row_faults(table: Table, row: Row, write_context: WriteContext) -> Faults:
    """Return the faults of the row as a whole, before it is stored."""
    if not write_context.check.needs_whole_row:
        return []
    unknown = {column.name for column in table.columns if column.is_filled} - row.keys()
    known = {name: row.get(name) for name in table.by_name if name not in unknown}
    return write_context.check.row_faults(present_properties(table, known), unknown)


def deduplicated_faults(first: Faults, more: Faults) -> Faults:
    """Return both lists without duplicates: a column's fault may be one of the whole row too."""
    return [*first, *(fault for fault in more if fault not in first)]


def check_whole_rows(
    table: Table,
    rows: Iterable[Row],
    write_context: WriteContext,
    payload: Payload,
    request_values: Container[str],
) -> UnitOfWork[None]:
    """Check rows as the database stored them. Raises RequestError 23514 with all faults.

    `request_values` are the columns that the request gave values.
    """
    if not write_context.check.needs_whole_row:
        return
    faults: Faults = []
    for number, row in enumerate(rows):
        if number % TURN == TURN - 1:
            yield PAUSE
        if len(faults) > MAX_FAULTS:
            break
        found = redacted_faults(
            write_context.check.faults(present_properties(table, row)), request_values
        )
        faults += located_faults(found, number, payload)
    if faults:
        raise violation(faults, table.name)


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows that cannot be stored for `error`: a missing value, or what the database refused.

    `olds` are the rows as they stand, for an update. `missing_faults` says `error` in the schema's
    words. Rows that are not `whole` may be merged into others: what they say alone is not held
    against them.
    """

    table: Table
    rows: Sequence[Row]
    error: JotError
    payload: Payload
    olds: Sequence[Row] | None = None
    missing_faults: Faults = field(default_factory=list)
    whole: bool = True


def refused_rows(refused: RefusedRows) -> RefusedRows:
    """Return the rows that the database refused; raise an error that they did not cause (a
    lock).
    """
    if not refused.error.code.startswith("23"):
        raise refused.error
    return refused


def raise_refusal(
    refused: RefusedRows,
    action: WriteAction,
    context: Context,
    write_context: WriteContext,
    reading: bool,
) -> UnitOfWork[None]:
    """Raise the first error of rows that cannot be stored; their own `error` comes last.

    Generated columns have no value here, so that a rule which reads one denies the write.
    """
    table, error = refused.table, refused.error
    whole = [_numbered(table, row, place) for place, row in enumerate(refused.rows)]
    yield from write_context.guard.check(table, action, whole, refused.olds, context, reading)
    faults: Faults = []
    for number, row in enumerate(refused.rows if refused.whole else ()):
        if number % TURN == TURN - 1:
            yield PAUSE
        if len(faults) > MAX_FAULTS:
            break
        faults += located_faults(
            whole_row_faults(table, row, write_context), number, refused.payload
        )
    if faults:
        raise violation([*faults, *refused.missing_faults], table.name)
    raise error


def _numbered(table: Table, row: Row, place: int) -> Row:
    numbers = {one.name: _UNNUMBERED + place for one in table.columns if one.identity}
    return {**dict.fromkeys(table.by_name), **numbers, **row}


def changed_rows(table: Table, olds: Sequence[Row], changed: Row) -> list[Row]:
    """Return rows after an update, except for values that the database computes."""
    computed = {column.name for column in table.columns if column.generated is not None}
    return [
        {name: value for name, value in (old | changed).items() if name not in computed}
        for old in olds
    ]
