"""The change log: its table, and the triggers that log every change of a realtime table.

In charge of what is logged, for writes of any program: the triggers use SQLite's built-in functions
alone. Must not know who reads the log.

A row that REPLACE deletes fires no DELETE trigger unless the program has set recursive_triggers
(https://sqlite.org/lang_conflict.html). So a BEFORE trigger records the rows that conflict with the
new one; if the new row is inserted, they have been deleted, since keys are unique.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from jotbase.schema.ddl.constraints import literal
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.values.convert import canonical_decimal
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.values import Row

CHANGES = "jotbase.changes"

#: `old` and `new` are rows as JSON; `table` and `kind` as in `values.Change`.
CREATE_CHANGES = (
    f'CREATE TABLE IF NOT EXISTS "{CHANGES}" ('
    '"number" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,'
    ' "table" TEXT NOT NULL,'
    # `IN (…)` would make a table of the three for each row: a trigger's program begins anew
    ' "kind" TEXT NOT NULL'
    " CHECK (\"kind\" = 'INSERT' OR \"kind\" = 'UPDATE' OR \"kind\" = 'DELETE'),"
    ' "old" TEXT, "new" TEXT,'
    " \"committed_at\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) STRICT"
)

#: Transactions of several changes, by the numbers of their first and last one. The server's writer
#: notes them; any other change is a transaction of its own.
TRANSACTIONS = "jotbase.transactions"
CREATE_TRANSACTIONS = (
    f'CREATE TABLE IF NOT EXISTS "{TRANSACTIONS}"'
    ' ("last" INTEGER PRIMARY KEY NOT NULL, "first" INTEGER NOT NULL) STRICT'
)

#: Rows that the running statement may replace; meaningless between statements.
REPLACED = "jotbase.replaced"
CREATE_REPLACED = (
    f'CREATE TABLE IF NOT EXISTS "{REPLACED}" ("table" TEXT NOT NULL, "old" TEXT NOT NULL) STRICT'
)

#: Columns in a call of `json_object`: SQLite allows 127 arguments by default.
_AT_ONCE = 60

_SIDES = {"INSERT": ("new",), "UPDATE": ("old", "new"), "DELETE": ("old",)}


def trigger_names(table: str) -> list[str]:
    """Return the names of a table's triggers; the dot distinguishes them from the project's."""
    kinds = (*_SIDES, "BEFORE INSERT", "BEFORE UPDATE")
    return [f"jotbase.{kind.lower()}.{table}" for kind in kinds]


def triggers(table: Table) -> Iterator[str]:
    """Yield the statements that create a realtime table's triggers, none for any other table."""
    yield from named_triggers(table).values()


def named_triggers(table: Table) -> dict[str, str]:
    """Return the statements that create a realtime table's triggers, by the triggers' names."""
    if not table.realtime:
        return {}
    names = trigger_names(table.name)
    texts = [_after(table, kind, sides) for kind, sides in _SIDES.items()]
    keys = _keys(table)
    if keys:
        columns = ", ".join(SQLITE.identifier(name) for name in dict.fromkeys(sum(keys, ())))
        texts.append(_before(table, keys, "INSERT", ""))
        texts.append(_before(table, keys, f"UPDATE OF {columns}", f" AND NOT ({_same(table)})"))
    return {
        name: f"CREATE TRIGGER {SQLITE.identifier(name)} {text}"
        for name, text in zip(names, texts, strict=False)
    }


def _after(table: Table, kind: str, sides: tuple[str, ...]) -> str:
    names = ", ".join(f'"{side}"' for side in sides)
    rows = ", ".join(_row(side.upper(), table.columns) for side in sides)
    name = literal(table.name)
    replaced = (
        f' INSERT INTO "{CHANGES}" ("table", "kind", "old")'
        f' SELECT "table", \'DELETE\', "old" FROM "{REPLACED}" WHERE "table" = {name};'
    )
    return (
        f"AFTER {kind} ON {SQLITE.identifier(table.name)} BEGIN"
        f"{'' if kind == 'DELETE' else replaced}"
        f' DELETE FROM "{REPLACED}" WHERE "table" = {name};'
        f' INSERT INTO "{CHANGES}" ("table", "kind", {names})'
        f" VALUES ({name}, '{kind}', {rows}); END"
    )


