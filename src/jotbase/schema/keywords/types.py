"""A column's type from its schema: the JSON types that it allows, then the matching SQL type.

In charge of reading `type`, `format`, `contentEncoding`, `enum`, `$ref` and combinations of them.
Must not know how a type is stored or its name in a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jotbase.schema.keywords.subschemas import local_target
from jotbase.schema.model.tables import RANGES, Type

#: The JSON types; here `integer` are whole numbers and `number` all others.
KINDS = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_NUMBERS = frozenset({"integer", "number"})

_BY_FORMAT = {
    "uuid": Type.UUID,
    "date-time": Type.TIMESTAMP,
    "date": Type.DATE,
    "time": Type.TIME,
    **{kind.value: kind for kind in RANGES},
}
#: Types that the items of a typed array cannot have.
_NO_ITEMS = RANGES | {Type.JSON, Type.ARRAY, Type.BYTES}
_ANY = '"type": ["object", "array", "string", "number", "boolean", "null"] holds any JSON'


class UnmappableType(Exception):
    """No column type fits the schema; `reason` and `hint` are for the developer."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def applied_schemas(schema: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas that apply to every value except null: the schema, the target of its
    `$ref`, its `allOf`, and the only branch of `anyOf` or `oneOf` that is not for null.
    """
    seen: list[int] = []

    def within(one: Any) -> Iterator[Mapping[str, Any]]:
        if not isinstance(one, Mapping) or id(one) in seen:
            return
        seen.append(id(one))
        yield one
        if isinstance(one.get("$ref"), str):
            yield from within(local_target(root, one["$ref"]))
        for part in _listed(one, "allOf"):
            yield from within(part)
        for keyword in ("anyOf", "oneOf"):
            branches = [
                part for part in _listed(one, keyword) if json_types(part, root) != {"null"}
            ]
            if len(branches) == 1:
                yield from within(branches[0])

    return within(schema)


def _listed(schema: Mapping[str, Any], keyword: str) -> list[Any]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def json_types(
    schema: Any, root: Mapping[str, Any], seen: frozenset[int] = frozenset()
) -> frozenset[str]:
    """Return the JSON types that the schema's keywords allow."""
    if schema is False:
        return frozenset()
    if not isinstance(schema, Mapping) or id(schema) in seen:
        return KINDS
    seen |= {id(schema)}
    found = _declared(schema)
    if isinstance(schema.get("$ref"), str):
        found &= json_types(local_target(root, schema["$ref"]), root, seen)
    for part in _listed(schema, "allOf"):
        found &= json_types(part, root, seen)
    for keyword in ("anyOf", "oneOf"):
        branches = _listed(schema, keyword)
        if branches:
            found &= frozenset[str]().union(*(json_types(one, root, seen) for one in branches))
    return found


def _declared(schema: Mapping[str, Any]) -> frozenset[str]:
    found = KINDS
    if "type" in schema:
        named = schema["type"]
        names = {named} if isinstance(named, str) else set(named)
        found &= names | _NUMBERS if "number" in names else names
    if "const" in schema:
        found &= {json_type_of(schema["const"])}
    if isinstance(schema.get("enum"), list):
        found &= {json_type_of(value) for value in schema["enum"]}
    return found


def json_type_of(value: Any) -> str:
    """Return the JSON type of a value; 1.0 is an integer, as in JSON Schema."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def column_type(schema: Any, root: Mapping[str, Any]) -> tuple[Type, Type | None, bool]:
    """Return (type, type of an array's items, whether null is allowed) of a column's schema.

    `root` is the document that `$ref`s refer to. Raises UnmappableType.
    """
    allowed = json_types(schema, root)
    if not allowed:
        raise UnmappableType("no value fits this schema", "its keywords contradict each other")
    if allowed == KINDS and not any(
        word in one for one in applied_schemas(schema, root) for word in ("type", "anyOf", "oneOf")
    ):
        raise UnmappableType('the column has no type: add "type"', _ANY)
    values = allowed - {"null"}
    if not values:
        raise UnmappableType("null is the only value of this column", f"add a type; {_ANY}")
    return (*_mapped(schema, root, values), "null" in allowed)


def _mapped(
    schema: Any, root: Mapping[str, Any], values: frozenset[str]
) -> tuple[Type, Type | None]:
    formats = [
        one["format"] for one in applied_schemas(schema, root) if isinstance(one.get("format"), str)
    ]
    if values <= _NUMBERS | {"string"} and "decimal" in formats:
        return Type.DECIMAL, None
    if values == {"integer"}:
        return Type.INTEGER, None
    if values <= _NUMBERS:
        return Type.NUMBER, None
    if values == {"boolean"}:
        return Type.BOOLEAN, None
    if values == {"string"}:
        if any(one.get("contentEncoding") == "base64" for one in applied_schemas(schema, root)):
            return Type.BYTES, None
        return next((_BY_FORMAT[name] for name in formats if name in _BY_FORMAT), Type.TEXT), None
    if values == {"array"}:
        return Type.ARRAY, _item(schema, root)
    return Type.JSON, None


def _item(schema: Any, root: Mapping[str, Any]) -> Type | None:
    """Return the scalar type that all items of an array have, None if there is none."""
    for one in applied_schemas(schema, root):
        if "prefixItems" in one:
            return None
        if isinstance(one.get("items"), Mapping):
            try:
                found, _, null = column_type(one["items"], root)
            except UnmappableType:
                return None
            return None if null or found in _NO_ITEMS else found
    return None
