"""Columns in PostgreSQL: types, literals, defaults and the conditions that values must fulfil.

In charge of what one column's schema says, as SQL that PostgreSQL itself checks: no write can get
past it. Must not know how a statement is put together (`tables`). Text is compared and
sorted byte by byte (`COLLATE "C"`), as everywhere else; lists are jsonb, since PostgreSQL's own
arrays cannot be ragged, mixed or nested as JSON's are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.ddl.keyword_conditions import fits, keyword_conditions
from jotbase.schema.keywords.types import KINDS, applied_schemas, json_types
from jotbase.schema.model.tables import MISSING, RANGES, Column, Type
from jotbase.schema.values.convert import canonical, stored
from jotbase.sql.dialect import POSTGRES, text_literal

TYPES: Mapping[Type, str] = {
    Type.INTEGER: "bigint",
    Type.NUMBER: "double precision",
    Type.DECIMAL: "numeric",
    Type.BOOLEAN: "boolean",
    Type.TEXT: 'text COLLATE "C"',
    Type.UUID: "uuid",
    Type.TIMESTAMP: "timestamptz",
    Type.DATE: "date",
    Type.TIME: "time",
    Type.BYTES: "bytea",
    Type.JSON: "jsonb",
    Type.ARRAY: "jsonb",
    **{kind: kind.value for kind in RANGES},
}

#: JSON has no infinity, and no NaN, which PostgreSQL sorts above it.
_FINITE = {
    Type.NUMBER: "{0} > '-Infinity' AND {0} < 'Infinity'",
    Type.DECIMAL: "{0} > '-Infinity' AND {0} < 'Infinity'",
    Type.TIMESTAMP: "isfinite({0})",
    Type.DATE: "isfinite({0})",
}
_JSON_TYPES = {"integer": "number"}

_NOW_TEXT = "(to_json(now()) #>> '{}')"
#: Expressions of the rule language that PostgreSQL can compute too, for writes from outside and
#: for rows that are there when a column is added.
_EXPRESSIONS = {
    (Type.TIMESTAMP, "now()"): "now()",
    (Type.TEXT, "now()"): _NOW_TEXT,
    (Type.DATE, "now()"): "((now() AT TIME ZONE 'UTC')::date)",
    (Type.DATE, "today()"): "((now() AT TIME ZONE 'UTC')::date)",
    (Type.UUID, "uuid()"): "gen_random_uuid()",
    (Type.TEXT, "uuid()"): "(gen_random_uuid()::text)",
}


def dollar_quoted(body: str, tag: str = "") -> str:
    """Return a body of code in dollar quotes (4.1.2.4), whose tag is made longer until the body
    does not hold it.
    """
    while f"${tag}" in body:
        tag += "_"
    return f"${tag}${body}${tag}$"


def literal(kind: Type, value: Any) -> str:
    """Return a canonical value of a type in SQL."""
    if value is None:
        return "NULL"
    held = stored(kind, value, POSTGRES)
    if kind is Type.BOOLEAN:
        return "TRUE" if held else "FALSE"
    if isinstance(held, bytes):
        return f"'\\x{held.hex()}'::bytea"
    if isinstance(held, int | float):
        return repr(held) if kind is not Type.DECIMAL else f"{held!r}::numeric"
    if kind is Type.TEXT:
        return text_literal(str(held))
    return f"{text_literal(str(held))}::{TYPES[kind]}"


def default_sql(column: Column) -> str | None:
    """Return what PostgreSQL itself puts into a column that a write leaves out; None: nothing."""
    if column.default is not MISSING:
        return None if column.default is None else literal(column.type, column.default)
    if column.default_expression is None:
        return None
    computed = _EXPRESSIONS.get((column.type, "".join(column.default_expression.split())))
    return computed or _constant(column, column.default_expression)


def _constant(column: Column, expression: str) -> str | None:
    """Return the SQL of an expression that is a literal, None for any other."""
    try:
        value = ast.literal_eval(expression.strip())
        if value is None or not fits(column.type, value):
            return None
        return literal(column.type, canonical(column, value))
    except (ValueError, SyntaxError, RecursionError, MemoryError, RequestError):
        return None


def check_condition(column: Column, root: Mapping[str, Any]) -> str:
    """Return the condition that the column's values must fulfil, "" if there is none.

    `root` is what `$ref`s in the column's schema refer into. NULL fulfils every condition.
    """
    name = POSTGRES.identifier(column.name)
    found: list[str] = []
    if column.type in _FINITE:
        found.append(_FINITE[column.type].format(name))
    if column.type is Type.ARRAY:
        found.append(f"jsonb_typeof({name}) = 'array'")
    if column.type is Type.JSON:
        found.extend(_json(column, name, root))
    items = f"CASE WHEN jsonb_typeof({name}) = 'array' THEN jsonb_array_length({name}) END"
    for layer in applied_schemas(column.schema, root):
        found.extend(keyword_conditions(column, name, layer, literal, items))
    return " AND ".join(dict.fromkeys(found))


def _json(column: Column, name: str, root: Mapping[str, Any]) -> Iterator[str]:
    allowed = json_types(column.schema, root)
    if not allowed >= KINDS - {"null"}:
        types = sorted({_JSON_TYPES.get(kind, kind) for kind in allowed})
        yield f"jsonb_typeof({name}) IN ({', '.join(map(text_literal, types))})"
