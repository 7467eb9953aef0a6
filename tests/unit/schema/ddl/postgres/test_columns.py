"""Columns in PostgreSQL: defaults, and conditions that hold for writes from outside too."""

from typing import Any

import pytest
from tests.unit.schema.projects import model, table_file

from jotbase.schema.ddl.postgres.columns import check_condition, default_sql, dollar_quoted, literal
from jotbase.schema.model.tables import Column, Type


def column(schema: dict[str, Any]) -> Column:
    """Return the column `a` of that schema."""
    return model(t=table_file({"a": schema})).tables["t"].by_name["a"]


@pytest.mark.parametrize(
    ("schema", "condition"),
    [
        ({"type": "string", "minLength": 1}, 'length("a") >= 1'),
        ({"type": "string", "enum": ["x", "y"]}, "\"a\" IN ('x', 'y')"),
        ({"type": "integer", "minimum": 0, "multipleOf": 2}, '"a" >= 0 AND "a" % 2 = 0'),
        ({"type": "number"}, "\"a\" > '-Infinity' AND \"a\" < 'Infinity'"),
        ({"type": "boolean", "const": True}, '"a" IN (TRUE)'),
        ({"type": "string", "format": "date-time"}, 'isfinite("a")'),
        ({"type": "object"}, "jsonb_typeof(\"a\") IN ('object')"),
        ({"type": "string", "format": "uuid"}, ""),
    ],
)  # fmt: skip
def test_what_a_schema_says_is_a_condition(schema: dict[str, Any], condition: str) -> None:
    """As far as one column and SQL can say it; the type says the rest."""
    assert check_condition(column(schema), {}) == condition


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        ({"type": "string", "default": "it's"}, "'it''s'"),
        ({"type": "boolean", "default": False}, "FALSE"),
        ({"type": "array", "default": []}, "'[]'::jsonb"),
        ({"type": "string", "format": "date-time", "defaultExpression": "now()"}, "now()"),
        ({"type": "string", "format": "uuid", "defaultExpression": "uuid()"}, "gen_random_uuid()"),
        ({"type": "string", "defaultExpression": "user.id"}, None),
        ({"type": "integer", "defaultExpression": "7"}, "7"),
    ],
)
def test_defaults_are_the_databases_too(schema: dict[str, Any], default: str | None) -> None:
    """What a write from outside leaves out is filled as far as PostgreSQL can tell."""
    assert default_sql(column(schema)) == default


def test_values_are_written_as_their_types() -> None:
    """Bytes by their digits, decimals with all of theirs."""
    assert literal(Type.BYTES, "AAE=") == "'\\x0001'::bytea"
    assert literal(Type.DECIMAL, "1.50") == "'1.50'::numeric"


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ("SELECT 1", "$do$SELECT 1$do$"),
        ("SELECT '$do$'", "$do_$SELECT '$do$'$do_$"),
        ("SELECT '$do_$do$'", "$do__$SELECT '$do_$do$'$do__$"),
        ("SELECT 1 AS a$do", "$do_$SELECT 1 AS a$do$do_$"),
    ],
)
def test_a_body_does_not_hold_its_mark(body: str, quoted: str) -> None:
    """Nor its beginning, which the mark behind it would end."""
    assert dollar_quoted(body, "do") == quoted
