"""The file of private topics: what it says, and its faults with their places."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jotbase.schema.model.tables import Type
from jotbase.schema.reading.topics import read_topics


def read(document: Any) -> tuple[list[Any], list[tuple[str, str]]]:
    """Return the patterns and (pointer, reason) of each fault."""
    found, faults = read_topics(json.dumps(document).encode())
    return found, [(fault.pointer, fault.reason) for fault in faults]


def test_patterns_keep_their_order_and_types() -> None:
    """A part without a type is a text."""
    parts = {"id": {"type": "integer"}, "who": {"type": "string", "format": "uuid"}}
    topics = {
        "room:{id}:{who}:{x}": {"parts": parts, "access": {"read": "True"}},
        "a": {},
    }
    found, faults = read({"topics": topics})

    assert faults == []
    assert [one.text for one in found] == ["room:{id}:{who}:{x}", "a"]
    assert found[0].parts == {"id": Type.INTEGER, "who": Type.UUID, "x": Type.TEXT}
    assert found[0].access == {"read": "True"}


@pytest.mark.parametrize(
    ("topics", "pointer", "reason"),
    [
        ({"a{": {}}, "/topics/a{", "the pattern has a lone brace or is empty"),
        ({"": {}}, "/topics/", "the pattern has a lone brace or is empty"),
        ({"a:{x}{y}": {}}, "/topics/a:{x}{y}", "two parts have nothing between them"),
        ({"{x}:{x}": {}}, "/topics/{x}:{x}", "two parts have one name"),
        ({"{name}": {}}, "/topics/{name}", "a part cannot be called 'name'"),
        ({"{a b}": {}}, "/topics/{a b}", "a part cannot be called 'a b'"),
        (
            {"a": {"parts": {"x": {"type": "string"}}}},
            "/topics/a/parts/x",
            "the pattern has no part 'x'",
        ),
        (
            {"a": {"access": {"read": True}}},
            "/topics/a/access/read",
            'true is not of type "string"',
        ),
        ({"a/b": 1}, "/topics/a~1b", '1 is not of type "object"'),
    ],
)
def test_a_fault_has_its_place(topics: Any, pointer: str, reason: str) -> None:
    """Each is told by its JSON pointer."""
    assert (pointer, reason) in read({"topics": topics})[1]


def test_what_is_no_object_is_one_fault() -> None:
    """Syntax, a key that stands twice, a misspelt right."""
    assert [fault.pointer for fault in read_topics(b"[")[1]] == [""]
    assert "stands twice" in read_topics(b'{"topics": {}, "topics": {}}')[1][0].reason
    assert read({"topics": {"a": {"access": {"reads": "True"}}}})[1][0][0] == "/topics/a/access"
