"""The fast path for rows to insert that have the same keys: one template for all of them.

In charge of detecting quickly that rows are valid. When one may be invalid it gives up, and
`payload_rows` checks them one by one. Must not know payloads, SQL or rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from types import NoneType
from typing import Any

from jotbase.expression.expr import Context
from jotbase.query.request.body import Cell
from jotbase.query.write.result import SharedDefault, WriteContext
from jotbase.schema.model.tables import MISSING, Column, Table, Type
from jotbase.schema.values.convert import canonical
from jotbase.sql.units import TURN
from jotbase.values import Row

#: The Python type of values that are stored unchanged, by column type.
_SAME: dict[Type, type[Any]] = {Type.TEXT: str, Type.INTEGER: int, Type.BOOLEAN: bool}
#: Integers with a smaller absolute value need no range check.
_SMALL = 2**53


@dataclass(frozen=True, slots=True)
class RowTemplate:
    """How to prepare rows of a table with these keys.

    `given` are their columns, each with the Python type of values that are stored unchanged;
    `absent` are the other columns, for which the server may have defaults.
    """

    table: Table
    keys: frozenset[str]
    given: tuple[tuple[Column, type[Any] | None], ...]
    absent: tuple[Column, ...]


@lru_cache(maxsize=1024)
def row_template(table: Table, names: tuple[str, ...]) -> RowTemplate:
    """Return the template for rows with those columns."""
    given = (table.by_name[name] for name in names)
    return RowTemplate(
        table,
        frozenset(names),
        tuple((column, _SAME.get(column.type)) for column in given),
        tuple(column for column in table.columns if column.name not in names),
    )


def template_rows(
    row_template: RowTemplate, raws: Sequence[Row], context: Context, write_context: WriteContext
) -> list[Row] | None:
    """Return the rows to insert, in canonical form; None if one of them may have a fault.

    Raises RequestError for a value that has no canonical form.
    """
    keys = row_template.keys
    if not all(raw.keys() == keys for raw in raws):
        return None
    if any(Cell in map(type, raw.values()) for raw in raws):  # text that must be parsed first
        return None
    fills = _fills(row_template, write_context)
    if fills is None:
        return None
    rows = [dict(raw) for raw in raws]
    for start in range(0, len(rows), TURN):  # each call holds the interpreter
        some = rows[start : start + TURN]
        if not write_context.check.are_valid(
            [present_properties(row_template.table, row) for row in some]
        ):
            return None
    made = (
        _one_made_canonical(rows[0], row_template)
        if len(rows) == 1
        else _made_canonical(rows, row_template)
    )
    if not made:
        return None
    return rows if all(_filled(rows, *fill, context) for fill in fills) else None


def _filled(
    rows: list[Row], column: Column, fill: Callable[[Context], Any], context: Context
) -> bool:
    """Set a default in each row; return False if a required value is missing."""
    name = column.name
    if isinstance(fill, SharedDefault):
        value = fill(context)
        for row in rows:
            row[name] = value
        return value is not None or column.nullable
    for row in rows:
        row[name] = fill(context)
    return column.nullable or all(row[name] is not None for row in rows)


def present_properties(table: Table, row: Row) -> Row:
    """Return the row as it is validated: without the columns whose NULL means "absent"."""
    if None not in row.values():
        return row
    return {
        name: value
        for name, value in row.items()
        if value is not None or table.by_name[name].null_is_value
    }


def _one_made_canonical(row: Row, row_template: RowTemplate) -> bool:
    """Convert one row's values to canonical form; return False if one is missing.

    As `_made_canonical`, without the steps that pay off for many rows only.
    """
    for column, same in row_template.given:
        value = row[column.name]
        kind = type(value)
        if kind is same and (
            kind is bool
            or (kind is str and "\0" not in value)
            or (kind is int and -_SMALL < value < _SMALL)
        ):
            continue
        if value is None and not column.nullable:
            return False
        row[column.name] = canonical(column, value)
    return True


def _made_canonical(rows: list[Row], row_template: RowTemplate) -> bool:
    """Convert the rows' values to canonical form by column; return False if one is missing."""
    return all(_column_made_canonical(rows, column, same) for column, same in row_template.given)


def _column_made_canonical(rows: list[Row], column: Column, same: type[Any] | None) -> bool:
    """Convert one column: most values are canonical already, and equal texts are parsed once."""
    name = column.name
    values = [row[name] for row in rows]
    kinds = set(map(type, values))
    if kinds == {same} and _are_plain(column.type, values):
        return True
    if NoneType in kinds and not column.nullable:
        return False
    if kinds == {str}:
        read = {value: canonical(column, value) for value in set(values)}
        for row in rows:
            row[name] = read[row[name]]
    else:
        for row in rows:
            row[name] = canonical(column, row[name])
    return True


def _are_plain(kind: Type, values: list[Any]) -> bool:
    """Return whether all values, of the right Python type, can be stored unchanged."""
    if kind is Type.TEXT:
        return not any("\0" in value for value in values)
    if kind is Type.INTEGER:
        return bool(min(values) > -_SMALL and max(values) < _SMALL)
    return kind is Type.BOOLEAN


def _fills(
    row_template: RowTemplate, write_context: WriteContext
) -> list[tuple[Column, Callable[[Context], Any]]] | None:
    """Return (column, default) of the absent columns; None if a required one has no default.

    Identity and generated columns are left to the database.
    """
    fills: list[tuple[Column, Callable[[Context], Any]]] = []
    for column in row_template.absent:
        fill = default_of(column, write_context)
        if fill is not None:
            fills.append((column, fill))
        elif not (column.nullable or column.identity or column.generated is not None):
            return None
    return fills


def default_of(column: Column, write_context: WriteContext) -> Callable[[Context], Any] | None:
    """Return the function that gives the column's default for a new row, None without a default."""
    fill = write_context.defaults.get(column.name)
    if fill is None and column.default is not MISSING:
        return SharedDefault(partial(_literal, column.default))
    return fill


def _literal(value: Any, _: Context) -> Any:
    return value
