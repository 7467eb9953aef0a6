"""Patterns of topics: what has their form, and the values of their parts."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.schema.model.tables import Type
from jotbase.schema.model.topics import TopicPattern

ID = "0a000000-0000-4000-8000-00000000000b"


@pytest.mark.parametrize(
    ("text", "parts", "topic", "row"),
    [
        ("room:{id}", {"id": Type.INTEGER}, "room:7", {"id": 7}),
        ("room:{id}", {"id": Type.INTEGER}, "room:-7", {"id": -7}),
        ("room:{id}", {"id": Type.INTEGER}, "room:07", None),
        ("room:{id}", {"id": Type.INTEGER}, "room:7\n", None),
        ("room:{id}", {"id": Type.INTEGER}, "room:9999999999999999999", None),
        ("room:{id}", {"id": Type.TEXT}, "room:a:b", None),
        ("room:{id}", {"id": Type.TEXT}, "room:", None),
        ("a.{x}/{y}", {"x": Type.TEXT, "y": Type.TEXT}, "a.b/c", {"x": "b", "y": "c"}),
        ("a.{x}", {"x": Type.TEXT}, "abb", None),
        ("u:{id}", {"id": Type.UUID}, f"u:{ID.upper()}", {"id": ID}),
        ("u:{id}", {"id": Type.UUID}, "u:1", None),
        ("u:{id}", {"id": Type.UUID}, f"u:{ID[:-1]}x", None),
        ("lobby", {}, "lobby", {}),
    ],
)
def test_a_topic_matches_as_a_whole(
    text: str, parts: dict[str, Type], topic: str, row: dict[str, Any] | None
) -> None:
    """Parts end at `:` and `/`; a value that is not of its part's type makes another topic."""
    found = TopicPattern(text, parts, {}).match(topic)

    assert found == (None if row is None else {**row, "name": topic})


def test_rules_see_the_parts_as_columns() -> None:
    """Each with its type, and the whole topic as `name`."""
    pattern = TopicPattern("room:{id}", {"id": Type.INTEGER}, {})

    kinds = {column.name: column.type for column in pattern.table.columns}
    assert kinds == {"id": Type.INTEGER, "name": Type.TEXT}
