"""A rule binds facts: who has the same ones is the same to it."""

import pytest
from tests.unit.realtime.tables import ANA, BEN, OWN, TEAMS, USER_ID, same, user

from jotbase.expression.expr import FALSE, TRUE, Apply, Exists, Expr, Fact, Field, Literal, Or
from jotbase.realtime.rules import CLOSED, select_rule
from jotbase.schema.model.tables import Type
from jotbase.values import Principal

ROLE = Fact(("role",), same, Type.TEXT)
MIXED: Expr = Or((OWN, Apply("eq", (ROLE, Literal("admin", Type.TEXT))), OWN))


@pytest.mark.parametrize(
    ("rule", "principal", "facts"),
    [
        (TRUE, user(ANA), b"[]"),
        (OWN, user(ANA), b'["%b"]' % ANA.encode()),
        (OWN, Principal("anon"), b"[null]"),
        (MIXED, user(BEN), b'["%b","authenticated"]' % BEN.encode()),
    ],
)
def test_a_rule_binds_each_of_its_facts_once(
    rule: Expr, principal: Principal, facts: bytes
) -> None:
    """In the order in which they stand in the rule; a rule without facts is one for all."""
    assert select_rule(rule).bind(principal) == facts


def test_a_local_rule_is_judged_here() -> None:
    """One that looks into another table is not."""
    relational = Exists(TEAMS, "t", Apply("eq", (Field("t", "id", Type.INTEGER), USER_ID)))

    assert select_rule(OWN).local is not None
    assert select_rule(relational).local is None


def test_no_rule_lets_nobody_see() -> None:
    """A table without a select rule is as one whose rule is false."""
    assert CLOSED.expression == FALSE
    assert CLOSED.local is not None
