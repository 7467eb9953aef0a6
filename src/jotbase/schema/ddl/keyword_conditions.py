"""The keywords of a column's schema as conditions of a CHECK, in the SQL of either database.

In charge of which keywords SQL can express, for which types. Must not know how a database writes a
value or counts a list: the caller passes that in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.keywords.types import json_type_of
from jotbase.schema.model.tables import Column, Type
from jotbase.schema.values.convert import canonical

NUMERIC = frozenset({Type.INTEGER, Type.NUMBER, Type.DECIMAL})
_SCALAR = NUMERIC | {Type.BOOLEAN, Type.TEXT, Type.UUID, Type.DATE, Type.TIMESTAMP, Type.TIME}
_BOUNDS = {
    "minimum": ">=",
    "maximum": "<=",
    "exclusiveMinimum": ">",
    "exclusiveMaximum": "<",
}

#: Returns the SQL literal of a canonical value of a type.
Literal = Callable[[Type, Any], str]


def keyword_conditions(
    column: Column, name: str, schema: Mapping[str, Any], literal: Literal, items: str
) -> Iterator[str]:
    """Yield the conditions of a schema's keywords, as far as SQL can express them.

    `name` is the column in SQL, `items` the SQL that counts its items if it is a list.
    """
    if column.type in NUMERIC:
        for keyword, symbol in _BOUNDS.items():
            if keyword in schema:
                yield f"{name} {symbol} {schema[keyword]!r}"
    step = schema.get("multipleOf")
    if column.type is Type.INTEGER and isinstance(step, int | float) and float(step).is_integer():
        yield f"{name} % {int(step)} = 0"
    if column.type is Type.TEXT:
        yield from _sizes(f"length({name})", schema, "minLength", "maxLength")
    if column.type is Type.ARRAY:
        yield from _sizes(items, schema, "minItems", "maxItems")
    if column.type in _SCALAR:
        if "const" in schema:
            yield from _one_of(column, name, [schema["const"]], literal)
        if isinstance(schema.get("enum"), list):
            yield from _one_of(column, name, schema["enum"], literal)


def _sizes(counted: str, schema: Mapping[str, Any], least: str, most: str) -> Iterator[str]:
    if schema.get(least):
        yield f"{counted} >= {int(schema[least])}"
    if most in schema:
        yield f"{counted} <= {int(schema[most])}"


def _one_of(column: Column, name: str, values: Sequence[Any], literal: Literal) -> Iterator[str]:
    """Yield the condition of `enum` and `const`, with the values that the type can hold."""
    held: list[str] = []
    for value in values:
        if value is None or not fits(column.type, value):
            continue
        try:
            held.append(literal(column.type, canonical(column, value)))
        except RequestError:
            continue
    if held:
        yield f"{name} IN ({', '.join(dict.fromkeys(held))})"


def fits(kind: Type, value: Any) -> bool:
    """Return whether a value of JSON may be one of a scalar type at all."""
    if kind is Type.DECIMAL:
        return json_type_of(value) in ("integer", "number", "string")
    if kind in NUMERIC:
        return json_type_of(value) in (
            ("integer",) if kind is Type.INTEGER else ("integer", "number")
        )
    return isinstance(value, bool) if kind is Type.BOOLEAN else isinstance(value, str)
