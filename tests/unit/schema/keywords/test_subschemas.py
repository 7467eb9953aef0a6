"""Walking through schemas, and pointers into them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.schema.keywords.subschemas import (
    at_pointer,
    escape_token,
    local_target,
    map_subschemas,
    pointer,
    unescape_token,
    walk,
)

SCHEMA: dict[str, Any] = {
    "properties": {"a/b": {"type": "string"}, "$ref": {"items": {"minimum": 1}}},
    "allOf": [{"if": {"required": ["x"]}}, True],
    "const": {"items": {"type": "no schema, but data"}},
    "$defs": {"d": {"$anchor": "here"}},
}


def test_walk_finds_schemas_and_leaves_data_alone() -> None:
    """A schema within `const` is a value; a property called `$ref` is a schema."""
    assert [at for at, _ in walk(SCHEMA)] == [
        "",
        "/properties/a~1b",
        "/properties/$ref",
        "/properties/$ref/items",
        "/allOf/0",
        "/allOf/0/if",
        "/$defs/d",
    ]


def test_every_place_that_walk_names_can_be_found_again() -> None:
    """The pointers lead where they say."""
    assert all(at_pointer(SCHEMA, at) is inner for at, inner in walk(SCHEMA))


def test_rewriting_changes_schemas_and_leaves_data_alone() -> None:
    """What looks like a schema inside a value is not touched."""
    changed = map_subschemas({"items": {}, "enum": [{"items": {}}]}, lambda one: {**one, "seen": 1})

    assert changed == {"items": {"seen": 1}, "enum": [{"items": {}}], "seen": 1}


@given(st.lists(st.text() | st.integers(0, 9)))
def test_pointers_tell_any_path(path: list[str | int]) -> None:
    """Slashes and tildes in keys come back as they were."""
    tokens = [unescape_token(token) for token in pointer(path).split("/")[1:]]

    assert tokens == [str(step) for step in path]


def test_an_escaped_key_is_rfc_6901s() -> None:
    """`~` becomes `~0` before `/` becomes `~1`."""
    assert escape_token("a/b~c~1") == "a~1b~0c~01"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#", SCHEMA),
        ("#here", {"$anchor": "here"}),
        ("#/properties/a~1b", {"type": "string"}),
        ("#/properties/a%7E1b", {"type": "string"}),
        ("#/allOf/1", True),
        ("#/allOf/2", None),
        ("#/nowhere", None),
        ("other.json", None),
    ],
)
def test_references_within_a_document_are_followed(reference: str, found: Any) -> None:
    """Pointers and anchors are found, and what leads nowhere is None."""
    assert local_target(SCHEMA, reference) == found
