"""Shapes: what a type can say of a JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.client_types.python import written as in_python
from jotbase.client_types.shapes import (
    ANY,
    Choice,
    Either,
    Member,
    Members,
    Null,
    Scalar,
    Several,
    Shape,
    choices,
    column_shape,
    either,
    schema_shape,
    without_null,
)
from jotbase.client_types.typescript import written as in_typescript
from jotbase.schema.model.tables import Column, Type

TEXT, WHOLE, NUMBER = Scalar(Type.TEXT), Scalar(Type.INTEGER), Scalar(Type.NUMBER)


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({"type": "string"}, TEXT),
        ({"type": "number"}, NUMBER),
        ({"type": ["integer", "null"]}, Either((WHOLE, Null()))),
        ({"enum": ["a", "b", None]}, Either((Choice(("a", "b")), Null()))),
        ({"const": 1}, Choice((1,))),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, Either((TEXT, WHOLE))),
        ({"type": "array", "items": {"type": "string"}}, Several(TEXT)),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, Several(ANY)),
        ({"type": "object"}, Members((), open=True)),
        ({"$ref": "#/$defs/size"}, Choice(("small",))),
        ({"$ref": "#/$defs/nowhere"}, ANY),
        ({"allOf": [{"type": "string"}]}, ANY),
        (True, ANY),
        ({}, ANY),
    ],
)
def test_a_schemas_shape(schema: Any, shape: Shape) -> None:
    """Types, constants, alternatives, arrays and references are said; the rest is any JSON."""
    assert schema_shape(schema, {"$defs": {"size": {"enum": ["small"]}}}) == shape


def test_objects_have_their_members() -> None:
    """Members that are required are; only `additionalProperties: false` closes an object."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "null"}}}
    members = (Member("a", TEXT, required=True), Member("b", Null(), required=False))

    found = schema_shape({**schema, "required": ["a"], "additionalProperties": False}, {})

    assert found == Members(members)
    assert schema_shape({**schema, "required": ["a"]}, {}) == Members(members, open=True)


def test_a_schema_within_itself_ends() -> None:
    """A schema that refers to itself is followed to a depth, and any JSON from there on."""
    root = {"type": "array", "items": {"$ref": "#"}, "maxItems": 2}

    assert in_typescript(schema_shape(root, root)).startswith("Json[]")


def test_columns_have_the_shapes_of_their_type() -> None:
    """A column's type decides, its constants and the items of its array narrow it."""
    tags = {"type": "array", "items": {"enum": ["a", "b"]}}

    def shape(kind: Type, schema: dict[str, Any], item: Type | None = None) -> Shape:
        return column_shape(Column("c", kind, schema, nullable=True, item=item), schema)

    assert shape(Type.TIMESTAMP, {"type": "string"}) == Scalar(Type.TIMESTAMP)
    assert shape(Type.TEXT, {"enum": ["a", None]}) == Choice(("a",))
    assert shape(Type.ARRAY, tags, Type.TEXT) == Several(Choice(("a", "b")))
    assert shape(Type.ARRAY, {"type": "array"}, Type.UUID) == Several(Scalar(Type.UUID))
    assert shape(Type.JSON, {"type": ["boolean", "null"]}) == Scalar(Type.BOOLEAN)


def test_alternatives_are_flat_and_without_doubles() -> None:
    """Any JSON takes all others in, a number whole numbers."""
    assert either((TEXT, Either((TEXT, Null())))) == Either((TEXT, Null()))
    assert either((WHOLE, NUMBER)) == NUMBER
    assert either((TEXT, ANY)) == ANY
    assert without_null(Either((TEXT, Null()))) == TEXT
    assert without_null(TEXT) == TEXT
    assert choices({"enum": [1.5]}) is None


KEYWORDS = {
    "type": st.sampled_from(["string", "integer", "array", "object", "null", ["number", "null"]]),
    "enum": st.lists(st.sampled_from(["a", 1, True, None, 1.5, {}]), min_size=1, max_size=3),
    "$ref": st.sampled_from(["#", "#/items", "#/properties/a", "elsewhere", "#/%"]),
    "required": st.lists(st.sampled_from(["a", "b"]), unique=True),
    "additionalProperties": st.booleans(),
}
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.fixed_dictionaries({}, optional=KEYWORDS),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            **KEYWORDS,
            "items": inner,
            "properties": st.dictionaries(st.sampled_from(["a", "b c"]), inner, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)


@given(SCHEMAS)
def test_every_schema_is_said_in_both_languages(schema: Any) -> None:
    """Whatever a schema is, there is one line for it in TypeScript and one in Python."""
    shape = schema_shape(schema, schema if isinstance(schema, dict) else {})

    assert "\n" not in in_typescript(shape)
    compile(in_python(shape, {}), "annotation", "eval")
