"""The SQL of a plan's values: columns, JSON paths, casts and aggregates.

In charge of one value of a row or of a group of rows. Must not know its JSON text (`output`) or the
FROM clause (`rows`).
"""

from __future__ import annotations

from collections.abc import Iterable

from jotbase.errors import RequestError
from jotbase.expression.data_types.casting import cast_expression
from jotbase.expression.data_types.output import json_path
from jotbase.expression.operators import OPERATORS
from jotbase.query.plan.nodes import Value
from jotbase.query.request.intent import JsonStep
from jotbase.schema.model.tables import RANGES, Type
from jotbase.schema.values.convert import TYPE_NAMES
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, sql


def value_sql(value: Value, dialect: Dialect) -> tuple[Fragment, Type]:
    """Return (SQL of a value, its type)."""
    if value.column is None:
        fragment, kind = sql("count(*)"), Type.INTEGER
    else:
        reference = f"{dialect.identifier(value.alias)}.{dialect.identifier(value.column.name)}"
        fragment, kind = json_step_sql(sql(reference), value.column.type, value.steps, dialect)
        if value.cast is not None:
            fragment, kind = cast_expression(fragment, kind, value.cast, dialect), value.cast.type
        if value.aggregate is not None:
            fragment = sql(f"{value.aggregate}(") + fragment + ")"
            summed, kind = kind, _aggregated(value.aggregate, kind)
            if dialect.is_postgres and summed in _NUMBERS:
                fragment = _of_its_type(fragment, kind)
    if value.aggregate_cast is not None:
        fragment, kind = (
            cast_expression(fragment, kind, value.aggregate_cast, dialect),
            value.aggregate_cast.type,
        )
    if value.zone is not None and kind is Type.TIMESTAMP:
        name = '"jotbase"."zoned"' if dialect.is_postgres else "jot_zoned"
        fragment = sql(f"{name}(") + fragment + ", " + bound(value.zone) + ")"
    return fragment, kind


def _of_its_type(fragment: Fragment, kind: Type) -> Fragment:
    """Return an aggregate of numbers as a value of its type: PostgreSQL's may be a decimal."""
    if kind is Type.DECIMAL:
        return sql("trim_scale(") + fragment + ")"
    return fragment + ("::float8" if kind is Type.NUMBER else "::bigint")


_NUMBERS = frozenset((Type.INTEGER, Type.NUMBER, Type.DECIMAL))
_UNORDERED = frozenset((Type.BOOLEAN, Type.BYTES, Type.JSON, Type.ARRAY, Type.UUID)) | RANGES


def _aggregated(aggregate: str, kind: Type) -> Type:
    """Return the type of an aggregate. Raises RequestError 42883 if the type does not
    support it.
    """
    if aggregate == "count":
        return Type.INTEGER
    if kind in _UNORDERED or (aggregate in ("sum", "avg") and kind not in _NUMBERS):
        raise RequestError(
            "42883",
            f"function {aggregate}({TYPE_NAMES[kind]}) does not exist",
            hint="No function matches the given name and argument types."
            " You might need to add explicit type casts.",
        )
    return Type.NUMBER if aggregate == "avg" and kind is not Type.DECIMAL else kind


def json_step_sql(
    fragment: Fragment, kind: Type, steps: tuple[JsonStep, ...], dialect: Dialect
) -> tuple[Fragment, Type]:
    """Return (SQL of the value at a JSON path, its type): text after `->>`, else JSON."""
    if not steps:
        return fragment, kind
    if dialect.is_postgres:
        keys = bound([str(step.key) for step in steps]) + "::text[]"
        name = "json_text" if steps[-1].as_text else "json_get"
        found = "(" + OPERATORS[name].spell["postgres"](fragment, keys) + ")"
        if steps[-1].as_text:
            return found + ' COLLATE "C"', Type.TEXT
        return found, Type.JSON
    path = bound(path_of(steps))
    if not steps[-1].as_text:
        return OPERATORS["json_get"].spell["sqlite"](fragment, path), Type.JSON
    # Joined to nothing, a document's text is plain text; else SQLite embeds it as a document.
    text = OPERATORS["json_text"].spell["sqlite"](fragment, path)
    return "(" + text + " || '')", Type.TEXT


def path_of(steps: Iterable[JsonStep]) -> str:
    """Return the steps as one JSON path in SQLite's syntax."""
    return json_path(step.key for step in steps)