def _before(table: Table, keys: Sequence[tuple[str, ...]], event: str, but: str) -> str:
    """Return the trigger that records the rows which conflict with a new one."""
    on, name = SQLITE.identifier(table.name), literal(table.name)
    ways = [" AND ".join(f"t.{c} = NEW.{c}" for c in map(SQLITE.identifier, key)) for key in keys]
    found = [f"EXISTS (SELECT 1 FROM {on} AS t WHERE {way}{but})" for way in ways]
    return (
        f"BEFORE {event} ON {on} WHEN {' OR '.join(found)}"
        f' OR EXISTS (SELECT 1 FROM "{REPLACED}" WHERE "table" = {name}) BEGIN'
        f' DELETE FROM "{REPLACED}" WHERE "table" = {name};'
        f' INSERT INTO "{REPLACED}" ("table", "old") SELECT {name}, {_row("t", table.columns)}'
        f" FROM {on} AS t WHERE ({' OR '.join(f'({way})' for way in ways)}){but}; END"
    )


def _keys(table: Table) -> list[tuple[str, ...]]:
    """Return the primary key and the unique constraints, as lists of columns."""
    keys = [table.primary_key, *(unique.columns for unique in table.unique)]
    return [key for key in dict.fromkeys(keys) if key]


def _same(table: Table) -> str:
    return " AND ".join(f"t.{name} IS OLD.{name}" for name in table.row_key)


def _row(side: str, columns: Sequence[Column]) -> str:
    """Return the SQL of a row as JSON; a wide row is concatenated from several objects."""
    objects = [
        _object(side, columns[start : start + _AT_ONCE])
        for start in range(0, len(columns), _AT_ONCE)
    ]
    if len(objects) == 1:
        return objects[0]
    inner = " || ',' || ".join(f"substr({one}, 2, length({one}) - 2)" for one in objects)
    return f"'{{' || {inner} || '}}'"


def row_json(table: Table, alias: str, dialect: Dialect) -> str:
    """Return the SQL of a row as the log has it; `alias` is quoted."""
    return f"row_to_json({alias})::text" if dialect.is_postgres else _row(alias, table.columns)


def _object(side: str, columns: Sequence[Column]) -> str:
    pairs = (f"{literal(column.name)}, {_value(side, column)}" for column in columns)
    return f"json_object({', '.join(pairs)})"


def _value(side: str, column: Column) -> str:
    name = f"{side}.{SQLITE.identifier(column.name)}"
    match column.type:
        case Type.BOOLEAN:
            return f"CASE {name} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
        case Type.JSON | Type.ARRAY:
            return f"json({name})"
        case Type.BYTES:
            return f"CASE WHEN {name} IS NOT NULL THEN hex({name}) END"
        case Type.DECIMAL:
            return f"CAST({name} AS TEXT)"
        case Type.NUMBER:
            # Before SQLite 3.43 json_object writes 15 digits; a double needs 17 to round-trip.
            return f"CASE WHEN {name} IS NOT NULL THEN json(printf('%!.17g', {name})) END"
    return name


def _exactly(text: str) -> dict[str, Any]:
    """Return a row with its numbers as they are written: a double would round them."""
    row: dict[str, Any] = json.loads(text, parse_float=str, parse_int=str)
    return row


def logged_row(table: Table, text: str) -> Row:
    """Return a row of the log in canonical form, with the table's current columns.

    A column that did not exist when the row was logged is null.
    """
    logged: dict[str, Any] = orjson.loads(text)
    row: Row = {}
    for column in table.columns:
        value = logged.get(column.name)
        if value is not None:
            if column.type is Type.BYTES:  # PostgreSQL writes a prefix before the digits
                value = base64.b64encode(bytes.fromhex(value.removeprefix("\\x"))).decode()
            elif column.type is Type.DECIMAL:
                exact = value if isinstance(value, str) else _exactly(text)[column.name]
                value = canonical_decimal(exact)
        row[column.name] = value
    return row
