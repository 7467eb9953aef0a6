"""A value's shape in any typed language, from the JSON Schema of its column.

In charge of what a type can say of a schema: kinds of values, alternatives, constants, the members
of objects, the items of arrays. Must not know a language, nor what only a check of the value can
say (lengths, patterns, conditions between members).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jotbase.records import dataclass
from jotbase.schema.keywords.subschemas import local_target
from jotbase.schema.keywords.types import json_types
from jotbase.schema.model.tables import Column, Type

#: Schemas within each other beyond which any JSON is said; a `$ref` may lead back to itself.
DEPTH = 8


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of a column's type; Type.JSON stands for any JSON value."""

    type: Type


@dataclass(frozen=True, slots=True)
class Null:
    """JSON null."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these strings, numbers or booleans."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """An array of such items."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object."""

    name: str
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Members:
    """An object; one that is `open` may have other members, of any value."""

    members: tuple[Member, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The values of a column's `enum`, under a name of their own."""

    name: str
    values: tuple[Any, ...]


Shape = Scalar | Null | Choice | Several | Members | Either | Enumeration

ANY = Scalar(Type.JSON)
_SIMPLE: Mapping[str, Shape] = {
    "null": Null(),
    "boolean": Scalar(Type.BOOLEAN),
    "integer": Scalar(Type.INTEGER),
    "number": Scalar(Type.NUMBER),
    "string": Scalar(Type.TEXT),
}


def column_shape(column: Column, root: Mapping[str, Any]) -> Shape:
    """Return the shape of a column's values other than null; `root` is what `$ref`s refer to."""
    choice = choices(column.schema)
    if choice is not None:
        return Choice(choice)
    if column.type is Type.ARRAY:
        if column.item is not None:
            found = schema_shape(column.schema, root)
            return found if _has_choices(found) else Several(Scalar(column.item))
        return without_null(schema_shape(column.schema, root))
    if column.type is Type.JSON:
        return without_null(schema_shape(column.schema, root))
    return Scalar(column.type)


def _has_choices(shape: Shape) -> bool:
    return isinstance(shape, Several) and isinstance(shape.item, Choice)


def choices(schema: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return the values of a schema's `enum` or `const` without null; None if it has neither."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list):
        return None
    found = tuple(value for value in values if value is not None)
    plain = all(isinstance(value, str | int | bool) for value in found)
    return found if found and plain else None


def schema_shape(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Shape:
    """Return the shape of the values that a schema allows, null among them."""
    if not isinstance(schema, Mapping) or depth > DEPTH:
        return ANY
    target = schema.get("$ref")
    if isinstance(target, str):
        return schema_shape(local_target(root, target), root, depth + 1)
    if (choice := choices(schema)) is not None:
        null = None in schema.get("enum", ())
        return either((Choice(choice), Null())) if null else Choice(choice)
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and "properties" not in schema:
            return either(tuple(schema_shape(one, root, depth + 1) for one in branches))
    allowed = json_types(schema, root)
    if len(allowed) == 7 or "allOf" in schema:
        return ANY
    return either(tuple(_of_type(name, schema, root, depth) for name in sorted(allowed)))


def _of_type(name: str, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Shape:
    if name == "array":
        items = schema.get("items")
        plain = "prefixItems" not in schema and isinstance(items, Mapping)
        return Several(schema_shape(items, root, depth + 1) if plain else ANY)
    if name == "object":
        return _members(schema, root, depth)
    return _SIMPLE[name]


def _members(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Shape:
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    members = tuple(
        Member(name, schema_shape(one, root, depth + 1), name in required)
        for name, one in properties.items()
    )
    return Members(members, open=schema.get("additionalProperties", True) is not False)


def either(shapes: tuple[Shape, ...]) -> Shape:
    """Return the one of several shapes, any JSON where one of them is; without doubles."""
    flat: list[Shape] = []
    for shape in shapes:
        for one in shape.shapes if isinstance(shape, Either) else (shape,):
            if one not in flat:
                flat.append(one)
    if ANY in flat or not flat:
        return ANY
    numbers = (Scalar(Type.INTEGER), Scalar(Type.NUMBER))
    if all(one in flat for one in numbers):
        flat.remove(numbers[0])
    return flat[0] if len(flat) == 1 else Either(tuple(flat))


def without_null(shape: Shape) -> Shape:
    """Return the shape without null."""
    if not isinstance(shape, Either):
        return shape
    return either(tuple(one for one in shape.shapes if not isinstance(one, Null)))
