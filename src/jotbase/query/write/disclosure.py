"""Redacting errors of writes: they contain no value that the request did not send itself.

In charge of removing stored values from errors: those of other rows, and of columns that the
request did not name. PostgreSQL shows no value at all to callers subject to row-level security
(BuildIndexValueDescription, ExecBuildSlotValueDescription, ri_ReportViolation); values of the
request disclose nothing. Must not know the order of errors.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any, TypeVar

from jotbase.errors import ConflictError, JotError, ViolatedKey, of_relation
from jotbase.expression.data_types.casting import number_text
from jotbase.expression.expr import Apply, Context, Field, RequestValue, conjuncts
from jotbase.query.plan.nodes import Combined, Condition, HasEmbed
from jotbase.query.write.result import WriteContext
from jotbase.schema.keywords.subschemas import pointer, unescape_token
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.values.convert import stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row

Result = TypeVar("Result")

Faults = list[dict[str, Any]]


def redacted_error(
    error: ConflictError,
    table: Table,
    request_values: Iterable[Row],
    write_context: WriteContext,
    context: Context,
) -> ConflictError:
    """Return a refusal by the database without values that the request itself did not say, nor the
    name of a table that the caller may never see.

    `request_values` are values by column, as far as the request gave them. A `writeOnly` column's
    are never shown.
    """
    key = error.key
    if key is None:
        return error
    shown = key.table == table.name and _are_in_request(key, table, request_values, write_context)
    message, details = error.message, error.details if shown else key.redacted_details
    other = key.other
    guard = write_context.guard
    if (
        other is not None
        and other.name not in (table.name, key.table)
        and not guard.allows(Table(other.name, ()), "select", context)
    ):
        message, details = other.message, str(details).removesuffix(other.place) + "."
    told = ConflictError(error.code, message, details=details, hint=error.hint, status=error.status)
    return of_relation(told, error.relation)


def without_hidden_relation(
    start: Callable[[], UnitOfWork[Result]],
    table: Table,
    write_context: WriteContext,
    context: Context,
) -> UnitOfWork[Result]:
    """Run a unit that writes the table; a refusal of another table's row, which a foreign key or a
    trigger drags along, names nothing of a table that the caller may never see.
    """
    try:
        return (yield from start())
    except JotError as error:
        name, guard = error.relation, write_context.guard
        if name in (None, "", table.name):
            raise
        if guard.allows(Table(str(name), ()), "select", context):
            raise
        message = f'write to table "{table.name}" violates a constraint of another table'
        raise ConflictError(error.code, message, status=error.status) from error


def _are_in_request(
    key: ViolatedKey, table: Table, request_values: Iterable[Row], write_context: WriteContext
) -> bool:
    columns = [table.by_name.get(name) for name in key.columns]
    known = [one for one in columns if one is not None and not one.write_only]
    if len(known) < len(columns):
        return False
    return any(
        all(
            one.name in row and _held(one, row[one.name], write_context.dialect) == value
            for one, value in zip(known, key.values, strict=True)
        )
        for row in request_values
    )


def _held(column: Column, value: Any, dialect: Dialect) -> Any:
    """Return a value as a refusal has it: as it is stored, or as PostgreSQL writes it."""
    held = stored(column.type, value, dialect)
    if held is None or not dialect.is_postgres:
        return held
    if isinstance(held, bytes):
        return "\\x" + held.hex()
    if isinstance(held, bool):
        return "t" if held else "f"
    if column.type is Type.TIMESTAMP:
        return str(held).replace("T", " ").replace("+00:00", "+00")
    return number_text(held) if isinstance(held, float) else str(held)


def redacted_faults(faults: Faults, request_values: Container[str]) -> Faults:
    """Return faults without the paths inside values that the request did not send.

    The message and pointer of a fault may name properties within a stored document.
    """
    redacted: Faults = []
    for fault in faults:
        column = unescape_token(fault["pointer"].split("/")[1]) if fault["pointer"] else ""
        if not column or column in request_values:
            redacted.append(fault)
            continue
        place, message = pointer([column]), "the stored value does not fit beside the new ones"
        redacted.append({**fault, "pointer": place, "message": message})
    return redacted


def equality_filters(where: Condition, context: Context) -> Row:
    """Return the values by column of a request's equality filters: `id=eq.5`."""
    if isinstance(where, HasEmbed | Combined):
        return {}
    found: Row = {}
    for part in conjuncts(where):
        match part:
            case Apply("eq", (Field(_, name), RequestValue() as value)):
                found[name] = value.fill(context)
    return found
