"""How a value becomes JSON text inside a database.

In charge of the spelling of values, keys and JSON paths for output, by type. Must not know
columns, tables or rules.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from orjson import dumps

from jotbase.schema.model.tables import Type
from jotbase.sql.fragment import Fragment, join, sql


def json_path(keys: Iterable[str | int]) -> str:
    """Return SQLite's spelling of a path: `$."a"[0][#-1]` (sqlite.org/json1.html, 4)."""
    pieces = ["$"]
    for key in keys:
        if isinstance(key, int):
            pieces.append(f"[{key}]" if key >= 0 else f"[#{key}]")
        else:
            pieces.append("." + dumps(key).decode())
    return "".join(pieces)


def json_argument(fragment: Fragment, kind: Type) -> Fragment:
    """Return a value as an argument of `json_object` or `json_group_array`."""
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


def json_text(fragment: Fragment, kind: Type) -> Fragment:
    """Return a value as JSON text, to be joined to more of it; NULL becomes `null`."""
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


def base64_text(value: bytes) -> str:
    """Return bytes as JSON has them; SQLite calls it `jot_base64`."""
    return b64encode(value).decode()


def string_literal(value: str) -> str:
    """Return a name of the model as an SQL string literal; never used for a caller's text."""
    return "'" + value.replace("'", "''") + "'"


def concatenate(parts: Iterable[Fragment]) -> Fragment:
    """Return texts put together; NULL is no text.

    One flat call, since SQLite sums up the heights of nested expressions and allows 1,000.
    """
    return "concat(" + join(", ", parts) + ")"
