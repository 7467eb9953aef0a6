"""Rows that a function returned, as a FROM source: a JSON document in place of a table.

In charge of such rows in a statement. Must not know functions, nor their callers.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

import orjson

from jotbase.expression.expr import Context
from jotbase.records import dataclass
from jotbase.schema.model.tables import ROW_NUMBERS, Table, Type
from jotbase.schema.values.json_length import written
from jotbase.sql.dialect import POSTGRES, Dialect
from jotbase.sql.fragment import Fragment, bound, sql


@dataclass(frozen=True, eq=False)
class FunctionRows(Table):
    """A table's columns and relationships, with the rows that a function returned, in their
    order.
    """

    @cached_property
    def row_key(self) -> tuple[str, ...]:
        """The row's index in the document."""
        taken = {name.lower() for name in self.by_name}
        return (next((name for name in ROW_NUMBERS if name not in taken), ROW_NUMBERS[0]),)


def as_function_rows(table: Table) -> FunctionRows:
    """Return the table with a function's rows, which have neither indexes nor rowids."""
    facts = {one.name: getattr(table, one.name) for one in fields(Table)}
    others = {"indexes": (), "searches": (), "unique": (), "without_rowid": True}
    return FunctionRows(**{**facts, **others})


@dataclass(frozen=True, slots=True)
class _Document:
    """The slot for the rows."""

    def fill(self, context: Context) -> str:
        """Return the rows as a JSON array of arrays of values."""
        return context.document


def rows_source(
    table: FunctionRows, alias: str, dialect: Dialect, rows: Fragment | None = None
) -> Fragment:
    """Return the FROM source of the rows under an alias: of the request's document, or of
    `rows`.
    """
    if dialect.is_postgres:
        return _rows_postgres(table, alias, rows or bound(_Document()))
    columns = ", ".join(
        f"{_value(place, column.type)} AS {dialect.identifier(column.name)}"
        for place, column in enumerate(table.columns)
    )
    number = dialect.identifier(table.row_key[0])
    chosen = f"SELECT key AS {number}, {columns}" if columns else f"SELECT key AS {number}"
    return (
        sql(f"({chosen} FROM json_each(")
        + (rows or bound(_Document()))
        + f")) AS {dialect.identifier(alias)}"
    )


def _rows_postgres(table: FunctionRows, alias: str, rows: Fragment) -> Fragment:
    columns = "".join(
        f", {document_value('value', str(place), column.type)}"
        f" AS {POSTGRES.identifier(column.name)}"
        for place, column in enumerate(table.columns)
    )
    number = POSTGRES.identifier(table.row_key[0])
    return (
        sql(f"(SELECT place AS {number}{columns} FROM jsonb_array_elements(")
        + rows
        + "::text::jsonb) WITH ORDINALITY AS listed(value, place))"
        + f" AS {POSTGRES.identifier(alias)}"
    )


def document_value(document: str, place: str, kind: Type) -> str:
    """Return, in PostgreSQL, a value of a type out of a jsonb list."""
    text = f"({document} ->> {place})"
    match kind:
        case Type.JSON | Type.ARRAY:
            return f"nullif({document} -> {place}, 'null'::jsonb)"
        case Type.BYTES:
            return f"decode({text}, 'hex')"
        case Type.TEXT:
            return f'{text} COLLATE "C"'
    return f"{text}::{kind.value}"


def _value(place: int, kind: Type) -> str:
    """Return the SQL of a value in the document, in its stored form."""
    path = f"'$[{place}]'"
    match kind:
        case Type.JSON | Type.ARRAY:
            return f"nullif(value -> {path}, 'null')"
        case Type.BYTES:
            return f"unhex(value ->> {path})"
        case Type.DECIMAL:
            return f"CAST(value ->> {path} AS NUMERIC)"
    return f"(value ->> {path})"


def encode_rows(table: Table, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as the document that `rows_source` reads; a column that a row lacks is null.

    Raises JotError 54000 for one that is too long.
    """
    names = [(column.name, column.type is Type.BYTES) for column in table.columns]
    made = [[_plain(row.get(name), is_bytes) for name, is_bytes in names] for row in rows]
    return written(made, _dumped).decode()


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: Any, is_bytes: bool) -> Any:
    """Return a value as JSON; bytes (base64 in the API) as hexadecimal digits."""
    if is_bytes and value is not None:
        return value.hex() if isinstance(value, bytes) else _unpacked(str(value)).hex()
    return value


def _unpacked(text: str) -> bytes:
    return b64decode(text)
