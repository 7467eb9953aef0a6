"""The JSON of a change: the `data` of a `postgres_changes` message.

In charge of its columns, their type names and the size limit (supabase/realtime,
`Realtime.Adapters.Changes`). Must not know the access rules.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Set as AbstractSet
from typing import Any, Literal

import orjson

from jotbase.schema.model.tables import Column, Table, Type
from jotbase.values import Change, ChangeKind, Row

#: In bytes: of a larger payload only values of at most `MAX_KEPT_VALUE` bytes are sent.
LARGEST = 1024 * 1024
MAX_KEPT_VALUE = 64
#: In `errors`, which official clients pass on whatever it says.
LEFT = "left"
_TOO_LARGE = ["Error 413: Payload Too Large"]

#: How much of the old row is sent: nothing, its primary key, or all readable columns.
Old = Literal["none", "key", "row"]


def data_json(
    change: Change,
    kind: ChangeKind,
    old: Old,
    select: AbstractSet[str] | None,
    table: Table,
    *,
    marks_left: bool = False,
) -> bytes:
    """Return the JSON of a change reported as `kind`, with the columns in `select` (None: all).

    `marks_left` has a row that has left its filter or view say so where official clients look.
    """
    columns = [one for one in table.readable if select is None or one.name in select]
    data = _data(change, kind, columns, table)
    if kind == "DELETE" and change.kind == "UPDATE":
        data["left"] = True  # the row is there still, outside of the filter or view
        data["errors"] = LEFT if marks_left else None
    new_row = change.new if kind != "DELETE" else None
    if new_row is not None:
        data["record"] = _record(new_row, columns)
    if change.old is not None and old != "none":
        data["old_record"] = _old_record(change, old, columns, table)
    text = orjson.dumps(data)
    if len(text) <= LARGEST:
        return text
    for side in ("record", "old_record"):
        if side in data:
            data[side] = _small_values(data[side])
    return orjson.dumps(data | {"errors": _TOO_LARGE})


def _data(change: Change, kind: ChangeKind, columns: list[Column], table: Table) -> dict[str, Any]:
    return {
        "schema": "public",
        "table": table.name,
        "type": kind,
        "commit_timestamp": change.committed_at,
        "columns": [{"name": column.name, "type": column.type_name} for column in columns],
        "errors": None,
    }


def _record(row: Row, columns: list[Column]) -> Row:
    return {column.name: _value(row.get(column.name), column) for column in columns}


def _value(value: Any, column: Column) -> Any:
    if column.type is not Type.BYTES or not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True).hex()
    except binascii.Error:
        return value


def _old_record(change: Change, old: Old, columns: list[Column], table: Table) -> Row:
    if change.old is None:
        return {}
    row = _record(change.old, columns)
    if old == "row":
        return row
    # Of an old row that was hidden, only the key that the new row has too is sent.
    new = change.new or change.old
    return {
        name: value
        for name, value in row.items()
        if name in table.primary_key and change.old.get(name) == new.get(name)
    }


def _small_values(row: Row) -> Row:
    return {
        name: value for name, value in row.items() if len(orjson.dumps(value)) <= MAX_KEPT_VALUE
    }
