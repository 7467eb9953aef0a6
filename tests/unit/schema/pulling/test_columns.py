"""Columns found in a database: their types by declaration, and by what stands in them."""

from typing import Any

import pytest

from jotbase.schema.model.tables import Type
from jotbase.schema.pulling.columns import (
    CONDITIONS,
    NotLiteral,
    affinity,
    column_schema,
    default_value,
    is_mixed,
    time_note,
    with_null,
)
from jotbase.sql.catalog import ReflectedColumn, Storage, StoredValues

EVERY = frozenset(CONDITIONS)


def found(
    declared: str, *storages: Storage, forms: str = "", longest: int = 0, default: str | None = None
) -> ReflectedColumn:
    """Return a NOT NULL column that holds such values; without any, it has all forms."""
    had = frozenset(forms.split()) if storages else EVERY
    statistics = StoredValues(frozenset(storages), had, longest)
    return ReflectedColumn("a", declared, not_null=True, default=default, statistics=statistics)


@pytest.mark.parametrize(
    ("column", "schema"),
    [
        (found("BOOLEAN"), {"type": "boolean"}),
        (found("bool", "integer", forms="boolean"), {"type": "boolean"}),
        (found("BOOLEAN", "integer"), {"type": "integer"}),
        (found("BOOLEAN", "text"), {"type": "string"}),
        (found("DATETIME", "text", forms="date-time"), {"type": "string", "format": "date-time"}),
        (found("DATETIME", "text"), {"type": "string"}),
        (found("DATETIME", "integer", forms="decimal number"), {"type": "integer"}),
        (found("TIMESTAMP", "real"), {"type": "number"}),
        (found("DATE"), {"type": "string", "format": "date"}),
        (found("UUID", "text", forms="uuid"), {"type": "string", "format": "uuid"}),
        (found("UUID", "blob"), {"type": "string", "contentEncoding": "base64"}),
        (
            found("DECIMAL(10,2)", "integer", "real", forms="decimal"),
            {"type": "number", "format": "decimal"},
        ),
        (found("NUMERIC", "text"), {"type": "string"}),
        (found("JSON", "text", forms="json array"), {"type": "array"}),
        (
            found("JSON", "text", forms="json"),
            {"type": ["object", "array", "string", "number", "boolean"]},
        ),
        (found("JSON", "text"), {"type": "string"}),
        (found("INT", "integer"), {"type": "integer"}),
        (found("BIGINT"), {"type": "integer"}),
        (found("INTEGER", "integer", "text"), {"type": "string"}),
        (found("FLOAT", "real"), {"type": "number"}),
        (found("DOUBLE PRECISION"), {"type": "number"}),
        (found("TEXT"), {"type": "string"}),
        (found("BLOB"), {"type": "string", "contentEncoding": "base64"}),
        (found(""), {"type": "string"}),
        (found("", "integer"), {"type": "integer"}),
        (found("", "integer", "real"), {"type": "number"}),
        (found("STRING"), {"type": "string"}),
        (found("", "blob", "text"), {"type": "string", "writeOnly": True}),
    ],
)
def test_a_type_is_what_is_declared_unless_a_value_says_otherwise(
    column: ReflectedColumn, schema: dict[str, Any]
) -> None:
    """An empty column is believed, a full one is looked at."""
    assert column_schema(column) == schema


def test_a_length_is_kept_if_the_values_keep_to_it() -> None:
    """SQLite never held anybody to it."""
    assert column_schema(found("VARCHAR(5)", "text", longest=5))["maxLength"] == 5
    assert "maxLength" not in column_schema(found("VARCHAR(5)", "text", longest=6))


def test_times_that_the_database_writes_are_text() -> None:
    """CURRENT_TIMESTAMP has a blank where RFC 3339 has a T."""
    assert column_schema(found("DATETIME", default="CURRENT_TIMESTAMP")) == {"type": "string"}
    assert column_schema(found("DATETIME", default="(datetime('now'))")) == {"type": "string"}


def test_times_that_are_taken_for_text_are_told() -> None:
    """With what makes them times; other text has no note."""
    statistics = found("TEXT", "text", forms="sql-time")
    filled = found("DATETIME", default="CURRENT_TIMESTAMP")
    assert (time_note(statistics) or "").startswith(
        "a holds times as SQLite writes them (2026-01-01 12"
    )
    assert (time_note(filled) or "").startswith("a is filled by the database (2026-01-01 12:00:00)")
    assert time_note(found("DATETIME", "text", forms="date-time")) is None
    assert time_note(found("TEXT", "text", default="(lower('A'))")) is None
    assert time_note(found("TEXT")) is None


def test_a_column_that_may_be_null_says_so() -> None:
    """In its type, and in its list of values if it has one."""
    assert column_schema(ReflectedColumn("a", "TEXT")) == {"type": ["string", "null"]}
    assert with_null({"type": "string", "enum": ["a"]})["enum"] == ["a", None]


def test_only_numbers_mix() -> None:
    """Whole and broken ones have a type in common."""
    assert not is_mixed(found("", "integer", "real"))
    assert is_mixed(found("", "integer", "text"))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("POINT", "INTEGER"),
        ("VARYING CHARACTER(9)", "TEXT"),
        ("", "BLOB"),
        ("FLOAT", "REAL"),
        ("DATE", "NUMERIC"),
    ],
)
def test_affinities_are_sqlites(declared: str, expected: str) -> None:
    """INT anywhere in the word counts first, as its documentation says."""
    assert affinity(declared) == expected


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Type.INTEGER, "5", 5),
        (Type.INTEGER, "(-5)", -5),
        (Type.INTEGER, "'5'", 5),
        (Type.NUMBER, "1e3", 1000.0),
        (Type.BOOLEAN, "TRUE", True),
        (Type.BOOLEAN, "0", False),
        (Type.TEXT, "'it''s'", "it's"),
        (Type.TEXT, '"old"', "old"),
        (Type.TEXT, "0", "0"),
        (Type.BYTES, "x'00ff'", "AP8="),
        (Type.JSON, "'{\"a\": []}'", {"a": []}),
        (Type.TEXT, "NULL", None),
    ],
)
def test_literal_defaults_become_json(kind: Type, text: str, value: Any) -> None:
    """As the column's type would have them."""
    assert default_value(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Type.TEXT, "CURRENT_TIMESTAMP"),
        (Type.TEXT, "(lower(hex(randomblob(16))))"),
        (Type.INTEGER, "'x'"),
        (Type.INTEGER, "1.5"),
        (Type.BOOLEAN, "2"),
        (Type.JSON, "'{'"),
        (Type.BYTES, "'x'"),
    ],
)
def test_other_defaults_are_the_databases_own(kind: Type, text: str) -> None:
    """What is computed, or does not fit, is left to it."""
    with pytest.raises(NotLiteral):
        default_value(kind, text)
