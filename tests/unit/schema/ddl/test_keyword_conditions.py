"""Keywords as conditions: the same for both databases, whose literals come from outside."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.schema.projects import model, table_file

from jotbase.schema.ddl.keyword_conditions import fits, keyword_conditions
from jotbase.schema.model.tables import Type


def quoted(kind: Type, value: Any) -> str:
    """Write a value so that its type shows."""
    return f"<{kind.value}:{value}>"


@pytest.mark.parametrize(
    ("kind", "schema", "conditions"),
    [
        ("integer", {"minimum": 1, "exclusiveMaximum": 9}, ["c >= 1", "c < 9"]),
        ("number", {"maximum": 1.5, "exclusiveMinimum": 0}, ["c <= 1.5", "c > 0"]),
        ("string", {"minimum": 1}, []),
        ("integer", {"multipleOf": 5}, ["c % 5 = 0"]),
        ("integer", {"multipleOf": 0.5}, []),
        ("string", {"minLength": 1, "maxLength": 3}, ["length(c) >= 1", "length(c) <= 3"]),
        ("string", {"minLength": 0}, []),
        ("array", {"minItems": 1, "maxItems": 2}, ["items(c) >= 1", "items(c) <= 2"]),
        ("integer", {"const": 4}, ["c IN (<int8:4>)"]),
        ("string", {"enum": ["a", "b", "a", None, 1]}, ["c IN (<text:a>, <text:b>)"]),
        ("integer", {"enum": ["a"]}, []),
        ("object", {"enum": [{}]}, []),
    ],
)
def test_keywords_are_conditions(kind: str, schema: dict[str, Any], conditions: list[str]) -> None:
    """Each keyword has its condition, for the types that it is about and no others."""
    file = table_file({"c": {"type": kind}})
    column = model(t=file).tables["t"].by_name["c"]

    assert list(keyword_conditions(column, "c", schema, quoted, "items(c)")) == conditions


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Type.INTEGER, 1, True),
        (Type.INTEGER, 1.5, False),
        (Type.INTEGER, True, False),
        (Type.NUMBER, 1, True),
        (Type.DECIMAL, "1.50", True),
        (Type.BOOLEAN, 1, False),
        (Type.BOOLEAN, False, True),
        (Type.UUID, "x", True),
        (Type.TEXT, 1, False),
    ],
)
def test_a_value_fits_a_type_or_not(kind: Type, value: Any, expected: bool) -> None:
    """A value of another JSON type is never a column's."""
    assert fits(kind, value) is expected
