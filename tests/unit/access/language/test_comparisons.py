"""Twin of jotbase.access.language.comparisons."""

from __future__ import annotations

import ast

import pytest

from jotbase.access.language.coercion import coercer, identity, list_coercer
from jotbase.access.language.comparisons import (
    coerced,
    in_array,
    in_options,
    is_json_path,
    literal,
    typed_comparison,
)
from jotbase.access.language.syntax_errors import RuleError
from jotbase.expression.expr import Apply, Expr, Fact, Field, Literal, Or
from jotbase.schema.model.tables import Type

NODE = ast.parse("x", mode="eval").body
TITLE, SALARY, EQUITY = (
    Field("row", name, kind)
    for name, kind in (("title", Type.TEXT), ("salary", Type.INTEGER), ("equity", Type.NUMBER))
)
OWNER, FEE = Field("row", "owner", Type.UUID), Field("row", "fee", Type.DECIMAL)
TAGS, MIXED = Field("row", "tags", Type.ARRAY, Type.TEXT), Field("row", "mixed", Type.ARRAY)
INSIDE = Apply("json_get", (Field("row", "settings", Type.JSON), Literal(("a",))))
CLAIM = Fact(("claims", "a"), identity)
USER_ID = Fact(("id",), coercer(Type.TEXT), Type.TEXT)
ROLES = Fact(("roles",), list_coercer(Type.TEXT), Type.ARRAY)


def text(value: str) -> Literal:
    """Return text as it stands in a rule."""
    return Literal(value, Type.TEXT)


@pytest.mark.parametrize(
    ("left", "right", "read"),
    [
        (TITLE, text("a"), text("a")),
        (OWNER, USER_ID, Fact(("id",), coercer(Type.UUID), Type.UUID)),
        (SALARY, CLAIM, Fact(("claims", "a"), coercer(Type.INTEGER), Type.INTEGER)),
        (SALARY, Literal(1.5, Type.NUMBER), Literal(1.5, Type.NUMBER)),
        (FEE, Literal(1.5, Type.NUMBER), Literal("1.5", Type.DECIMAL)),
        (FEE, text("1.50"), Literal("1.5", Type.DECIMAL)),
        (SALARY, EQUITY, EQUITY),
        (INSIDE, text("a"), Literal("a", Type.JSON)),
        (CLAIM, text("a"), text("a")),
        (CLAIM, Literal(1, Type.INTEGER), Literal(1, Type.INTEGER)),
    ],
)
def test_the_right_side_is_read_as_the_left_one_is(left: Expr, right: Expr, read: Expr) -> None:
    """Both sides of a comparison have one type before any row is seen."""
    assert typed_comparison("eq", left, right, NODE).arguments[1] == read


def test_a_place_in_json_beside_text_is_text() -> None:
    """What lies in JSON is compared with a text column as text."""
    found = typed_comparison("eq", INSIDE, TITLE, NODE)

    assert found.arguments[0] == Apply("json_text", INSIDE.arguments)


@pytest.mark.parametrize(
    ("operator", "left", "right", "reason"),
    [
        ("eq", TITLE, Literal(3, Type.INTEGER), "a whole number is compared with text"),
        ("eq", TITLE, OWNER, "text is compared with a UUID"),
        ("eq", OWNER, text("me"), "'me' is not a UUID"),
        ("eq", TITLE, Literal(None), "nothing equals None"),
        ("eq", CLAIM, CLAIM, "neither side says of which type it is"),
        ("eq", SALARY, USER_ID, "text is compared with a whole number"),
        ("eq", TAGS, TAGS, "an array cannot be compared"),
        ("eq", TITLE, ROLES, "an array is compared with text"),
        ("lt", INSIDE, Literal(1, Type.INTEGER), "JSON cannot be compared"),
    ],
)
def test_what_can_never_be_true_is_refused(
    operator: str, left: Expr, right: Expr, reason: str
) -> None:
    """A comparison of types that have nothing in common is a mistake."""
    with pytest.raises(RuleError) as caught:
        typed_comparison(operator, left, right, NODE)

    assert caught.value.reason.startswith(reason)


def test_a_list_of_constants_is_one_in() -> None:
    """The constants are read as the column's type and bound as one list."""
    assert in_options(FEE, [Literal(1, Type.INTEGER), text("2.50")], NODE) == Apply(
        "in", (FEE, Literal(("1", "2.5"), Type.DECIMAL))
    )


def test_a_list_with_columns_is_alternatives() -> None:
    """What is no constant is compared one by one."""
    found = in_options(TITLE, [TITLE, text("x")], NODE)

    assert found == Or((Apply("eq", (TITLE, TITLE)), Apply("eq", (TITLE, text("x")))))
    assert in_options(TITLE, [TITLE], NODE) == Apply("eq", (TITLE, TITLE))


@pytest.mark.parametrize(
    ("left", "right", "read"),
    [
        (text("a"), TAGS, Apply("holds", (TAGS, text("a")))),
        (TITLE, TAGS, Apply("holds", (TAGS, TITLE))),
        (text("a"), ROLES, Apply("in", (text("a"), ROLES))),
        (
            OWNER,
            CLAIM,
            Apply("in", (OWNER, Fact(("claims", "a"), list_coercer(Type.UUID), Type.UUID))),
        ),
    ],
)
def test_in_looks_into_arrays_and_lists(left: Expr, right: Expr, read: Apply) -> None:
    """An array column holds an item; a list of the caller's has a value among it."""
    found = in_array(left, right, NODE)

    assert isinstance(found, Apply)
    assert (found.operator, found.arguments[0]) == (read.operator, read.arguments[0])


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        (text("a"), TITLE, "`in` looks into a list, not into text"),
        (text("a"), MIXED, "`in` needs an array whose items have one simple type"),
        (text("a"), USER_ID, "`in` looks into a list, not into user.id"),
        (CLAIM, CLAIM, "neither side says of which type it is"),
        (SALARY, ROLES, "a whole number is compared with text"),
        (SALARY, TAGS, "a whole number is compared with text"),
        (Literal(None), ROLES, "nothing equals None"),
    ],
)
def test_in_refuses_what_is_no_list(left: Expr, right: Expr, reason: str) -> None:
    """Text is not searched, and the types must fit."""
    with pytest.raises(RuleError) as caught:
        in_array(left, right, NODE)

    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("value", [2**63, float("inf"), "a\x00", "\ud800", b"a", ...])
def test_constants_that_no_column_holds_are_refused(value: object) -> None:
    """A rule's constants are JSON values that fit."""
    with pytest.raises(RuleError):
        literal(value, NODE)


def test_what_is_neither_literal_nor_fact_stays() -> None:
    """A column has its type already."""
    assert coerced(TITLE, Type.TEXT, NODE) == TITLE
    assert is_json_path(INSIDE)
    assert not is_json_path(TITLE)
