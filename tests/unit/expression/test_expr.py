"""Twin of jotbase.expression.expr."""

from __future__ import annotations

import pytest

from jotbase.expression.expr import (
    FALSE,
    TRUE,
    And,
    Apply,
    Context,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    NewUuid,
    Not,
    Now,
    Or,
    RequestValue,
    all_of,
    children,
    conjuncts,
    fact,
    facts,
    is_local,
    rename_scope,
    scopes,
    walk,
)
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.values import Principal

MEMBERS = Table("members", (Column("job", Type.INTEGER, {}, nullable=True),), ("job",))
A, B = Field("row", "a", Type.TEXT), Field("new", "b", Type.TEXT)
M = Field("m", "job", Type.INTEGER)
ID = Fact(("id",), str)
EQUAL = Apply("eq", (A, B))
LOOKS = Exists(MEMBERS, "m", Apply("eq", (M, A)))
FOLLOWS = Follow(A, MEMBERS, "m", "job", M)


def test_open_places_are_filled_from_the_context() -> None:
    """Values, facts, the clock and new UUIDs come from outside."""
    context = Context(Principal("anon", "me"), ("7",), "2026", lambda: "uuid")

    assert RequestValue(0, int).fill(context) == 7
    assert Fact(("id",), str.upper).fill(context) == "ME"
    assert Now().fill(context) == "2026"
    assert NewUuid().fill(context) == "uuid"


def test_a_context_without_a_source_gives_no_uuids() -> None:
    """Nothing is random that was not given."""
    with pytest.raises(LookupError):
        NewUuid().fill(Context())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("role",), "authenticated"),
        (("roles",), ("admin",)),
        (("claims", "app_metadata", "roles"), ["admin"]),
        (("claims", "app_metadata", "roles", "x"), None),
        (("claims", "nothing"), None),
    ],
)
def test_facts_are_read_off_the_token(path: tuple[str, ...], value: object) -> None:
    """What the token does not say is None."""
    claims = {"app_metadata": {"roles": ["admin"]}}

    assert fact(Principal("authenticated", claims=claims), path) == value


def test_walking_sees_every_node() -> None:
    """Parents come before what is below them."""
    tree = Not(And((EQUAL, Or((LOOKS,)))))

    assert [*walk(tree)][:3] == [tree, tree.part, EQUAL]
    assert M in walk(tree)
    assert children(FOLLOWS) == (A, M)
    assert children(A) == ()


def test_a_conjunction_is_flat_and_without_truths() -> None:
    """TRUE and None add nothing; one part stands alone."""
    assert all_of() == TRUE
    assert all_of(None, TRUE, EQUAL) == EQUAL
    assert all_of(And((EQUAL, LOOKS)), FALSE) == And((EQUAL, LOOKS, FALSE))
    assert conjuncts(And((And((EQUAL,)), LOOKS))) == (EQUAL, LOOKS)
    assert conjuncts(EQUAL) == (EQUAL,)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (EQUAL, {"row", "new"}),
        (LOOKS, {"row"}),
        (FOLLOWS, {"row"}),
        (Literal(1), set()),
        (Follow(M, MEMBERS, "m", "job", M), {"m"}),
    ],
)
def test_scopes_are_the_rows_from_outside(expression: Expr, names: set[str]) -> None:
    """Rows that the expression looks into itself do not count."""
    assert scopes(expression) == names


def test_what_looks_into_tables_is_not_local() -> None:
    """Row and caller suffice for the rest."""
    assert is_local(EQUAL)
    assert not is_local(Not(LOOKS))
    assert not is_local(Apply("eq", (FOLLOWS, A)))


def test_facts_are_listed_once() -> None:
    """Callers are grouped by what a rule asks of them."""
    other = Fact(("role",), str)

    assert facts(Or((Apply("eq", (A, ID)), Apply("in", (ID, other))))) == (ID, other)


def test_a_row_gets_another_name() -> None:
    """Rows inside keep theirs, and hide an outer one of the same name."""
    moved = Field("row.1", "a", Type.TEXT)

    assert rename_scope(Not(And((EQUAL,))), "row", "row.1") == Not(And((Apply("eq", (moved, B)),)))
    assert rename_scope(LOOKS, "row", "row.1") == Exists(MEMBERS, "m", Apply("eq", (M, moved)))
    assert rename_scope(FOLLOWS, "row", "row.1") == Follow(moved, MEMBERS, "m", "job", M)
    assert rename_scope(Or((LOOKS, FOLLOWS)), "m", "x") == Or((LOOKS, FOLLOWS))
    assert rename_scope(ID, "row", "x") == ID
