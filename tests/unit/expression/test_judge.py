"""Twin of jotbase.expression.judge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jotbase.expression.expr import (
    And,
    Apply,
    Context,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    Not,
    Now,
    Or,
    RequestValue,
)
from jotbase.expression.judge import Env, judge, value
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.values import Principal, Row

T, F, U = (Literal(known, Type.BOOLEAN) for known in (True, False, None))
A, N = Field("row", "a", Type.TEXT), Field("row", "n", Type.INTEGER)
FEE = Field("row", "fee", Type.DECIMAL)
KINDS = Table("kinds", (Column("name", Type.TEXT, {}, nullable=False),), ("name",))
ROWS: dict[str, list[Row]] = {"kinds": [{"name": "x", "size": 1}, {"name": "y", "size": None}]}
SIZE = Field("k", "size", Type.INTEGER)
ENV = Env(
    {"row": {"a": "x", "n": 3, "fee": "0.10", "b": None}},
    Context(Principal("authenticated", "x"), ("x",), "2026"),
    ROWS.__getitem__,
)


@pytest.mark.parametrize(
    ("parts", "both", "either"),
    [
        ((T, T), True, True),
        ((T, F), False, True),
        ((F, F), False, False),
        ((T, U), None, True),
        ((U, F), False, None),
        ((U, U), None, None),
        ((), True, False),
    ],
)
def test_and_and_or_know_three_values(
    parts: tuple[Expr, ...], both: bool | None, either: bool | None
) -> None:
    """Unknown gives way only to what decides."""
    assert judge(And(parts))(ENV) is both
    assert judge(Or(parts))(ENV) is either


@pytest.mark.parametrize(("part", "negated"), [(T, False), (F, True), (U, None)])
def test_not_leaves_unknown_unknown(part: Expr, negated: bool | None) -> None:
    """The negation of what is unknown is unknown."""
    assert judge(Not(part))(ENV) is negated


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        (Apply("eq", (A, Literal("x", Type.TEXT))), True),
        (Apply("eq", (A, Fact(("id",), str, Type.TEXT))), True),
        (Apply("eq", (A, RequestValue(0, str, Type.TEXT))), True),
        (Apply("eq", (Field("row", "b", Type.TEXT), A)), None),
        (Apply("eq", (Field("row", "absent", Type.TEXT), A)), None),
        (Apply("lt", (Now(), Literal("2027", Type.TIMESTAMP))), True),
        (Apply("eq", (FEE, Literal("0.1", Type.DECIMAL))), True),
        (Apply("eq", (FEE, Literal(0.1, Type.NUMBER))), True),
        (Apply("in", (FEE, Literal(("0.1",), Type.DECIMAL))), True),
        (Apply("gt", (Apply("len", (A,)), Literal(1, Type.INTEGER))), False),
        (Apply("is", (Field("row", "b", Type.TEXT), Literal(None))), True),
        (Apply("in", (A, Literal((), Type.TEXT))), False),
        (Apply("isdistinct", (A, Literal(None, Type.TEXT))), True),
    ],
)
def test_operators_are_applied_to_values(expression: Expr, result: bool | None) -> None:
    """A strict operator is unknown as soon as an argument is."""
    assert judge(expression)(ENV) is result


@pytest.mark.parametrize(
    ("name", "where", "result"),
    [
        ("eq", Literal("x", Type.TEXT), True),
        ("eq", Literal("z", Type.TEXT), False),
        ("eq", Literal(None, Type.TEXT), False),
    ],
)
def test_exists_is_never_unknown(name: str, where: Expr, result: bool) -> None:
    """A row for which the condition is unknown is no row."""
    looks = Exists(KINDS, "k", Apply(name, (Field("k", "name", Type.TEXT), where)))

    assert judge(looks)(ENV) is result


@pytest.mark.parametrize(("base", "size"), [("x", 1), ("y", None), ("z", None), (None, None)])
def test_follow_gives_the_value_behind_a_reference(base: str | None, size: int | None) -> None:
    """No reference, no row and no value are all null."""
    follow = Follow(Literal(base, Type.TEXT), KINDS, "k", "name", SIZE)

    assert value(follow)(ENV) == size


def test_a_base_is_read_outside_its_own_row() -> None:
    """The name of the row looked into hides nothing from what leads to it."""
    follow = Follow(
        Field("row", "a", Type.TEXT), KINDS, "row", "name", Field("row", "size", Type.INTEGER)
    )

    assert value(follow)(ENV) == 1


def test_rows_of_other_tables_must_be_given() -> None:
    """Without them, only local expressions can be judged."""
    with pytest.raises(LookupError, match="kinds"):
        judge(Exists(KINDS, "k", T))(Env({}, Context()))


def test_exact_numbers_are_decimals() -> None:
    """Text is what they are between rooms, not what they are compared as."""
    found: Any = value(FEE)(ENV)

    assert found == Decimal("0.1")
