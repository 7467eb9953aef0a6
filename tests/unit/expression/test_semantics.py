"""Twin of jotbase.expression.semantics."""

from __future__ import annotations

import pytest

from jotbase.expression.data_types.ranges import before
from jotbase.expression.semantics import (
    DISTINCT_DOCUMENTS,
    HOLDS,
    HOLDS_BOOLEAN,
    IN,
    IN_BYTES,
    IN_DOCUMENTS,
    Spellings,
    call,
    comparison,
    distinct,
    in_list,
    infix,
    is_value,
    ordered_comparison,
    postgres_search,
    range_operator,
)
from jotbase.schema.model.tables import Type
from jotbase.sql.fragment import sql


def spelled(spellings: Spellings, dialect: str = "sqlite") -> str:
    """Return the SQL over a and b."""
    return spellings[dialect](sql("a"), sql("b")).text


def test_symbols_and_calls_may_differ_by_dialect() -> None:
    """One word serves both unless there are two."""
    assert spelled(infix("=")) == "a = b"
    assert spelled(infix("->", "#>"), "postgres") == "a #> b"
    assert spelled(call("f", "g"), "postgres") == "g(a, b)"


@pytest.mark.parametrize(
    ("spellings", "text"),
    [
        (IN, "a IN (SELECT value FROM json_each(ifnull(b, '[null]')))"),
        (IN_BYTES.spell, "a IN (SELECT unhex(value) FROM json_each(ifnull(b, '[null]')))"),
        (
            IN_DOCUMENTS.spell,
            "CASE json_array_length(b) WHEN 0 THEN FALSE ELSE jot_among(a, b) END",
        ),
        (
            DISTINCT_DOCUMENTS.spell,
            "(a IS NULL) <> (b IS NULL) OR ifnull(jot_compare(a, b) <> 0, FALSE)",
        ),
        (comparison("<")[Type.JSON].spell, "jot_compare(a, b) < 0"),
        (ordered_comparison("<")[Type.NUMRANGE].spell, "jot_range_key(a) < jot_range_key(b)"),
        (range_operator("jot_range_sl", "<<", before).spell, "jot_range_sl(a, b)"),
    ],
)
def test_sqlite_is_made_to_obey(spellings: Spellings, text: str) -> None:
    """An unknown list makes `in` unknown, and JSON is not compared as text."""
    assert spelled(spellings) == text


def test_an_array_of_truths_holds_no_numbers() -> None:
    """json_each gives true as 1, so the item's kind is asked for."""
    assert "NOT IN ('true', 'false')" in spelled(HOLDS)
    assert "type IN ('true', 'false')" in spelled(HOLDS_BOOLEAN)


def test_a_search_names_its_language() -> None:
    """PostgreSQL reads document and query in one configuration."""
    spell = postgres_search("to_tsquery")

    assert spell(sql("a"), sql("b"), sql("c")).text == (
        "to_tsvector(c::regconfig, a) @@ to_tsquery(c::regconfig, b)"
    )


def test_python_readings_of_what_is_never_or_sometimes_unknown() -> None:
    """They see None, unlike those of strict operators."""
    assert in_list("a", ("b", "a")) is True
    assert in_list(None, ("a",)) is None
    assert is_value(True, True) is True
    assert is_value(1, True) is False
    assert distinct(1, 1) is False
    assert comparison(">=")[Type.JSON].read([1], [1]) is True
    assert ordered_comparison("<")[Type.NUMRANGE].read("[2,3]", "[10,11]") is True
    assert ordered_comparison("<")[Type.NUMRANGE].read("[2,3]", "nonsense") is None
