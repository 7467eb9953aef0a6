"""Casts (`::type`) as SQL, and the functions that SQLite lacks for them.

In charge of the allowed casts and their SQL. Must not know where a value comes from (`columns`).
Source: https://www.postgresql.org/docs/current/catalog-pg-cast.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import copysign, isfinite
from typing import Any

from orjson import dumps, loads

from jotbase.errors import RequestError
from jotbase.expression.data_types.casts import Cast
from jotbase.expression.data_types.output import json_argument
from jotbase.schema.model.tables import Type
from jotbase.schema.values.convert import TYPE_NAMES, from_text, stored
from jotbase.sql.dialect import SQLITE, Dialect, text_literal
from jotbase.sql.fragment import Fragment, sql

_NUMBERS = (Type.INTEGER, Type.NUMBER, Type.DECIMAL)
_QUOTED_ITEM = re.compile(r'[{}",\\\s]|^$|^null$', re.IGNORECASE)


def cast_expression(
    fragment: Fragment, kind: Type, cast: Cast, dialect: Dialect = SQLITE
) -> Fragment:
    """Return the SQL that casts the value to another type, as in PostgreSQL.

    Raises RequestError 42846 for types without a cast.
    """
    wanted = cast.type
    if dialect.is_postgres:
        return _cast_postgres(fragment, kind, cast)
    if kind is Type.ARRAY and wanted is Type.ARRAY:
        return _items(fragment, cast.item or Type.TEXT)
    if kind is wanted:
        return fragment
    if wanted is Type.TEXT:
        return _as_text(fragment, kind)
    if kind is Type.TEXT:
        item = cast.item.value if cast.item else ""
        return (
            sql("jot_cast(") + fragment + f", {text_literal(wanted.value)}, {text_literal(item)})"
        )
    if kind is Type.JSON and wanted in (*_NUMBERS, Type.BOOLEAN):
        return sql("jot_cast_json(") + fragment + f", {text_literal(wanted.value)})"
    spell = _SPELLINGS.get((kind, wanted))
    if spell is None:
        raise RequestError(
            "42846", f"cannot cast type {type_name(kind)} to {type_name(wanted, cast.item)}"
        )
    before, after = spell
    return sql(before) + fragment + after


def _cast_postgres(fragment: Fragment, kind: Type, cast: Cast) -> Fragment:
    wanted = cast.type
    if kind is Type.ARRAY and wanted in (Type.ARRAY, Type.TEXT):
        texts = sql("ARRAY(SELECT jsonb_array_elements_text(") + fragment + "))"
        made = sql("to_jsonb(") + texts + f"::{_postgres_name(cast.item or Type.TEXT)}[])"
        if wanted is Type.TEXT:
            made = "(" + texts + ")::text"
        return "CASE WHEN " + fragment + " IS NOT NULL THEN " + made + " END"
    if kind is wanted:
        return fragment
    if kind is Type.TEXT and wanted is Type.ARRAY:
        listed = f"::{_postgres_name(cast.item or Type.TEXT)}[]"
        return sql("to_jsonb((") + fragment + ")" + listed + ")"
    if kind is Type.JSON and wanted in (*_NUMBERS, Type.BOOLEAN):
        return sql("(nullif(") + fragment + f", 'null'::jsonb))::{wanted.value}"
    if Type.TEXT not in (kind, wanted) and (kind, wanted) not in _SPELLINGS:
        named = f"cannot cast type {type_name(kind)} to {type_name(wanted, cast.item)}"
        raise RequestError("42846", named)
    return sql("(") + fragment + f")::{_postgres_name(wanted)}"


def _postgres_name(kind: Type) -> str:
    return "jsonb" if kind is Type.ARRAY else str(kind.value)


def type_name(kind: Type, item: Type | None = None) -> str:
    """Return a type's name in PostgreSQL; `item` is what an array is of."""
    return f"{TYPE_NAMES[item]}[]" if item else TYPE_NAMES[kind]


#: The SQL before and after the value, by (source type, target type).
_SPELLINGS: Mapping[tuple[Type, Type], tuple[str, str]] = {
    **{(one, Type.INTEGER): ("CAST(round(", ") AS INTEGER)") for one in _NUMBERS},
    **{(one, Type.NUMBER): ("CAST(", " AS REAL)") for one in _NUMBERS},
    **{(one, Type.DECIMAL): ("CAST(", " AS NUMERIC)") for one in _NUMBERS},
    (Type.INTEGER, Type.BOOLEAN): ("(", " <> 0)"),
    (Type.BOOLEAN, Type.INTEGER): ("(", " + 0)"),
    (Type.TIMESTAMP, Type.DATE): ("substr(", ", 1, 10)"),
    (Type.TIMESTAMP, Type.TIME): ("substr(replace(", ", '+00:00', ''), 12)"),
    (Type.DATE, Type.TIMESTAMP): ("(", " || 'T00:00:00+00:00')"),
}


