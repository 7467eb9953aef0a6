"""Twin of jotbase.expression.lookups."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.board import column, table

from jotbase.access.language.rules import parse_rule
from jotbase.expression.expr import Exists
from jotbase.expression.lookups import is_correlated, is_shared, lookup_of
from jotbase.expression.predicate import predicate
from jotbase.schema.model.tables import ForeignKey, Index, Model, Table, Type
from jotbase.sql.dialect import SQLITE

ID = column("id", Type.INTEGER, nullable=False)


def members(**more: Any) -> Table:
    """Return the members, with keys and indexes of the test's choice."""
    columns = (ID, column("team", Type.INTEGER), column("who"), column("level", Type.INTEGER))
    return table("members", *columns, **{"primary_key": ("id",), **more})


TEAM, WHO = Index("team", ("team",)), Index("who", ("who",))
TEAM_KEY = ForeignKey("members_team_fkey", ("team",), "teams", ("id",))
TEAMS = table("teams", ID, column("org", Type.INTEGER), primary_key=("id",))
NOTES = table(
    "notes", ID, column("team", Type.INTEGER), column("org", Type.INTEGER), primary_key=("id",)
)
OWN = "any(m.team == row.team and m.who == user.id for m in members)"
IN_TEAM = (
    "any(t.id == row.team and m.team == t.id and m.who == user.id for t in teams for m in members)"
)
IN_ORG = (
    "any(m.who == user.id and m.team == t.id and t.org == row.org for m in members for t in teams)"
)
ABOVE = "any(m.team == row.team and m.level > user.claims['level'] for m in members)"


def look(rule: str, found: Table) -> Exists:
    """Return a rule that is one look into other tables."""
    model = Model({one.name: one for one in (NOTES, TEAMS, found)})
    expression = parse_rule(rule, NOTES, "select", model)
    assert isinstance(expression, Exists)
    return expression


def test_loops_inside_one_another_are_one_look() -> None:
    """With all of their conditions, each of which differs by row, by caller, or by neither."""
    found = lookup_of(look(IN_ORG, members()))

    assert list(found.tables) == ["m", "t"]
    assert [is_correlated(part, found, "rows") for part in found.parts] == [False, False, True]
    assert [is_correlated(part, found, "callers") for part in found.parts] == [True, False, False]


@pytest.mark.parametrize(
    ("rule", "table_", "for_callers", "for_rows"),
    [
        (OWN, members(primary_key=("team", "who")), False, False),
        (OWN, members(indexes=(TEAM, WHO)), True, False),
        (OWN, members(indexes=(TEAM,)), True, False),
        (OWN, members(foreign_keys=(TEAM_KEY,)), True, False),
        (OWN, members(indexes=(WHO,)), False, True),
        (OWN, members(), True, False),
        (IN_TEAM, members(primary_key=("team", "who")), False, False),
        (IN_TEAM, members(indexes=(TEAM, WHO)), True, False),
        (IN_ORG, members(indexes=(WHO,)), False, True),
        (IN_ORG, members(primary_key=("team", "who")), True, False),
        (ABOVE, members(indexes=(TEAM,)), True, False),
        ("any(m.team == row.team for m in members)", members(indexes=(TEAM,)), False, False),
        ("any(m.who == user.id for m in members)", members(indexes=(WHO,)), False, False),
    ],
)
def test_rows_are_found_once_for_all_where_that_is_better(
    rule: str, table_: Table, for_callers: bool, for_rows: bool
) -> None:
    """Not where a key finds one row for each, nor where an index finds the few of each."""
    found = lookup_of(look(rule, table_))

    assert is_shared(found, "callers") is for_callers
    assert is_shared(found, "rows") is for_rows


def test_a_shared_look_as_sql() -> None:
    """The rows are found once, with the columns by which each of the many is among them."""
    found = predicate(look(IN_ORG, members(indexes=(WHO,))), SQLITE, many="rows")

    assert found.text == (
        'EXISTS (WITH "~found" AS MATERIALIZED (SELECT "t"."org" AS c0 FROM "members" AS "m",'
        ' "teams" AS "t" WHERE ("m"."who" = ?) AND ("m"."team" = "t"."id"))'
        ' SELECT 1 FROM "~found" WHERE "~found".c0 = "row"."org")'
    )
