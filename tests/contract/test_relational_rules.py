"""A relational rule put to a database: one query judges both rows for all callers."""

from dataclasses import replace

import apsw
import pytest
from tests.unit.realtime.tables import ANA, BEN, NOTES, USER_ID, note, same

from jotbase.engines.base import bind
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
)
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.realtime.matching.matches import OldAndNew
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.relational.queries import verdict_query, verdicts
from jotbase.schema.model.tables import Column, ForeignKey, Model, Table, Type
from jotbase.sql.dialect import SQLITE
from jotbase.values import Change, ChangeKind, Principal

MEMBERS = Table(
    "members",
    (
        Column("team", Type.INTEGER, {}, nullable=False),
        Column("user", Type.UUID, {}, nullable=False),
    ),
)
ROLES = Fact(("roles",), same, Type.TEXT)
MEMBER: Expr = Exists(
    MEMBERS,
    "m",
    And(
        (
            Apply("eq", (Field("m", "user", Type.UUID), USER_ID)),
            Apply("eq", (Field("m", "team", Type.INTEGER), Field("row", "id", Type.INTEGER))),
        )
    ),
)
FOLLOWED: Expr = Apply(
    "eq",
    (
        Follow(
            Field("row", "id", Type.INTEGER), MEMBERS, "m", "team", Field("m", "user", Type.UUID)
        ),
        USER_ID,
    ),
)
ADMIN: Expr = And((Not(MEMBER), Apply("in", (Literal("admin", Type.TEXT), ROLES))))


def asked(rule: Expr, *principals: Principal) -> list[OldAndNew]:
    """Return what each may see of a change of note 1 to note 2; Ana is in team 1, Ben in 2."""
    made = select_rule(rule)
    facts = [made.bind(principal) for principal in principals]
    change = Change(1, "notes", "UPDATE", note(1), note(2), "")
    fragment = verdict_query(change, made, facts, SQLITE)
    connection = apsw.Connection(":memory:")
    for name, function in SQL_FUNCTIONS.items():
        connection.create_scalar_function(name, function, deterministic=True)
    connection.execute('CREATE TABLE members (team INTEGER, "user" TEXT) STRICT')
    connection.execute("INSERT INTO members VALUES (1, ?), (2, ?)", (ANA, BEN))
    rows = list(connection.execute(fragment.text, bind(fragment, Context())))
    told = verdicts(facts, rows)
    return [told[one] for one in facts]


@pytest.mark.parametrize("rule", [MEMBER, FOLLOWED])
def test_each_caller_has_a_verdict_on_both_rows(rule: Expr) -> None:
    """Ana sees the old row, Ben the new one, and who is nobody neither."""
    principals = (Principal("authenticated", name) for name in (ANA, BEN, None))

    assert asked(rule, *principals) == [
        OldAndNew(old=True, new=False),
        OldAndNew(old=False, new=True),
        OldAndNew(old=False, new=False),
    ]


def test_lists_among_the_facts_are_lists_in_the_query() -> None:
    """`'admin' in user.roles` beside a look into another table."""
    admin = {"app_metadata": {"roles": ["admin"]}}
    principals = (Principal("authenticated", ANA, claims=claims) for claims in (admin, {}))

    assert asked(ADMIN, *principals) == [
        OldAndNew(old=False, new=True),
        OldAndNew(old=False, new=False),
    ]


#: Here a member is one who is blocked.
BLOCKED: Expr = Not(MEMBER)


@pytest.mark.parametrize(
    ("kind", "stored", "seen"),
    [("INSERT", True, True), ("INSERT", False, False), ("UPDATE", False, False)],
)
def test_what_hid_a_row_hides_it_when_both_are_gone(
    kind: ChangeKind, stored: bool, seen: bool
) -> None:
    """Where a rule looks into a view, which no log has, no change is told of a row that is gone."""
    key = ForeignKey("team", ("team",), "notes", ("id",), on_delete="cascade")
    model = Model({"notes": NOTES, "members": replace(MEMBERS, foreign_keys=(key,), view="SELECT")})
    rule = select_rule(BLOCKED, NOTES, model)
    facts = [rule.bind(Principal("authenticated", ANA))]
    old = None if kind == "INSERT" else note(1)
    fragment = verdict_query(Change(1, "notes", kind, old, note(1), ""), rule, facts, SQLITE)
    connection = apsw.Connection(":memory:")
    connection.execute('CREATE TABLE members (team INTEGER, "user" TEXT) STRICT')
    connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT")
    if stored:
        connection.execute("INSERT INTO notes VALUES (1)")
    rows = list(connection.execute(fragment.text, bind(fragment, Context())))

    assert verdicts(facts, rows)[facts[0]] == OldAndNew(old=False, new=seen)
