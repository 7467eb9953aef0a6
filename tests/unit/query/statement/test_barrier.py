"""Twin of jotbase.query.statement.barrier; tests/contract/test_barrier.py counts rows seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.query.board import GENEROUS, MODEL, column, planned, read_plan, table

from jotbase.expression.expr import Apply, Field, Literal
from jotbase.expression.operators import OPERATORS
from jotbase.query.plan.computed import ComputedTable
from jotbase.query.plan.nodes import Node, ReadPlan
from jotbase.query.statement.barrier import (
    evaluated_after,
    fenced_source,
    hides_rows,
    is_leakproof,
    split_conditions,
)
from jotbase.schema.model.tables import Index, Table, Type
from jotbase.sql.fragment import bound, sql

LEAKPROOF = {"eq", "neq", "lt", "lte", "gt", "gte", "in", "is", "isdistinct"}


def node(query: str) -> Node:
    """Return what a query over the jobs asks for."""
    return read_plan(f"GET /jobs?{query}").node


@pytest.mark.parametrize(
    "query",
    [
        "id=eq.1",
        "title=neq.a",
        "salary=gte.1",
        "id=in.(1,2)",
        "salary=is.null",
        "data=is.null",
        "remote=not.is.true",
        "title=isdistinct.a",
        "or=(id.eq.1,and(salary.lt.5,title.gt.b))",
        "title=eq(any).{a,b}",
        "select=*,companies!inner(id)&companies.name=eq.a",
        "select=*,companies(id)&or=(companies.not.is.null,id.eq.1)",
    ],
)
def test_comparisons_stand_beside_the_rule(query: str) -> None:
    """What raises nothing and costs little on any row, related rows found by their columns."""
    assert split_conditions(node(query))[1] == []


@pytest.mark.parametrize(
    "query",
    [
        "title=like.a*",
        "title=not.ilike.a*",
        "title=match.a",
        "title=imatch(all).{a,b}",
        "title=fts.a",
        "title=wfts(german).a",
        "data=eq.1",
        "data=lt.1",
        "data=in.(1,2)",
        "data=isdistinct.1",
        "data=cs.{}",
        "data->a=eq.1",
        "data->>a=is.null",
        "or=(id.eq.1,title.like.a*)",
        "select=*,companies!inner(id)&companies.name=like.a*",
        "select=*,companies!inner(id,jobs!inner(id))&companies.jobs.data=eq.1",
        "select=*,companies(id)&companies.name=like.a*&or=(companies.not.is.null,id.eq.1)",
    ],
)
def test_all_else_stands_behind_it(query: str) -> None:
    """What looks into documents or patterns, alone or beside other things."""
    beside, dear = split_conditions(node(query))

    assert not beside
    assert dear


def test_a_conjunction_is_taken_apart() -> None:
    """Each part stands where it may, however deep the conjunctions lie."""
    asked = node("id=eq.1&title=like.a*&and=(salary.gt.1,and(data.eq.1,remote.is.true))")

    assert [len(parts) for parts in split_conditions(asked)] == [3, 2]


def test_few_operators_are_leakproof() -> None:
    """An operator is not, unless the table says so, and none is in its meaning on documents."""
    marked = {name for name, one in OPERATORS.items() if one.semantics(None).leakproof}
    typed = {
        (name, kind)
        for name, one in OPERATORS.items()
        for kind, semantics in one.typed.items()
        if semantics.leakproof
    }

    of_bytes = {(name, Type.BYTES) for name in ("in", "lt", "lte", "gt", "gte")}
    assert (marked, typed) == (LEAKPROOF, of_bytes)


def equal(name: str) -> Apply:
    """Return a comparison of a text."""
    return Apply("eq", (Field("row", name, Type.TEXT), Literal("a", Type.TEXT)))


def test_what_is_worked_out_is_not_stored() -> None:
    """A view's own expressions, computed columns, and generated ones that no index holds."""
    jobs, view = MODEL.tables["jobs"], MODEL.tables["open_jobs"]
    made = table("made", column("a", generated="upper(b)"), column("b"))
    asked = planned("GET /open_jobs?firm=eq.1", GENEROUS)
    assert isinstance(asked, ReadPlan)

    assert split_conditions(asked.node)[1] == []
    assert not is_leakproof(equal("firm"), replace(view, origins={}))
    assert not is_leakproof(equal("shout"), ComputedTable(jobs.name, jobs.columns, base=jobs))
    assert not is_leakproof(equal("a"), made)
    assert is_leakproof(equal("b"), made)
    assert is_leakproof(equal("a"), replace(made, indexes=(Index("made_a", ("a",)),)))


@pytest.mark.parametrize(("name", "hides"), [("jobs", False), ("open_jobs", True)])
def test_a_view_hides_rows(name: str, hides: bool) -> None:
    """Its SQL is as good as a rule."""
    found: Table = MODEL.tables[name]

    assert hides_rows(found) is hides


def test_the_barrier_as_sql() -> None:
    """A branch is looked at where it is taken, and nothing moves over a LIMIT."""
    asked = evaluated_after([sql("a"), sql("b")], [sql("c"), "d = " + bound(1)])
    rows = fenced_source("x.*", sql("t AS x WHERE a"), "x")

    assert asked.text == "CASE WHEN a AND b THEN CASE WHEN c AND d = ? THEN TRUE END END"
    assert (rows.text, rows.params) == ("(SELECT x.* FROM t AS x WHERE a LIMIT ?) AS x", (-1,))
