"""Filters made sense of: columns, types, operands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.board import COMPANIES, JOBS, code_of, column, read_plan

from jotbase.errors import RequestError
from jotbase.expression.expr import And, Apply, Context, Expr, Field, Literal, Not, Or, RequestValue
from jotbase.query.plan.conditions import balanced, column_of, condition_of, value_type
from jotbase.query.plan.nodes import Combined, Condition, HasEmbed
from jotbase.query.request.filter_grammar import parse_filter
from jotbase.query.request.intent import FieldPath, JsonStep
from jotbase.schema.model.tables import Table, Type

ID = Field("row", "id", Type.INTEGER)
TITLE = Field("row", "title", Type.TEXT)


def where(query: str) -> Condition:
    """Return the condition of a query on jobs."""
    return read_plan(f"GET /jobs?{query}").node.where


def operand(query: str, *values: str) -> Any:
    """Return the value that a filter's operand comes to."""
    condition = where(query)
    assert isinstance(condition, Apply)
    given = condition.arguments[1]
    assert isinstance(given, RequestValue)
    return given.fill(Context(values=values))


@pytest.mark.parametrize(
    ("query", "text", "value"),
    [
        ("id=eq.1", "5", 5),
        ("title=eq.1", "5", "5"),
        ("title=like.*", "*a*", "%a%"),
        ("id=in.(1)", "(1,2)", (1, 2)),
        ("id=in.()", "()", ()),
        ("remote=eq.true", "t", True),
        ("data=eq.1", '{"a":1}', {"a": 1}),
        ("data->>x=eq.1", "5", "5"),
        ("title=match.x", "a*", "a*"),
    ],
)
def test_operands_are_read_as_the_column(query: str, text: str, value: Any) -> None:
    """A value is read as its column's type, and only when it is bound."""
    assert operand(query, text) == value


def test_a_wrong_operand_is_told_when_it_is_read() -> None:
    """A plan serves all values; a bad one is refused when it comes."""
    assert code_of(lambda: operand("id=eq.1", "x")) == "22P02"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("id=is.null", Apply("is", (ID, Literal(None)))),
        ("id=not.is.null", Not(Apply("is", (ID, Literal(None))))),
        ("id=is.not_null", Not(Apply("is", (ID, Literal(None))))),
        (
            "title=eq(any).{a,b}",
            Or(
                (
                    Apply("eq", (TITLE, Literal("a", Type.TEXT))),
                    Apply("eq", (TITLE, Literal("b", Type.TEXT))),
                )
            ),
        ),
        ("or=(title.eq.a)", Apply("eq", (TITLE, Literal("a", Type.TEXT)))),
        ("not.and=(title.eq.a)", Not(Apply("eq", (TITLE, Literal("a", Type.TEXT))))),
    ],
)
def test_filters_become_expressions(query: str, expected: Expr) -> None:
    """Constants, negation and quantifiers are spelled out in the one expression type."""
    assert where(query) == expected


@pytest.mark.parametrize(("text", "config"), [("fts", "english"), ("wfts(simple)", "simple")])
def test_a_search_has_a_configuration(text: str, config: str) -> None:
    """Without one, English is meant."""
    condition = condition_of([parse_filter(FieldPath("title"), f"{text}.a")], JOBS, "row", {})

    assert isinstance(condition, Apply)
    assert condition.arguments[1:] == (Literal("a", Type.TEXT), Literal(config, Type.TEXT))


def test_presence_of_an_embed() -> None:
    """Null stands for a relation without rows, also among other filters."""
    absent = where("select=id,companies()&companies=is.null")
    among = where("select=id,companies()&or=(companies.not.is.null,id.eq.1)")

    assert isinstance(absent, HasEmbed)
    assert absent.negated
    assert isinstance(among, Combined)
    assert isinstance(among.parts[0], HasEmbed)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("nope=eq.1", "42703"),
        ("id=like.x", "42883"),
        ("id=is.true", "42804"),
        ("title->x=eq.1", "42883"),
        ("select=companies(id)&companies=eq.1", "PGRST120"),
        ("id=adj.1", "42883"),
    ],
)
def test_what_makes_no_sense(query: str, code: str) -> None:
    """Unknown columns, wrong types and unknown operators each have their code."""
    assert code_of(lambda: where(query)) == code


def test_a_write_only_column_is_as_good_as_unknown() -> None:
    """A filter on it would tell what it holds."""
    with pytest.raises(RequestError) as caught:
        column_of(COMPANIES, "secret")

    assert caught.value.message == "column companies.secret does not exist"


def test_an_unknown_column_has_a_hint() -> None:
    """The nearest column is offered."""
    with pytest.raises(RequestError) as caught:
        column_of(JOBS, "titel")

    assert caught.value.hint == 'Perhaps you meant to reference the column "jobs.title".'


def test_the_type_behind_a_path() -> None:
    """`->` goes on in JSON, `->>` ends in text."""
    data = JOBS.by_name["data"]

    assert value_type(data, (JsonStep("a", False),)) is Type.JSON
    assert value_type(data, (JsonStep("a", True),)) is Type.TEXT
    with pytest.raises(RequestError) as caught:
        value_type(data, (JsonStep("c", True), JsonStep(1, False)))
    assert caught.value.message == "operator does not exist: text -> integer"


def test_wide_trees_stay_low() -> None:
    """Many alternatives are joined in groups, since databases bound a tree's height."""
    parts = [Literal(number) for number in range(300)]
    tree = balanced("and", parts)

    assert isinstance(tree, And)
    assert len(tree.parts) <= 16
    assert balanced("or", parts[:1]) == Literal(0)


def test_items_of_a_mixed_array() -> None:
    """In an array whose items have no type, a number is a number."""
    table = Table("t", (column("tags", Type.ARRAY),))
    asked = parse_filter(FieldPath("tags"), "cs.{1,a}")
    condition = condition_of([asked], table, "row", {})

    assert isinstance(condition, Apply)
    assert condition.arguments[1] == Literal([1, "a"], Type.ARRAY)
