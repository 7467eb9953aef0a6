"""Columns read from properties."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, faults, table

from jotbase.schema.model.tables import MISSING, Type


def one(schema: dict[str, Any], **keywords: Any) -> Any:
    """Return the column "a" of that schema."""
    return table({"a": schema, "z": TEXT}, **keywords).by_name["a"]


@pytest.mark.parametrize(
    ("schema", "keywords", "nullable", "null_is_value"),
    [
        (TEXT, {}, True, False),
        (TEXT, {"required": ["a"]}, False, False),
        ({"type": ["string", "null"]}, {}, True, True),
        ({"type": ["string", "null"]}, {"required": ["a"]}, True, True),
        ({**TEXT, "default": ""}, {}, False, False),
        ({**TEXT, "defaultExpression": "user.id"}, {}, False, False),
        (TEXT, {"primaryKey": ["a"]}, False, False),
        (ID, {}, False, False),
        ({**NUMBER, "generated": "1 + 1"}, {}, True, False),
        ({**NUMBER, "generated": "1 + 1"}, {"required": ["a"]}, False, False),
    ],
)
def test_null_may_stand_where_the_property_is_optional_or_null_is_a_value(
    schema: dict[str, Any], keywords: dict[str, Any], nullable: bool, null_is_value: bool
) -> None:
    """The two are told apart: NULL can stand for an absent property."""
    column = one(schema, **keywords)

    assert (column.nullable, column.null_is_value) == (nullable, null_is_value)


def test_a_column_says_all_that_its_schema_says() -> None:
    """Keywords of ours and of JSON Schema become fields."""
    column = one(
        {
            "type": "array",
            "items": {"type": "string"},
            "description": "Words.",
            "default": ["x"],
            "readOnly": True,
            "writeOnly": True,
        }
    )

    assert (column.type, column.item, column.type_name) == (Type.ARRAY, Type.TEXT, "_text")
    assert (column.default, column.description) == (["x"], "Words.")
    assert (column.read_only, column.write_only, column.identity) == (True, True, False)
    assert column.default_expression is None


def test_what_is_computed_is_read_only() -> None:
    """A generated column is set by the database alone."""
    column = one({"type": "string", "generated": "upper(z)"})

    assert (column.generated, column.read_only) == ("upper(z)", True)
    assert column.default is MISSING


def test_a_default_is_kept_in_canonical_form() -> None:
    """It is stored as a value that a client would have sent."""
    assert one({"type": "integer", "default": 1.0}).default == 1
    when = {"type": "string", "format": "date-time", "default": "2026-08-21T12:00:00+02:00"}
    assert one(when).default == "2026-08-21T10:00:00+00:00"
    assert one({"type": ["string", "null"], "default": None}).default is None


def test_readonly_may_come_from_another_schema() -> None:
    """What a `$ref` says of the property counts."""
    described = {"type": "string", "readOnly": True, "description": "Set by us."}
    column = one({"$ref": "#/$defs/d"}, **{"$defs": {"d": described}})

    assert (column.read_only, column.description) == (True, "Set by us.")


@pytest.mark.parametrize(
    ("schema", "at", "reason"),
    [
        ({**TEXT, "identity": True}, "/identity", "only an integer can number the rows"),
        (
            {**NUMBER, "default": 1, "defaultExpression": "1"},
            "/defaultExpression",
            "default and defaultExpression cannot both fill the column",
        ),
        (
            {**ID, "generated": "1"},
            "/generated",
            "identity and generated cannot both fill the column",
        ),
        (
            {**TEXT, "onDelete": "cascade"},
            "/onDelete",
            '"onDelete" says nothing without "references"',
        ),
        ({}, "", 'the column has no type: add "type"'),
        (
            {**NUMBER, "default": "x"},
            "/default",
            'the column\'s own schema refuses its default: the value is not of type "integer"',
        ),
        (
            {**TEXT, "default": None},
            "/default",
            'the column\'s own schema refuses its default: the value is not of type "string"',
        ),
        (
            {**NUMBER, "default": 2**63},
            "/default",
            'the column\'s own schema refuses its default: value "9223372036854775808"'
            " is out of range for type bigint",
        ),
    ],
)
def test_keywords_that_do_not_go_together_are_faults(
    schema: dict[str, Any], at: str, reason: str
) -> None:
    """Place and reason are told."""
    found = faults(t={"properties": {"a": schema}})

    assert [(fault.pointer, fault.reason) for fault in found] == [(f"/properties/a{at}", reason)]


def test_a_column_that_cannot_be_called_so_is_a_fault() -> None:
    """PostgreSQL's names end at 63 bytes."""
    assert [fault.reason for fault in faults(t={"properties": {"a" * 64: TEXT}})] == [
        "the column's name is longer than 63 bytes"
    ]
