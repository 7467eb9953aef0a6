"""Reflected columns to property schemas.

In charge of a column's type: that of its declaration, unless a stored value does not fit it. Must
not know keys, or other columns.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson

from jotbase.schema.ddl.constraints import check_condition
from jotbase.schema.ddl.definitions import tokens
from jotbase.schema.model.tables import Column, Type
from jotbase.schema.pulling.checks import number
from jotbase.sql.catalog import ReflectedColumn

_ANY = ["object", "array", "string", "number", "boolean"]

#: The type and schema of each text form of values, without null.
_FORMS: Mapping[str, tuple[Type, dict[str, Any]]] = {
    "boolean": (Type.BOOLEAN, {"type": "boolean"}),
    "uuid": (Type.UUID, {"type": "string", "format": "uuid"}),
    "date-time": (Type.TIMESTAMP, {"type": "string", "format": "date-time"}),
    "date": (Type.DATE, {"type": "string", "format": "date"}),
    "time": (Type.TIME, {"type": "string", "format": "time"}),
    "decimal": (Type.DECIMAL, {"type": "number", "format": "decimal"}),
    "array": (Type.ARRAY, {"type": "array"}),
    "json": (Type.JSON, {"type": _ANY}),
    "number": (Type.NUMBER, {"type": "number"}),
}

#: The form in which SQLite's own functions write times: `2026-01-01 12:00:00`, as
#: CURRENT_TIMESTAMP.
SQL_TIME = "sql-time"

#: Each form as an SQL condition on a column called `value`, the same as in a CHECK of this server.
CONDITIONS: Mapping[str, str] = {
    form: check_condition(Column("value", kind, schema, nullable=True), {}, strict=True)
    for form, (kind, schema) in _FORMS.items()
} | {SQL_TIME: "strftime('%Y-%m-%d %H:%M:%S', value) IS substr(value, 1, 19)"}

#: Declared types and their candidate forms; the first one that all stored values have is chosen.
_DECLARED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"BOOL(EAN)?", ("boolean",)),
    (r"UUID|GUID|UNIQUEIDENTIFIER", ("uuid",)),
    (r"DATETIME\w*|TIMESTAMP\w*", ("date-time",)),
    (r"DATE", ("date",)),
    (r"TIME", ("time",)),
    (r"DECIMAL|DEC|NUMERIC|MONEY|NUMBER", ("decimal",)),
    (r"JSONB?", ("array", "json")),
)

#: The storage classes of each form's values.
_MADE_OF: Mapping[str, frozenset[str]] = {
    "boolean": frozenset(("integer",)),
    "decimal": frozenset(("integer", "real")),
    "json": frozenset(("text", "integer", "real")),
}
_TEXT = frozenset(("text",))

_LENGTH = re.compile(r"\(\s*(\d{1,9})\s*\)")
_TIMES = re.compile(r"\W*(CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME)\W*|.*\(.*", re.DOTALL)


def column_schema(column: ReflectedColumn) -> dict[str, Any]:
    """Return the schema of a column's values; it allows null when the column may be NULL."""
    schema = _schema(column)
    limit = _LENGTH.search(column.declared)
    if schema == {"type": "string"} and limit and column.statistics.longest <= int(limit[1]):
        schema["maxLength"] = int(limit[1])
    return schema if column.not_null else with_null(schema)


