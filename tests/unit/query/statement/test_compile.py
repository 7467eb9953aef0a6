"""Reads as one statement: its form, its values, and that no table comes without its rule."""

from __future__ import annotations

import re

import pytest
from tests.unit.query.board import GENEROUS, OPEN, HidingGuard, read_plan, select_of

from jotbase.expression.expr import Context
from jotbase.query.statement.compile import compile_read
from jotbase.sql.dialect import POSTGRES, SQLITE


def test_a_row_by_its_key() -> None:
    """The hot path: one object function over one lookup."""
    assert select_of("GET /companies?id=eq.5") == (
        "SELECT concat('[', group_concat("
        'json_object(\'id\', "row"."id", \'name\', "row"."name")), \']\'),'
        ' count(*) FROM (SELECT "row".* FROM "companies" AS "row" WHERE ("row"."id" = ?)'
        ' ORDER BY "row"."id") AS "row"'
    )


def test_a_count_is_made_only_if_asked_for() -> None:
    """The number of all rows costs another scan."""
    text = select_of("GET /companies?id=gt.5&limit=1", prefer="count=exact")

    assert ', (SELECT count(*) FROM "companies" AS "row" WHERE ("row"."id" > ?)) FROM' in text
    assert "SELECT count(*)" not in select_of("GET /companies?id=gt.5")


def test_values_are_bound_in_the_order_of_their_places() -> None:
    """Every value of the request becomes a parameter."""
    fragment = compile_read(
        read_plan("GET /jobs?select=id&id=gt.1&title=eq.x&limit=3", GENEROUS), SQLITE, OPEN
    )
    context = Context(values=("1", "x", "3"))
    filled = [one.fill(context) if hasattr(one, "fill") else one for one in fragment.params]

    assert filled == [1, "x", 3]


@pytest.mark.parametrize(
    "line",
    [
        "GET /jobs?select=id,companies(name)",
        "GET /jobs?select=id,...companies(name)",
        "GET /jobs?select=id,companies!inner()",
        "GET /jobs?select=id,companies()&companies=is.null",
        "GET /jobs?select=id,companies(name)&order=companies(name)",
        "GET /companies?select=jobs(companies(id))",
        "GET /companies?select=...jobs(id,...companies(name))",
        "GET /companies?select=count()",
        "GET /jobs?select=companies(count())",
    ],
)
def test_no_table_without_its_rule(line: str) -> None:
    """However a table comes into a statement, its rule stands beside it, as often as it does."""
    text = select_of(line, HidingGuard("companies"), prefer="count=exact")
    aliases = re.findall(r'"companies" AS ("[^"]+")', text)

    assert aliases
    for alias in set(aliases):
        assert text.count(f'{alias}."id" = ?') >= aliases.count(alias)


def test_a_junction_has_its_rule_too() -> None:
    """Whoever may not see the rows between two tables does not learn what they join."""
    text = select_of("GET /jobs?select=people(name)", HidingGuard("applications"))

    assert '"applications" AS "row.2", "people" AS "row.1"' in text
    assert '"row.2"."job_id" = ?' in text


def test_names_that_a_caller_chooses_are_bound() -> None:
    """An alias is text of the caller, and never part of the statement."""
    flat = select_of('GET /companies?select="x\');--":id')
    nested = select_of('GET /jobs?select=id,"x\');--":companies(id)')

    assert "--" not in flat + nested
    assert "json_object(?, " in flat


def test_relations_inside_rows() -> None:
    """Rows with relations are put together as text; a missing one is null, none are []."""
    text = select_of("GET /companies?select=id,jobs(title)")

    assert text.startswith("SELECT concat('[', group_concat(concat('{\"id\":', ")
    assert (
        "(SELECT concat('[', group_concat(json_object('title', \"row.1\".\"title\")), ']') FROM"
        in text
    )


def test_groups() -> None:
    """What is no aggregate is grouped by."""
    text = select_of("GET /jobs?select=company_id,total:salary.sum()")

    assert 'SELECT "row"."company_id" AS k0, sum("row"."salary") AS k1 FROM' in text
    assert " GROUP BY 1" in text


def test_a_relation_can_be_asked_for() -> None:
    """Presence is a sub-select, absence its negation."""
    line = "GET /jobs?select=id,companies()&companies=is.null"

    assert 'WHERE NOT EXISTS (SELECT 1 FROM "companies" AS "row.1" WHERE' in select_of(line)


def test_a_plan_is_explained_and_not_run() -> None:
    """Whoever asks for the plan is given no rows."""
    text = select_of("GET /jobs", accept="application/vnd.pgrst.plan+json")

    assert text.startswith("EXPLAIN QUERY PLAN SELECT")


def test_rows_that_must_be_sorted_are_chosen_by_number() -> None:
    """A page of an order that no index has sorts numbers, and reads the rows of the page again."""
    text = select_of("GET /jobs?select=title&order=salary.desc&limit=5")

    assert ' FROM (SELECT "row"."id" AS number FROM "jobs" AS "row" ORDER BY' in text
    assert text.endswith(
        ' LIMIT ?) AS jot_kept CROSS JOIN "jobs" AS "row" ON "row"."id" = jot_kept.number'
    )
    assert "jot_kept" not in select_of("GET /jobs?select=title&order=salary.desc")
    assert "jot_kept" not in select_of("GET /jobs?select=title&order=id.desc&limit=5")
    assert "jot_kept" not in select_of("GET /open_jobs?order=firm&limit=5")


def test_rows_of_a_large_answer() -> None:
    """One by one where PostgreSQL gives them, each with the counts, and in the order asked for."""
    plan = read_plan("GET /jobs?select=id,...companies(name)&limit=5", GENEROUS)
    text = compile_read(plan, POSTGRES, OPEN, spooled=True).text
    embedded = compile_read(plan, SQLITE, OPEN, spooled=True).text

    assert text.startswith("SELECT ('{\"id\":' || ")
    assert ", count(*) OVER () FROM (SELECT *, row_number() OVER ()" in text
    assert text.endswith(' ORDER BY "row"."jotbase.place"')
    assert embedded.startswith("SELECT jot_spool(")
    assert ", count(*) FROM (" in embedded
