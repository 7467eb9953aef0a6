"""A plan's values as SQL."""

from __future__ import annotations

import pytest
from tests.unit.query.board import code_of, read_plan

from jotbase.query.plan.nodes import PlanLimits, Value
from jotbase.query.request.intent import JsonStep
from jotbase.query.statement.columns import path_of, value_sql
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import SQLITE


@pytest.mark.parametrize(
    ("select", "text", "kind"),
    [
        ("id", '"row"."id"', Type.INTEGER),
        ("id::text", 'CAST("row"."id" AS TEXT)', Type.TEXT),
        ("count()", "count(*)", Type.INTEGER),
        ("salary.sum()", 'sum("row"."salary")', Type.INTEGER),
        ("salary.avg()", 'avg("row"."salary")', Type.NUMBER),
        ("title.max()", 'max("row"."title")', Type.TEXT),
        ("title.count()::text", 'CAST(count("row"."title") AS TEXT)', Type.TEXT),
        ("data->a", 'CASE WHEN json_valid("row"."data") THEN "row"."data" -> ? END', Type.JSON),
    ],
)
def test_values(select: str, text: str, kind: Type) -> None:
    """Column, path, cast and aggregate, from the inside out, and the type that comes of it."""
    value = read_plan(f"GET /jobs?select={select}").node.items[0].value
    assert isinstance(value, Value)
    fragment, found = value_sql(value, SQLITE)

    assert (fragment.text, found) == (text, kind)


def test_what_ends_in_text_is_text() -> None:
    """A path with `->>` is text, its keys bound."""
    value = read_plan("GET /jobs?select=data->a->>0").node.items[0].value
    assert isinstance(value, Value)
    fragment, kind = value_sql(value, SQLITE)

    assert kind is Type.TEXT
    assert set(fragment.params) == {'$."a"[0]'}


def test_path_of() -> None:
    """Steps are one path."""
    assert path_of((JsonStep("a", False), JsonStep(1, True))) == '$."a"[1]'


@pytest.mark.parametrize(
    "select", ["title.sum()", "data.max()", "remote.min()", "created_at.avg()"]
)
def test_aggregates_that_make_no_sense(select: str) -> None:
    """SQLite would make a number of any text."""
    value = read_plan(f"GET /jobs?select={select}").node.items[0].value
    assert isinstance(value, Value)

    assert code_of(lambda: value_sql(value, SQLITE)) == "42883"


def test_timestamps_in_a_time_zone() -> None:
    """Only they are told in it."""
    limits = PlanLimits(is_zone=lambda name: name == "Asia/Kolkata")
    line = "GET /jobs?select=title,created_at"
    node = read_plan(line, limits, prefer="timezone=Asia/Kolkata").node
    values = [item.value for item in node.items if isinstance(item.value, Value)]

    assert [value_sql(value, SQLITE)[0].text for value in values] == [
        '"row"."title"',
        'jot_zoned("row"."created_at", ?)',
    ]
