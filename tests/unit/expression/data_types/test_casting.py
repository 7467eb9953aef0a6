"""Casts as SQL, and text read as PostgreSQL's types read it."""

from __future__ import annotations

from functools import partial

import pytest
from tests.unit.query.board import code_of

from jotbase.expression.data_types.casting import (
    array_text,
    cast_document,
    cast_expression,
    cast_text,
    number_text,
)
from jotbase.expression.data_types.casts import Cast
from jotbase.schema.model.tables import Type
from jotbase.sql.fragment import sql


@pytest.mark.parametrize(
    ("kind", "cast", "text"),
    [
        (Type.TEXT, Cast(Type.TEXT), "x"),
        (Type.INTEGER, Cast(Type.TEXT), "CAST(x AS TEXT)"),
        (Type.TEXT, Cast(Type.INTEGER), "jot_cast(x, 'int8', '')"),
        (Type.TEXT, Cast(Type.ARRAY, Type.INTEGER), "jot_cast(x, 'array', 'int8')"),
        (Type.JSON, Cast(Type.INTEGER), "jot_cast_json(x, 'int8')"),
        (Type.NUMBER, Cast(Type.INTEGER), "CAST(round(x) AS INTEGER)"),
        (Type.TIMESTAMP, Cast(Type.DATE), "substr(x, 1, 10)"),
        (Type.TIMESTAMP, Cast(Type.TEXT), "replace(replace(x, 'T', ' '), '+00:00', '+00')"),
        (Type.BYTES, Cast(Type.TEXT), "'\\x' || lower(hex(x))"),
        (
            Type.ARRAY,
            Cast(Type.ARRAY, Type.INTEGER),
            "CASE WHEN x IS NOT NULL THEN (SELECT json_group_array(jot_cast(value, 'int8', ''))"
            " FROM json_each(x)) END",
        ),
    ],
)
def test_spellings(kind: Type, cast: Cast, text: str) -> None:
    """What PostgreSQL casts, SQLite casts; text is read by a function that may refuse it."""
    assert cast_expression(sql("x"), kind, cast).text == text


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [(Type.INTEGER, Type.DATE), (Type.UUID, Type.INTEGER), (Type.BOOLEAN, Type.NUMBER)],
)
def test_types_that_are_not_cast_to_each_other(kind: Type, wanted: Type) -> None:
    """It is an error of the question, whatever the rows hold."""
    assert code_of(partial(cast_expression, sql("x"), kind, Cast(wanted))) == "42846"


@pytest.mark.parametrize(
    ("value", "kind", "item", "read"),
    [
        ("7", "int8", "", 7),
        (7, "int8", "", 7),
        ("t", "bool", "", 1),
        ("{1,2}", "array", "int8", "[1,2]"),
        ("2026-01-02", "date", "", "2026-01-02"),
    ],
)
def test_text_is_read(value: str | int, kind: str, item: str, read: object) -> None:
    """What comes out is in stored form."""
    assert cast_text(value, kind, item) == read


def test_bad_text_is_refused() -> None:
    """It never becomes 0, as SQLite's own CAST would have it."""
    assert code_of(partial(cast_text, "seven", "int8", "")) == "22P02"


@pytest.mark.parametrize(
    ("document", "kind", "read"),
    [("null", "int8", None), ("7.4", "int8", 7), ("2.5", "float8", 2.5), ("true", "bool", 1)],
)
def test_documents_are_read(document: str, kind: str, read: object) -> None:
    """A JSON number or boolean becomes one of the database's."""
    assert cast_document(document, kind) == read


@pytest.mark.parametrize(("document", "kind"), [('"7"', "int8"), ("{}", "int8"), ("1", "bool")])
def test_other_documents_are_refused(document: str, kind: str) -> None:
    """PostgreSQL does not read a JSON string as a number either."""
    assert code_of(partial(cast_document, document, kind)) == "22023"


def test_arrays_as_text() -> None:
    """PostgreSQL's form, items quoted where they must be."""
    stored = '[1,null,"a","a b","",true,["x"],"NULL","q\\"t"]'
    assert array_text(stored) == r'{1,NULL,a,"a b","",t,{x},"NULL","q\"t"}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8800.0, "8800"),
        (-2.5, "-2.5"),
        (0.1, "0.1"),
        (0.0, "0"),
        (-0.0, "-0"),
        (123456789012345.0, "123456789012345"),
        (1e15, "1e+15"),
        (1.5e20, "1.5e+20"),
        (0.0001, "0.0001"),
        (0.00012345, "0.00012345"),
        (1e-05, "1e-05"),
        (-1.25e-300, "-1.25e-300"),
        (7, "7"),
    ],
)
def test_numbers_as_text(value: float, text: str) -> None:
    """As PostgreSQL writes a double: no `.0`, and an exponent only where it is shorter."""
    assert number_text(value) == text
