"""A rule binds facts: who has the same ones is the same to it."""

import pytest
from tests.unit.realtime.tables import ANA, BEN, NOTES, OWN, TEAMS, USER_ID, same, user

from jotbase.access.language.rules import parse_rule
from jotbase.expression.expr import FALSE, TRUE, And, Apply, Exists, Expr, Fact, Field, Literal, Or
from jotbase.realtime.matching.rules import CLOSED, may_hold_by_removal, select_rule, while_stored
from jotbase.schema.model.tables import Column, ForeignKey, Model, Table, Type
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


def keyed(name: str, on_delete: str, *targets: str) -> Table:
    """Return a table with a column of text for each table that it refers to."""
    names = ("id", *targets)
    columns = tuple(Column(one, Type.TEXT, {}, nullable=True) for one in names)
    keys = tuple(ForeignKey(one, (one,), one, ("id",), on_delete=on_delete) for one in targets)
    return Table(name, columns, ("id",), foreign_keys=keys)


#: Messages end with their room; so do blocks of messages, and notices of rooms. Logs stay.
TABLES = (
    keyed("rooms", "cascade"),
    keyed("messages", "cascade", "rooms"),
    keyed("blocks", "cascade", "messages"),
    keyed("marks", "set null", "messages"),
    keyed("notices", "cascade", "rooms"),
    keyed("logs", "no action", "messages"),
)
MODEL = Model({table.name: table for table in TABLES})


@pytest.mark.parametrize(
    ("rule", "may"),
    [
        ("not any(b.id == user.id for b in blocks if b.messages == row.id)", True),
        ("not any(b.id == user.id for b in marks if b.messages == row.id)", True),
        ("not any(b.id == user.id for b in notices if b.rooms == row.rooms)", True),
        ("row.rooms.id is None or row.id == user.id", True),
        ("any(a.id == user.id for a in rooms if not any(b.id == a.id for b in blocks))", True),
        ("not any(b.id == user.id for b in logs if b.messages == row.id)", False),
        ("any(b.id == user.id for b in blocks if b.messages == row.id)", False),
        ("not not any(b.id == user.id for b in blocks if b.messages == row.id)", False),
        ("row.rooms.id == user.id", False),
        ("row.rooms.id != user.id", False),
        ("row.rooms.id is not None", False),
        ("row.id is None", False),
    ],
)
def test_what_a_removal_may_make_true(rule: str, may: bool) -> None:
    """A missing row must make it true, and one removal be able to end that row and the other."""
    messages = MODEL.tables["messages"]
    parsed = parse_rule(rule, messages, "select", MODEL)

    assert may_hold_by_removal(parsed, messages, MODEL) is may


@pytest.mark.parametrize(
    ("rule", "hiding"),
    [
        ("any(b.id == user.id for b in blocks if b.messages == row.id)", set()),
        ("row.rooms.id == user.id", set()),
        ("not any(b.id == user.id for b in blocks if b.messages == row.id)", {"blocks"}),
        ("row.rooms.id is None or row.id == user.id", {"rooms"}),
        (
            "any(a.id == user.id for a in rooms if not any(b.id == a.id for b in blocks))",
            {"blocks"},
        ),
    ],
)
def test_what_comes_may_hide_where_its_absence_showed(rule: str, hiding: set[str]) -> None:
    """Every other change may, whatever the rule asks of its table."""
    messages = MODEL.tables["messages"]
    made = select_rule(parse_rule(rule, messages, "select", MODEL), messages, MODEL)

    for table in TABLES:
        assert made.may_hide("INSERT", table.name) is (table.name in hiding)
        assert made.may_hide("UPDATE", table.name)
        assert made.may_hide("DELETE", table.name)


def test_a_stored_row_has_the_key_of_the_row_that_is_told() -> None:
    """Without a primary key no row is known to be stored still."""
    same = Apply("eq", (Field("~stored", "id", Type.INTEGER), Field("row", "id", Type.INTEGER)))

    assert while_stored(TRUE, NOTES) == And((TRUE, Exists(NOTES, "~stored", And((same,)))))
    assert while_stored(TRUE, Table("keyless", NOTES.columns)) == And((TRUE, FALSE))
