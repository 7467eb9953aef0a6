"""The words of schema files, and the meta-schema that lets editors complete them."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from jotbase.schema.keywords.vocabulary import (
    ANNOTATIONS,
    COLUMN_ONLY,
    META_SCHEMA,
    STANDARD,
    TABLE_ONLY,
    keyword_faults,
    nearest,
)


def test_the_meta_schema_is_itself_valid() -> None:
    """The meta-schema is a schema of 2020-12, and names our vocabulary as optional."""
    assert meta.is_valid(META_SCHEMA)
    assert META_SCHEMA["$vocabulary"]["https://jotbase.dev/schema/vocab/table/v1"] is False


def test_every_keyword_of_ours_is_described_for_editors() -> None:
    """Table and column keywords each bring the words that an editor shows."""
    column = META_SCHEMA["$defs"]["column"]["properties"]
    tables = META_SCHEMA["properties"]

    assert [word for word in COLUMN_ONLY if not column[word].get("description")] == []
    assert [word for word in TABLE_ONLY if not tables[word].get("description")] == []
    assert ANNOTATIONS < STANDARD


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"properties": {"a": {"type": "string"}}, "primaryKey": ["a"]}, True),
        ({"properties": {"a": {"type": "string", "onDelete": "set null"}}}, True),
        ({"properties": {"a": {"type": "string", "onDelete": "delete"}}}, False),
        ({"properties": {"a": {"type": "text"}}}, False),
        ({"primaryKey": "a"}, False),
        ({"unique": ["a"]}, False),
        ({"access": {"read": "True"}}, False),
        ({"view": "drop table jobs"}, False),
        ({"view": "  With x AS (select 1) select * from x"}, True),
        ({"foreignKeys": [{"columns": ["a"]}]}, False),
    ],
)
def test_the_meta_schema_says_what_a_table_is(schema: dict[str, Any], fits: bool) -> None:
    """Files that are tables fit, and others do not."""
    assert Draft202012Validator(META_SCHEMA, offline=True).is_valid(schema) is fits


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("maxlength", "maxLength"),
        ("max_length", "maxLength"),
        ("requierd", "required"),
        ("ref", "$ref"),
        ("colour", None),
    ],
)
def test_a_misspelt_word_has_a_nearest_one(word: str, meant: str | None) -> None:
    """The word that was most likely meant is found, whatever its case."""
    assert nearest(word, STANDARD) == meant


def test_unknown_words_are_annotations_unless_they_were_meant_otherwise() -> None:
    """JSON Schema lets anything be said; what is near a keyword is still a mistake."""
    said = {"x-mine": 1, "colour": 2, "notes": 3, "example": 4, "minLenght": 5, "nullable": True}

    assert [(word, hint) for word, _, hint in keyword_faults(said, STANDARD)] == [
        ("minLenght", 'did you mean "minLength"?'),
        ("nullable", 'write "type": ["string", "null"] (with the type that it is)'),
    ]


def test_a_word_at_the_wrong_level_is_told_where_it_belongs() -> None:
    """A column cannot be the table's primary key by itself, nor a table be deleted on delete."""
    assert keyword_faults({"primaryKey": True}, STANDARD | COLUMN_ONLY) == [
        (
            "primaryKey",
            '"primaryKey" belongs to the table',
            'write "primaryKey": ["column"] beside "properties"',
        )
    ]
    assert keyword_faults({"onDelete": "cascade"}, STANDARD | TABLE_ONLY) == [
        ("onDelete", '"onDelete" belongs to a column', "write it in the column's schema")
    ]
