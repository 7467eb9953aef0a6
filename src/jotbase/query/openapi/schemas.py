"""Tables as the schemas of an OpenAPI document: the file's own JSON Schema, every keyword kept, and
beside it what a row looks like when it is read, inserted and changed.

In charge of names, of references that still lead somewhere inside the document, and of what is
left out for a caller. Must not know paths or operations. OpenAPI 3.1 takes JSON Schema 2020-12 as
it is, unknown keywords included (4.8.24).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from jotbase.query.openapi.visibility import Visibility, pointer_token, visible_schema
from jotbase.query.plan.updatable import UpdatableView
from jotbase.schema.keywords.subschemas import map_subschemas, walk
from jotbase.schema.model.tables import Column, Table
from jotbase.schema.rows.check import plain_schema

SCHEMAS = "#/components/schemas/"

_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]")


def component_names(names: Iterable[str]) -> dict[str, str]:
    """Return a valid component name for each name (4.8.7.1): letters, digits, `_` and `-`."""
    found: dict[str, str] = {}
    for name in names:
        plain = _UNNAMEABLE.sub("_", name)
        number, called = 1, plain
        while called in found.values():
            number += 1
            called = f"{plain}_{number}"
        found[name] = called
    return found


def table_schema(table: Table, called: str, shown: Visibility) -> dict[str, Any]:
    """Return the table's own schema as a component of the document, with the name `called`."""
    root, base = plain_schema(table.schema), SCHEMAS + called
    anchors = {
        one[word]: at
        for at, one in walk(root)
        for word in ("$anchor", "$dynamicAnchor")
        if isinstance(one.get(word), str)
    }

    def change(schema: dict[str, Any]) -> dict[str, Any]:
        for word in ("$anchor", "$dynamicAnchor"):
            schema.pop(word, None)
        for word in ("$ref", "$dynamicRef"):
            reference = schema.get(word)
            if isinstance(reference, str) and reference.startswith("#"):
                del schema[word]
                schema["$ref"] = base + _pointer(reference[1:], anchors)
        return schema

    found: dict[str, Any] = change(map_subschemas(root, change))
    return {"title": table.name, "type": "object", **visible_schema(found, table, base, shown)}


def _pointer(fragment: str, anchors: Mapping[str, str]) -> str:
    return quote(anchors[fragment], safe="/~$") if fragment in anchors else fragment


def row_schema(table: Table, called: str) -> dict[str, Any]:
    """Return the schema of a row as read without `select`."""
    return {
        "description": f"A row of {table.name} as it is read. `select` chooses among its"
        " properties, renames them, and adds related rows.",
        "type": "object",
        "properties": {one.name: _property(one, called) for one in table.readable},
    }


def insert_schema(table: Table, called: str, updatable: UpdatableView | None) -> dict[str, Any]:
    """Return the schema of a row to insert; columns with a default are optional."""
    columns = written_columns(table, updatable)
    required = [one.name for one in columns if not (one.nullable or one.has_default)]
    return {
        "description": f"A new row of {table.name}. The row as stored must fit the whole schema.",
        "type": "object",
        "properties": {one.name: _property(one, called) for one in columns},
        **({"required": required} if required and updatable is None else {}),
        "additionalProperties": False,
    }


def update_schema(table: Table, called: str, updatable: UpdatableView | None) -> dict[str, Any]:
    """Return the schema of an update's body."""
    return {
        "description": f"Changed values of {table.name}; what is not named stays as it is.",
        "type": "object",
        "properties": {
            one.name: _property(one, called) for one in written_columns(table, updatable)
        },
        "additionalProperties": False,
    }


def written_columns(table: Table, updatable: UpdatableView | None) -> list[Column]:
    """Return the columns that a client may write; for a view, those that it passes on."""
    columns = [one for one in table.columns if not (one.read_only or one.generated)]
    return [one for one in columns if updatable is None or one.name in updatable.columns_of]


def _property(column: Column, called: str) -> dict[str, Any]:
    own = {"$ref": f"{SCHEMAS}{called}/properties/{pointer_token(column.name)}"}
    if column.nullable and not column.null_is_value:
        return {"anyOf": [own, {"type": "null"}], "description": "null: there is no value"}
    return own
