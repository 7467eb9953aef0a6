"""How a column's value becomes JSON text inside a database.

In charge of the spelling of values, JSON paths and casts for output, by type and dialect. Must not
know tables, joins or rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from jotbase.query.intent import JsonStep
from jotbase.query.nodes import Value
from jotbase.schema.model import Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql


def raw(value: Value, dialect: Dialect) -> tuple[Fragment, Type]:
    """Return the SQL of a value, aggregated if it is, and the type of what comes out."""
    if value.column is None:
        fragment, kind = sql("count(*)"), Type.INTEGER
    else:
        reference = f"{dialect.identifier(value.alias)}.{dialect.identifier(value.column.name)}"
        fragment, kind = stepped(sql(reference), value.column.type, value.steps)
        if value.cast is not None:
            fragment, kind = converted(fragment, kind, value.cast), value.cast
        if value.aggregate is not None:
            fragment = sql(f"{value.aggregate}(") + fragment + ")"
            kind = _aggregated(value.aggregate, kind)
    if value.aggregate_cast is not None:
        fragment, kind = converted(fragment, kind, value.aggregate_cast), value.aggregate_cast
    return fragment, kind


def _aggregated(aggregate: str, kind: Type) -> Type:
    if aggregate == "count":
        return Type.INTEGER
    return Type.NUMBER if aggregate == "avg" else kind


def stepped(fragment: Fragment, kind: Type, steps: tuple[JsonStep, ...]) -> tuple[Fragment, Type]:
    """Return the value at the end of a JSON path, and its type: text behind `->>`, else JSON."""
    if not steps:
        return fragment, kind
    path = bound(path_of(steps))
    if not steps[-1].as_text:
        return fragment + " -> " + path, Type.JSON
    # SQLite's ->> gives numbers and 0/1; PostgreSQL's gives text, and `true`.
    text = (
        sql("CASE json_type(") + fragment + ", " + path + ") WHEN 'true' THEN 'true'"
        " WHEN 'false' THEN 'false' ELSE CAST(" + fragment + " ->> " + path + " AS TEXT) END"
    )
    return text, Type.TEXT


def path_of(steps: Iterable[JsonStep]) -> str:
    """Return the steps as one path in SQLite's spelling."""
    return json_path(step.key for step in steps)


def json_path(keys: Iterable[str | int]) -> str:
    """Return SQLite's spelling of a path: `$."a"[0][#-1]` (sqlite.org/json1.html, 4)."""
    pieces = ["$"]
    for key in keys:
        if isinstance(key, int):
            pieces.append(f"[{key}]" if key >= 0 else f"[#{key}]")
        else:
            pieces.append(f'."{key}"')
    return "".join(pieces)


def converted(fragment: Fragment, kind: Type, wanted: Type) -> Fragment:
    """Return the value cast to another type, as PostgreSQL would."""
    if kind is wanted:
        return fragment
    match wanted:
        case Type.TEXT:
            return _as_text(fragment, kind)
        case Type.INTEGER:
            return sql("CAST(round(") + fragment + ") AS INTEGER)"
        case Type.NUMBER | Type.DECIMAL:
            return sql("CAST(") + fragment + " AS REAL)"
        case Type.BOOLEAN:
            return (
                sql("CASE WHEN ") + fragment + " IN (1, 't', 'true', 'y', 'yes', 'on', '1') THEN 1"
                " WHEN " + fragment + " IS NULL THEN NULL ELSE 0 END"
            )
        case Type.DATE:
            return sql("substr(") + fragment + ", 1, 10)"
    return fragment


def _as_text(fragment: Fragment, kind: Type) -> Fragment:
    if kind is Type.BOOLEAN:
        return sql("CASE ") + fragment + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    return sql("CAST(") + fragment + " AS TEXT)"


def argument(fragment: Fragment, kind: Type) -> Fragment:
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


def text(fragment: Fragment, kind: Type) -> Fragment:
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


def quoted(value: str) -> str:
    """Return a name of the model as an SQL string literal; never used for a caller's text."""
    return "'" + value.replace("'", "''") + "'"


def concatenated(parts: Iterable[Fragment]) -> Fragment:
    """Return texts joined by `||`."""
    return join(" || ", parts)