def _items(fragment: Fragment, item: Type) -> Fragment:
    """Return the SQL of an array with each item cast; NULL stays NULL."""
    value = cast_expression(sql("value"), Type.TEXT, Cast(item), SQLITE)
    listed = sql("(SELECT json_group_array(") + json_argument(value, item) + ") FROM json_each("
    return "CASE WHEN " + fragment + " IS NOT NULL THEN " + listed + fragment + ")) END"


def _as_text(fragment: Fragment, kind: Type) -> Fragment:
    match kind:
        case Type.BOOLEAN:
            return sql("CASE ") + fragment + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
        case Type.TIMESTAMP:
            # PostgreSQL's text form of timestamptz: a blank, and an offset without minutes.
            return sql("replace(replace(") + fragment + ", 'T', ' '), '+00:00', '+00')"
        case Type.BYTES:
            return sql(text_literal("\\x") + " || lower(hex(") + fragment + "))"
        case Type.ARRAY:
            return sql("jot_array_text(") + fragment + ")"
        case Type.NUMBER:
            return sql("jot_number_text(") + fragment + ")"
        case Type.JSON:
            # A CAST alone keeps SQLite's JSON subtype (sqlite.org/json1.html, 3.4), with which the
            # text would be embedded as JSON instead of a string.
            return sql("(CAST(") + fragment + " AS TEXT) || '')"
    return sql("CAST(") + fragment + " AS TEXT)"


def cast_text(value: Any, kind: str, item: str) -> Any:
    """Parse text as the type of that internal name; return its stored form. `item` is an array's.

    Raises RequestError 22P02, 22003, 22007, …
    """
    wanted = Type(kind)
    read = from_text(wanted, str(value), Type(item) if item else None)
    return stored(wanted, read, SQLITE)


def cast_document(document: str, kind: str) -> Any:
    """Return the number or boolean of a JSON text as the type, in stored form; null gives NULL.

    Raises RequestError 22023 for other JSON types, 22003 for a number out of range.
    """
    value = loads(document)
    if value is None:
        return None
    wanted = Type(kind)
    if isinstance(value, bool) != (wanted is Type.BOOLEAN) or not isinstance(value, int | float):
        found = _JSON_NAMES[type(value)]
        raise RequestError("22023", f"cannot cast jsonb {found} to type {TYPE_NAMES[wanted]}")
    if wanted is Type.BOOLEAN:
        return int(value)
    number = round(value) if wanted is Type.INTEGER else value
    return stored(wanted, from_text(wanted, str(number)), SQLITE)


_JSON_NAMES: Mapping[type, str] = {
    bool: "boolean",
    int: "numeric",
    float: "numeric",
    str: "string",
    list: "array",
    dict: "object",
}


def array_text(document: str) -> str:
    """Return a stored array as PostgreSQL's literal: `{1,2,"a b",NULL}` (manual, 8.15.6)."""
    return "{" + ",".join(map(_item_text, loads(document))) + "}"


def number_text(value: Any) -> str:
    """Return a number as PostgreSQL's float8out does: the shortest text that round-trips, no `.0`.

    Exponents are used from 1e+15 and below 1e-04.
    """
    if not isinstance(value, float) or not isfinite(value):
        return str(value)
    if not value:
        return "-0" if copysign(1, value) < 0 else "0"
    number = Decimal(repr(value)).normalize()
    shown = "".join(map(str, number.as_tuple().digits))
    point = number.adjusted() + 1
    if -4 < point <= 15:
        whole, part = shown[: max(0, point)].ljust(max(0, point), "0"), shown[max(0, point) :]
        text = (whole or "0") + ("." + "0" * max(0, -point) + part if part else "")
    else:
        mantissa = shown[0] + ("." + shown[1:] if shown[1:] else "")
        text = f"{mantissa}e{point - 1:+03}"
    return "-" + text if value < 0 else text


def _item_text(item: Any) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, bool):
        return "t" if item else "f"
    if isinstance(item, list):
        return array_text(dumps(item).decode())
    text = item if isinstance(item, str) else dumps(item).decode()
    if not _QUOTED_ITEM.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


#: The functions by their SQL names; they are never called with NULL.
CAST_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "jot_cast": cast_text,
    "jot_cast_json": cast_document,
    "jot_array_text": array_text,
    "jot_number_text": number_text,
}