def with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with null allowed."""
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    found = schema | {"type": [*dict.fromkeys([*kinds, "null"])]}
    if "enum" in schema and None not in schema["enum"]:
        found["enum"] = [*schema["enum"], None]
    return found


def _schema(column: ReflectedColumn) -> dict[str, Any]:
    statistics, kinds = column.statistics, column.statistics.storages
    for form in _forms(column):
        if form in statistics.forms and kinds <= _MADE_OF.get(form, _TEXT):
            return dict(_FORMS[form][1])
    if not kinds:
        return _of_affinity(column.declared)
    if kinds == {"blob"}:
        return {"type": "string", "contentEncoding": "base64"}
    if "blob" in kinds:  # JSON has no bytes: they are sent as base64
        return {"type": "string", "writeOnly": True}
    if "text" in kinds:
        return {"type": "string"}
    if kinds == {"integer"} and affinity(column.declared) != "REAL":
        return {"type": "integer"}
    return {"type": "number"}


def is_mixed(column: ReflectedColumn) -> bool:
    """Return whether a column holds values of storage classes that no single type has."""
    return len(column.statistics.storages) > 1 and not column.statistics.storages <= {
        "integer",
        "real",
    }


def time_note(column: ReflectedColumn) -> str | None:
    """Return a note for a column of times that becomes plain text, None for any other column."""
    filled = re.search(r"CURRENT_TIMESTAMP|datetime\(", column.default or "", re.IGNORECASE)
    timely = bool(column.statistics.storages) and SQL_TIME in column.statistics.forms
    if _schema(column) != {"type": "string"} or not (
        timely or (filled and not column.statistics.storages)
    ):
        return None
    reason = "holds times as SQLite writes them" if timely else "is filled by the database"
    name = column.name
    return (
        f"{name} {reason} (2026-01-01 12:00:00), which is plain text here and compared as such; as"
        f" date-time: UPDATE … SET {name} = strftime('%Y-%m-%dT%H:%M:%S', {name}) || '+00:00', with"
        " a default of that form, then pull again"
    )


def _forms(column: ReflectedColumn) -> tuple[str, ...]:
    """Return the candidate forms of a column's declared type."""
    word = column.declared.upper().partition("(")[0].strip()
    for pattern, forms in _DECLARED:
        if re.fullmatch(pattern, word):
            if forms == ("date-time",) and _TIMES.fullmatch(column.default or ""):
                # A default such as CURRENT_TIMESTAMP writes times in SQLite's own form.
                return forms if column.statistics.storages else ()
            return forms if column.statistics.storages or forms[-1] != "json" else ("json",)
    return ()


def affinity(declared: str) -> str:
    """Return the type affinity of a declared type (sqlite.org/datatype3.html, 3.1)."""
    word = declared.upper()
    if "INT" in word:
        return "INTEGER"
    if any(part in word for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if not word or "BLOB" in word:
        return "BLOB"
    return "REAL" if any(part in word for part in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def _of_affinity(declared: str) -> dict[str, Any]:
    if "BLOB" in declared.upper():
        return {"type": "string", "contentEncoding": "base64"}
    # NUMERIC is the affinity of every unknown type name, so it does not mean a number here.
    kinds = {"INTEGER": "integer", "REAL": "number"}
    return {"type": kinds.get(affinity(declared), "string")}


class NotLiteral(Exception):
    """The default is not a literal, but an expression that the database computes."""


def default_value(kind: Type, default: str) -> Any:
    """Return the JSON value of a literal default's SQL. Raises NotLiteral for an expression."""
    pieces = tokens(default.strip())
    while len(pieces) > 2 and pieces[0].text == "(" and pieces[-1].text == ")":
        pieces = pieces[1:-1]
    counted = number(pieces)
    if counted is not None:
        return _of_number(kind, counted, default)
    if len(pieces) != 1:
        raise NotLiteral(default)
    one = pieces[0]
    if one.word == "NULL":
        return None
    if one.word in ("TRUE", "FALSE"):
        return _of_number(kind, int(one.word == "TRUE"), default)
    if one.kind == "blob" and kind is Type.BYTES:
        return base64.b64encode(bytes.fromhex(one.text[2:-1])).decode()
    if one.kind in ("text", "name"):
        return _of_text(kind, one.name)
    raise NotLiteral(default)


def _of_number(kind: Type, value: float, text: str) -> Any:
    if kind is Type.BOOLEAN and value in (0, 1):
        return bool(value)
    if kind is Type.INTEGER and value == int(value):
        return int(value)
    if kind in (Type.NUMBER, Type.DECIMAL, Type.JSON):
        return value
    if kind is Type.TEXT:
        return str(value)
    raise NotLiteral(text)


def _of_text(kind: Type, text: str) -> Any:
    if kind in (Type.JSON, Type.ARRAY):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise NotLiteral(text) from None
    if kind in (Type.INTEGER, Type.NUMBER, Type.DECIMAL, Type.BOOLEAN):
        counted = number(tokens(text))
        if counted is None:
            raise NotLiteral(text)
        return _of_number(kind, counted, text)
    if kind is Type.BYTES:
        raise NotLiteral(text)
    return text
