"""From JSON Schema to the type of a column."""

from typing import Any

import pytest
from hypothesis import given
from tests.unit.schema.projects import JSON

from jotbase.schema.keywords.types import (
    UnmappableType,
    applied_schemas,
    column_type,
    json_type_of,
    json_types,
)
from jotbase.schema.model.tables import Type
from jotbase.schema.rows.check import validator


@pytest.mark.parametrize(
    ("schema", "kind", "null"),
    [
        ({"type": "integer"}, Type.INTEGER, False),
        ({"type": ["integer", "null"]}, Type.INTEGER, True),
        ({"type": "number"}, Type.NUMBER, False),
        ({"type": ["integer", "number"]}, Type.NUMBER, False),
        ({"type": "number", "format": "decimal"}, Type.DECIMAL, False),
        ({"type": ["string", "null"], "format": "decimal"}, Type.DECIMAL, True),
        ({"type": "boolean"}, Type.BOOLEAN, False),
        ({"type": "string"}, Type.TEXT, False),
        ({"type": "string", "format": "email"}, Type.TEXT, False),
        ({"type": "string", "format": "uuid"}, Type.UUID, False),
        ({"type": "string", "format": "date-time"}, Type.TIMESTAMP, False),
        ({"type": "string", "format": "date"}, Type.DATE, False),
        ({"type": "string", "format": "time"}, Type.TIME, False),
        ({"type": "string", "contentEncoding": "base64"}, Type.BYTES, False),
        ({"type": "object"}, Type.JSON, False),
        ({"type": ["object", "array", "string", "number", "boolean", "null"]}, Type.JSON, True),
        ({"type": ["string", "integer"]}, Type.JSON, False),
        ({"const": 5}, Type.INTEGER, False),
        ({"const": 5.0}, Type.INTEGER, False),
        ({"enum": ["a", "b", None]}, Type.TEXT, True),
        ({"enum": ["a", 1]}, Type.JSON, False),
        ({"type": "string", "enum": ["a", None]}, Type.TEXT, False),
        (
            {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
            Type.UUID,
            True,
        ),
        ({"allOf": [{"type": "string"}, {"format": "date"}]}, Type.DATE, False),
        ({"$ref": "#/$defs/when"}, Type.TIMESTAMP, False),
        ({"$ref": "#/$defs/loop", "type": "string"}, Type.TEXT, False),
    ],
)
def test_each_schema_has_its_natural_type(schema: Any, kind: Type, null: bool) -> None:
    """Type, format, enum, references and combinations all count."""
    root = {
        "$defs": {
            "when": {"type": "string", "format": "date-time"},
            "loop": {"$ref": "#/$defs/loop"},
        }
    }
    found, _, allowed = column_type(schema, root)

    assert (found, allowed) == (kind, null)


@pytest.mark.parametrize(
    ("items", "item"),
    [
        ({"type": "string"}, Type.TEXT),
        ({"type": "integer"}, Type.INTEGER),
        ({"type": "string", "format": "uuid"}, Type.UUID),
        ({}, None),
        ({"type": "object"}, None),
        ({"type": ["string", "null"]}, None),
        ({"type": "array", "items": {"type": "string"}}, None),
    ],
)
def test_arrays_know_the_type_of_their_items(items: Any, item: Type | None) -> None:
    """Items of one scalar type have it; mixed and nested ones are JSON."""
    assert column_type({"type": "array", "items": items}, {}) == (Type.ARRAY, item, False)


@pytest.mark.parametrize(
    "schema",
    [True, False, {}, {"minLength": 1}, {"type": "null"}, {"type": "string", "const": 1}],
)
def test_what_no_column_can_hold_is_refused_with_a_hint(schema: Any) -> None:
    """No type at all, none but null, and a contradiction are told apart in words."""
    with pytest.raises(UnmappableType) as caught:
        column_type(schema, {})

    assert caught.value.reason
    assert caught.value.hint


@given(JSON)
def test_the_kinds_of_a_value_are_those_that_json_schema_sees(value: Any) -> None:
    """A value's kind is a type under which the validator lets it pass."""
    kind = json_type_of(value)

    assert validator({"type": kind}).is_valid(value)
    assert kind in json_types({"const": value}, {})


def test_layers_end_where_references_run_in_circles() -> None:
    """Each schema is looked at once."""
    root = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a", "minimum": 1}}}

    assert [list(one) for one in applied_schemas({"$ref": "#/$defs/a"}, root)] == [
        ["$ref"],
        ["$ref"],
        ["$ref", "minimum"],
    ]
