"""Traversing a schema: its subschemas, as distinct from data that looks like a schema.

In charge of traversal, of JSON pointers (RFC 6901) and of resolving a `$ref` within one document.
Must not know tables or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

#: Keywords whose value is a schema, a list of schemas, a map of schemas (2020-12 Core 10).
SINGLE = frozenset(
    (
        "items",
        "contains",
        "additionalProperties",
        "propertyNames",
        "if",
        "then",
        "else",
        "not",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    )
)
LISTS = frozenset({"prefixItems", "allOf", "anyOf", "oneOf"})
MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})


def escape_token(token: str) -> str:
    """Return a key escaped as a reference token of a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape_token(token: str) -> str:
    """Return the key of a reference token of a JSON pointer."""
    return token.replace("~1", "/").replace("~0", "~")


def pointer(path: list[str | int]) -> str:
    """Return a path of keys and indexes as a JSON pointer."""
    return "".join(f"/{escape_token(str(step))}" for step in path)


def direct_subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (pointer, subschema) of each direct subschema of an object schema."""
    for keyword, value in schema.items():
        if keyword in SINGLE:
            yield f"/{keyword}", value
        elif keyword in LISTS and isinstance(value, list):
            yield from ((f"/{keyword}/{index}", one) for index, one in enumerate(value))
        elif keyword in MAPS and isinstance(value, Mapping):
            yield from ((f"/{keyword}/{escape_token(name)}", one) for name, one in value.items())


def walk(schema: Any, at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (pointer, schema) of a schema and all subschemas that are objects, outermost first."""
    if not isinstance(schema, Mapping):
        return
    yield at, schema
    for place, inner in direct_subschemas(schema):
        yield from walk(inner, at + place)


def map_subschemas(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return a schema with `change` applied to each object schema in it, innermost first."""
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in SINGLE:
            result[keyword] = map_subschemas(value, change)
        elif keyword in LISTS and isinstance(value, list):
            result[keyword] = [map_subschemas(one, change) for one in value]
        elif keyword in MAPS and isinstance(value, Mapping):
            result[keyword] = {name: map_subschemas(one, change) for name, one in value.items()}
        else:
            result[keyword] = value
    return change(result)


def at_pointer(document: Any, text: str) -> Any:
    """Return the value at a JSON pointer. Raises KeyError when there is none."""
    value = document
    for token in text.split("/")[1:]:
        key = unescape_token(token)
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            raise KeyError(text)
    return value


def local_target(root: Mapping[str, Any], reference: str) -> Any:
    """Return the target of a `$ref` within the document, None if it does not exist."""
    if not reference.startswith("#"):
        return None
    fragment = unquote(reference[1:])
    if fragment and not fragment.startswith("/"):
        return next((inner for _, inner in walk(root) if inner.get("$anchor") == fragment), None)
    try:
        return at_pointer(root, fragment)
    except KeyError:
        return None
