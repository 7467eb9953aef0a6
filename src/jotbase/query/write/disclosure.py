"""What a refusal tells: nothing that the request did not say itself.

In charge of taking stored values out of refusals: those of other rows, and of columns that the
request did not name. PostgreSQL shows no value at all to callers whom row security holds
(BuildIndexValueDescription, ExecBuildSlotValueDescription, ri_ReportViolation); what the caller
said is no news. Must not know which refusal comes first.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from jotbase.errors import ConflictError, ViolatedKey
from jotbase.expression.expr import Apply, Context, Field, RequestValue, conjuncts
from jotbase.query.plan.nodes import Combined, Condition, HasEmbed
from jotbase.query.write.result import WriteContext
from jotbase.schema.keywords.subschemas import pointer, unescape_token
from jotbase.schema.model.tables import Table
from jotbase.schema.values.convert import stored
from jotbase.values import Row

Faults = list[dict[str, Any]]


def redacted_error(
    error: ConflictError,
    table: Table,
    said: Iterable[Row],
    write_context: WriteContext,
    context: Context,
) -> ConflictError:
    """Return a refusal by the database without values that the request itself did not say, nor the
    name of a table that the caller may never see.

    `said` are values by column, as far as the request gave them. A `writeOnly` column's are never
    told.
    """
    key = error.key
    if key is None:
        return error
    shown = key.table == table.name and _are_in_request(key, table, said, write_context)
    message, details = error.message, error.details if shown else key.redacted_details
    other = key.other
    guard = write_context.guard
    if (
        other is not None
        and other.name not in (table.name, key.table)
        and not guard.allows(Table(other.name, ()), "select", context)
    ):
        message, details = other.message, str(details).removesuffix(other.place) + "."
    return ConflictError(error.code, message, details=details, hint=error.hint, status=error.status)


def _are_in_request(
    key: ViolatedKey, table: Table, said: Iterable[Row], write_context: WriteContext
) -> bool:
    columns = [table.by_name.get(name) for name in key.columns]
    known = [one for one in columns if one is not None and not one.write_only]
    if len(known) < len(columns):
        return False
    return any(
        all(
            one.name in row and stored(one.type, row[one.name], write_context.dialect) == value
            for one, value in zip(known, key.values, strict=True)
        )
        for row in said
    )


def redacted_faults(faults: Faults, said: Container[str]) -> Faults:
    """Return faults without what lies inside of values that the request did not say.

    A fault's message names properties within a document, and its place leads to them.
    """
    told: Faults = []
    for fault in faults:
        column = unescape_token(fault["pointer"].split("/")[1]) if fault["pointer"] else ""
        if not column or column in said:
            told.append(fault)
            continue
        place, message = pointer([column]), "the stored value does not fit beside the new ones"
        told.append({**fault, "pointer": place, "message": message})
    return told


def equality_filters(where: Condition, context: Context) -> Row:
    """Return the values that a request's filters ask of columns: `id=eq.5`."""
    if isinstance(where, HasEmbed | Combined):
        return {}
    found: Row = {}
    for part in conjuncts(where):
        match part:
            case Apply("eq", (Field(_, name), RequestValue() as value)):
                found[name] = value.fill(context)
    return found
