"""The SQL that converts values to JSON text in the database.

In charge of the SQL of values, keys and JSON paths for output, by type. Must not know columns,
tables or rules.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from orjson import dumps

from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.fragment import Fragment, join, sql


def json_path(keys: Iterable[str | int]) -> str:
    """Return a path in SQLite's syntax: `$."a"[0][#-1]` (sqlite.org/json1.html, 3.3)."""
    pieces = ["$"]
    for key in keys:
        if isinstance(key, int):
            pieces.append(f"[{key}]" if key >= 0 else f"[#{key}]")
        else:
            pieces.append("." + dumps(key).decode())
    return "".join(pieces)


def json_argument(fragment: Fragment, kind: Type) -> Fragment:
    """Return the SQL of a value as an argument of `json_object` or `json_group_array`."""
    match kind:
        case Type.BOOLEAN:
            return (
                sql("CASE ") + fragment + " WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
            )
        case Type.JSON | Type.ARRAY:
            return sql("json(") + fragment + ")"
        case Type.DECIMAL:
            return sql("json(CAST(") + fragment + " AS TEXT))"
        case Type.BYTES:
            return sql("jot_base64(") + fragment + ")"
    return fragment


def json_text(fragment: Fragment, kind: Type, dialect: Dialect = SQLITE) -> Fragment:
    """Return the SQL of a value as JSON text, for concatenation; NULL becomes `null`."""
    if dialect.is_postgres:
        return _json_text_postgres(fragment, kind)
    match kind:
        case Type.BOOLEAN:
            return (
                sql("CASE ") + fragment + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"
            )
        case Type.INTEGER | Type.JSON | Type.ARRAY | Type.DECIMAL:
            return sql("ifnull(") + fragment + ", 'null')"
        case Type.BYTES:
            return sql("json_quote(jot_base64(") + fragment + "))"
    return sql("json_quote(") + fragment + ")"


def _json_text_postgres(fragment: Fragment, kind: Type) -> Fragment:
    match kind:
        case Type.INTEGER | Type.BOOLEAN | Type.DECIMAL | Type.JSON | Type.ARRAY:
            return sql("coalesce((") + fragment + ")::text, 'null')"
        case Type.BYTES:
            # In lines of 76 characters, as RFC 2045 has it.
            encoded = sql("replace(encode(") + fragment + ", 'base64'), E'\\n', '')"
            return sql("coalesce(to_json(") + encoded + ")::text, 'null')"
    return sql("coalesce(to_json(") + fragment + ")::text, 'null')"


def base64_text(value: bytes) -> str:
    """Return bytes in base64, the form of bytes in JSON; its SQL name is `jot_base64`."""
    return b64encode(value).decode()


def concatenate(parts: Iterable[Fragment], dialect: Dialect = SQLITE) -> Fragment:
    """Return the SQL that concatenates texts; NULL counts as "".

    A single call, since SQLite limits the depth of an expression to 1,000; none in PostgreSQL,
    where a function has 100 arguments at most and no part is NULL.
    """
    if dialect.is_postgres:
        return "(" + join(" || ", parts) + ")"
    return "concat(" + join(", ", parts) + ")"
