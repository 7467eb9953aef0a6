"""Column schemas as conditions in SQL; that they hold is tested on the database itself."""

from typing import Any

import pytest
from tests.unit.schema.projects import table

from jotbase.schema.ddl.constraints import check_condition, default_literal, literal


def condition(schema: dict[str, Any], **keywords: Any) -> str:
    """Return the condition of the column "a"."""
    one = table({"a": schema}, **keywords)
    return check_condition(one.by_name["a"], one.schema, strict=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "1"),
        (5, "5"),
        (0.1, "0.1"),
        (b"\x00\xff", "X'00ff'"),
        ("it's", "'it''s'"),
    ],
)
def test_values_of_the_model_are_written_as_literals(value: Any, text: str) -> None:
    """Quotes are doubled; nothing else can end a text."""
    assert literal(value) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, ""),
        ({"type": "string", "pattern": "^a", "format": "email"}, ""),
        (
            {"type": "string", "minLength": 1, "maxLength": 9},
            'length("a") >= 1 AND length("a") <= 9',
        ),
        ({"type": "string", "minLength": 0}, ""),
        ({"type": ["string", "null"], "enum": ["it's", "b", None]}, "\"a\" IN ('it''s', 'b')"),
        ({"type": "integer", "minimum": 0, "exclusiveMaximum": 5}, '"a" >= 0 AND "a" < 5'),
        ({"type": "integer", "multipleOf": 5}, '"a" % 5 = 0'),
        ({"type": "integer", "multipleOf": 0.5}, ""),
        ({"const": 7}, '"a" IN (7)'),
        ({"type": "boolean"}, '"a" IN (0, 1)'),
        ({"type": "boolean", "const": True}, '"a" IN (0, 1) AND "a" IN (1)'),
        ({"type": "string", "format": "date"}, 'date("a") IS "a"'),
        (
            {"type": ["object", "array", "string", "number", "boolean", "null"]},
            '("a" IS NULL OR json_valid("a"))',
        ),
        (
            {"type": "object"},
            'CASE WHEN json_valid("a") THEN json_type("a") IN (\'object\') ELSE "a" IS NULL END',
        ),
    ],
)
def test_what_one_column_says_is_a_condition(schema: dict[str, Any], text: str) -> None:
    """What SQL cannot say is left to the validator."""
    assert condition(schema) == text


def test_references_and_combinations_count() -> None:
    """What `$ref` and `allOf` add is in the condition too; alternatives are not."""
    small = {"type": "string", "maxLength": 3}
    refers = {"$ref": "#/$defs/small", "allOf": [{"minLength": 1}], "anyOf": [{"const": "a"}, True]}

    assert condition(refers, **{"$defs": {"small": small}}) == (
        'length("a") <= 3 AND length("a") >= 1'
    )


def test_a_table_that_is_not_strict_asks_for_the_type() -> None:
    """SQLite would store any type in it otherwise."""
    one = table({"a": {"type": "integer"}, "b": {"type": "number", "format": "decimal"}})

    assert check_condition(one.by_name["a"], one.schema, strict=False) == (
        "typeof(\"a\") IN ('integer', 'null')"
    )
    assert check_condition(one.by_name["b"], one.schema, strict=False) == (
        "typeof(\"b\") IN ('integer', 'real', 'null')"
    )


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "boolean", "default": False}, "0"),
        ({"type": "array", "default": [1, "it's"]}, "'[1,\"it''s\"]'"),
        ({"type": "string", "contentEncoding": "base64", "default": "AP8="}, "X'00ff'"),
        (
            {"type": "string", "format": "date-time", "default": "2026-08-21T00:00:00Z"},
            "'2026-08-21T00:00:00+00:00'",
        ),
    ],
)
def test_a_default_is_written_in_stored_form(schema: dict[str, Any], text: str) -> None:
    """It is what a write of the same value would store."""
    assert default_literal(table({"a": schema}).by_name["a"]) == text
