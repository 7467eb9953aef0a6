"""What conditions need of a row: each value that is named, and nothing that is not certain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.realtime.tables import ANA, BEN, NOTES, OWN, USER_ID, note, user

from jotbase.expression.expr import (
    FALSE,
    TRUE,
    And,
    Apply,
    Context,
    Expr,
    Field,
    Literal,
    Not,
    Now,
    Or,
)
from jotbase.expression.judge import Env, judge
from jotbase.realtime.matching.equalities import ComparedColumn, OneOf, needs
from jotbase.realtime.matching.filters import parse_filter
from jotbase.schema.model.tables import Type
from jotbase.values import ANONYMOUS, Principal

ID, TITLE = ComparedColumn("id", exact=False), ComparedColumn("title", exact=False)
OWNER, PRICE = ComparedColumn("owner", exact=False), ComparedColumn("price", exact=True)
DONE = ComparedColumn("done", exact=False)
NOBODY = Context(ANONYMOUS)


def of_filter(text: str) -> list[OneOf]:
    """Return what a subscription filter needs of a row of `notes`."""
    return list(needs(parse_filter(text, NOTES), NOBODY))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("id=eq.5", [{(ID, 5)}]),
        ("title=eq.5", [{(TITLE, "5")}]),
        ('title=eq."Ä "', [{(TITLE, "Ä ")}]),
        ("id=in.(1,2)", [{(ID, 1), (ID, 2)}]),
        ("id=in.()", [set()]),
        ("id=eq.1,title=eq.a", [{(ID, 1)}, {(TITLE, "a")}]),
        ("id=eq.1,title=gt.a", [{(ID, 1)}]),
        ("price=eq.1.50", [{(PRICE, Decimal("1.5"))}]),
        ("title=is.null", [{(TITLE, None)}]),
        ("done=is.true", [{(DONE, True)}]),
        ("done=eq.false", [{(DONE, False)}]),
    ],
)
def test_equalities_name_values(text: str, needed: list[OneOf]) -> None:
    """Each conjunct by itself, in the column's own type."""
    assert of_filter(text) == needed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id=gt.1",
        "id=neq.1",
        "id=not.eq.1",
        "id=not.in.(1)",
        "title=like.a%",
        "title=isdistinct.a",
        "tags=eq.{a}",
        "image=eq.YQ==",
    ],
)
def test_what_names_no_value_needs_nothing(text: str) -> None:
    """Whatever a single column holds may fit, or is not compared as Python compares."""
    assert of_filter(text) == []


@pytest.mark.parametrize(
    ("rule", "who", "needed"),
    [
        (OWN, user(ANA), [{(OWNER, ANA)}]),
        (OWN, ANONYMOUS, [set()]),
        (Apply("eq", (USER_ID, Field("row", "owner", Type.UUID))), user(BEN), [{(OWNER, BEN)}]),
        (TRUE, ANONYMOUS, []),
        (FALSE, ANONYMOUS, [set()]),
        (Or((OWN, FALSE)), user(ANA), [{(OWNER, ANA)}]),
        (Or((OWN, TRUE)), user(ANA), []),
        (Or((OWN, Apply("is", (Field("row", "title", Type.TEXT), Literal(None))))), user(ANA),
         [{(OWNER, ANA), (TITLE, None)}]),
        (Not(OWN), user(ANA), []),
        (Apply("lt", (Now(), Literal("9"))), user(ANA), []),
        (Apply("eq", (Field("new", "id", Type.INTEGER), Literal(1))), user(ANA), []),
        (Apply("eq", (Field("row", "id", Type.INTEGER), Field("row", "id", Type.INTEGER))),
         user(ANA), []),
    ],
)  # fmt: skip
def test_rules_need_what_they_ask_of_the_caller(
    rule: Expr, who: Principal, needed: list[OneOf]
) -> None:
    """The caller's facts are values; a disjunction needs one of what its branches need."""
    assert list(needs(rule, Context(who))) == needed


FIELDS = st.sampled_from(
    [
        Field("row", "id", Type.INTEGER),
        Field("row", "title", Type.TEXT),
        Field("row", "owner", Type.UUID),
        Field("row", "done", Type.BOOLEAN),
        Field("row", "price", Type.DECIMAL),
    ]
)
VALUES: dict[Type, list[Any]] = {
    Type.INTEGER: [None, 0, 1, 1.0, 2**53 + 1, 1e20],
    Type.TEXT: [None, "", "1", "a", "A", "ä", "a\u0308"],
    Type.UUID: [None, ANA, BEN],
    Type.BOOLEAN: [None, True, False],
    Type.DECIMAL: [None, "0.1", "0.10", "1", "1.0", "-0"],
}


@st.composite
def equalities(draw: st.DrawFn) -> Expr:
    """Draw a comparison of a column with constants of its type, or with the caller."""
    field = draw(FIELDS)
    literal = st.sampled_from(VALUES[field.type])
    match draw(st.sampled_from(["eq", "in", "is", "gt", "own"])):
        case "in":
            return Apply("in", (field, Literal(tuple(draw(st.lists(literal))), field.type)))
        case "is":
            return Apply("is", (field, Literal(None)))
        case "own":
            return OWN
        case operator:
            return Apply(operator, (field, Literal(draw(literal), field.type)))


CONDITIONS = st.recursive(
    equalities() | st.sampled_from([TRUE, FALSE]),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
ROWS = st.builds(
    lambda number, owner, title, done, price: note(number, owner, title, done=done, price=price),
    *(st.sampled_from(VALUES[kind]) for kind in (Type.INTEGER, Type.UUID, Type.TEXT, Type.BOOLEAN)),
    st.sampled_from([None, 0.1, 1, 1.0, "0.10", -0.0]),
)


@given(CONDITIONS, ROWS, st.sampled_from([user(ANA), user(BEN), ANONYMOUS]))
def test_a_row_that_fits_has_what_is_needed(
    condition: Expr, row: dict[str, Any], who: Principal
) -> None:
    """Whatever the plain judge lets pass has one of the values of everything that is needed."""
    context = Context(who)
    if judge(condition)(Env({"row": row}, context)) is True:
        for one_of in needs(condition, context):
            assert any(column.of(row) == wanted for column, wanted in one_of)
