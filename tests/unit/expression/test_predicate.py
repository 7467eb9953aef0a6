"""Twin of jotbase.expression.predicate."""

from __future__ import annotations

import pytest

from jotbase.expression.binding import Takes
from jotbase.expression.expr import (
    And,
    Apply,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    Not,
    Or,
    RequestValue,
)
from jotbase.expression.predicate import from_alias, from_row, predicate
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.fragment import Fragment, sql

KINDS = Table("kinds", (Column("name", Type.TEXT, {}, nullable=False),), ("name",))
A, ON = Field("row", "a", Type.TEXT), Field("row", "on", Type.BOOLEAN)
NAME = Field("k", "name", Type.TEXT)
X = Literal("x", Type.TEXT)
EQUAL = Apply("eq", (A, X))
LOOKS = Exists(KINDS, "k", Apply("eq", (NAME, A)))
FOLLOWS = Follow(A, KINDS, "k", "name", NAME)
ID = Fact(("id",), str, Type.TEXT)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (A, '"row"."a"'),
        (EQUAL, '"row"."a" = ?'),
        (And((EQUAL, ON)), '("row"."a" = ?) AND "row"."on"'),
        (Or((And((EQUAL,)), ON)), '(("row"."a" = ?)) OR "row"."on"'),
        (Not(EQUAL), 'NOT ("row"."a" = ?)'),
        (And(()), "TRUE"),
        (Or(()), "FALSE"),
        (Apply("is", (A, Literal(None))), '"row"."a" IS NULL'),
        (Apply("is", (EQUAL, Literal(True))), '("row"."a" = ?) IS TRUE'),
        (
            Apply("like", (A, X)),
            '"row"."a" LIKE ? ESCAPE \'\\\' AND (? IS NULL OR jot_like("row"."a", ?))',
        ),
        (LOOKS, 'EXISTS (SELECT 1 FROM "kinds" AS "k" WHERE "k"."name" = "row"."a")'),
        (
            Apply("eq", (FOLLOWS, X)),
            '(SELECT "k"."name" FROM "kinds" AS "k" WHERE "k"."name" = "row"."a") = ?',
        ),
    ],
)
def test_a_tree_is_written_as_sql(expression: Expr, text: str) -> None:
    """Names come from the model; all values are bound."""
    assert predicate(expression, SQLITE).text == text


def test_values_are_bound_in_the_order_of_their_places() -> None:
    """An open node is its own slot where its value is bound as it is."""
    given = RequestValue(0, str, Type.TEXT)
    fragment = predicate(And((Apply("eq", (A, given)), EQUAL, Apply("eq", (A, ID)))), SQLITE)

    assert fragment.params == (given, "x", ID)


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        ("ilike", '("row"."a") COLLATE "default" ILIKE $1::text'),
        ("in", '"row"."a" = ANY($1::text[]::text[])'),
        ("eq", '"row"."a" = $1::text'),
    ],
)
def test_each_dialect_has_its_spelling(operator: str, text: str) -> None:
    """The operator table says it in PostgreSQL's words too."""
    fragment = predicate(Apply(operator, (A, X)), POSTGRES)

    assert fragment.numbered(POSTGRES.mark) == text


def test_a_row_may_stand_under_another_alias() -> None:
    """Scopes that are not named are their own alias."""
    fields = from_alias({"row": "row.1"}, SQLITE)

    assert predicate(And((A, NAME)), SQLITE, fields).text == '"row.1"."a" AND "k"."name"'


def test_a_row_may_be_bound() -> None:
    """A row that stands in no table any more is judged by its values, in stored form."""
    fields = from_row({"row": {"a": "x", "on": True}}, SQLITE)
    tags = Apply("array_len", (Field("row", "tags", Type.ARRAY),))

    assert predicate(And((EQUAL, ON)), SQLITE, fields).text == "(? = ?) AND TRUE"
    assert predicate(tags, SQLITE, fields).text == (
        "CASE WHEN json_valid(NULL) THEN json_array_length(NULL) END"
    )
    assert predicate(tags, SQLITE, from_row({"row": {"tags": ["a"]}}, SQLITE)).params == (
        '["a"]',
        '["a"]',
    )


def test_aliases_inside_meet_none_outside() -> None:
    """A loop's variable may be called as the table outside is, and loops as one another."""
    outside = from_alias({"row": "k"}, SQLITE)
    inner = Exists(KINDS, "k", Apply("eq", (NAME, A)))

    found = predicate(Exists(KINDS, "m", inner), SQLITE, outside).text

    assert found == (
        'EXISTS (SELECT 1 FROM "kinds" AS "m", "kinds" AS "k\'" WHERE "k\'"."name" = "k"."a")'
    )


def test_the_same_name_twice_inside_is_two_aliases() -> None:
    """Each row looked into has an alias of its own."""
    found = predicate(Exists(KINDS, "k", LOOKS), SQLITE).text

    assert found.count('AS "k"') == 1
    assert found.count('AS "k\'"') == 1


def test_facts_and_sources_may_be_spelled_otherwise() -> None:
    """Many callers are judged at once, and a table may be looked at as it was."""

    def facts(fact: Fact, takes: Takes) -> Fragment | None:
        return sql(f"facts.{fact.path[0]}_{takes}") if fact.path == ("id",) else None

    role = Fact(("role",), str, Type.TEXT)
    found = predicate(
        Or((LOOKS, Apply("in", (A, ID)), Apply("eq", (ID, role)))),
        SQLITE,
        facts=facts,
        sources=lambda table: f"was_{table.name}",
    )

    assert 'FROM was_kinds AS "k"' in found.text
    assert "json_each(ifnull(facts.id_list, '[null]'))" in found.text
    assert "facts.id_value = ?" in found.text
    assert found.params == (role,)


def test_loops_inside_one_another_are_a_join() -> None:
    """Whichever table can be found by what is known is looked into first."""
    outer = Apply("eq", (Field("m", "name", Type.TEXT), NAME))
    loops = Exists(KINDS, "m", And((outer, Exists(KINDS, "n", EQUAL))))
    beside = Exists(KINDS, "m", And((LOOKS, Not(LOOKS), LOOKS)))
    again = Exists(KINDS, "m", And((outer, Exists(KINDS, "m", EQUAL))))

    assert predicate(Exists(KINDS, "k", loops), SQLITE).text == (
        'EXISTS (SELECT 1 FROM "kinds" AS "k", "kinds" AS "m", "kinds" AS "n"'
        ' WHERE ("m"."name" = "k"."name") AND ("row"."a" = ?))'
    )
    assert predicate(beside, SQLITE).text.count("EXISTS (SELECT") == 4
    assert predicate(again, SQLITE).text.count("EXISTS (SELECT") == 2
