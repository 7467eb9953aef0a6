"""Plans: what is to be done, and what cannot be."""

from __future__ import annotations

import pytest
from tests.unit.query.board import GENEROUS, code_of, planned

from jotbase.errors import RequestError
from jotbase.query.plan.nodes import DeletePlan, InsertPlan, PlanLimits, ReadPlan, UpdatePlan

CAREFUL = PlanLimits()


def test_each_action_has_its_plan() -> None:
    """A method comes to one kind of plan."""
    assert isinstance(planned("GET /jobs"), ReadPlan)
    assert isinstance(planned("POST /jobs"), InsertPlan)
    assert isinstance(planned("PATCH /jobs?id=eq.1"), UpdatePlan)
    assert isinstance(planned("DELETE /jobs?id=eq.1"), DeletePlan)
    assert isinstance(planned("PUT /jobs?id=eq.1"), InsertPlan)


def test_an_unknown_table_has_a_hint() -> None:
    """The nearest table is offered, under the schema's name."""
    with pytest.raises(RequestError) as caught:
        planned("GET /jobz")

    assert (caught.value.code, caught.value.status) == ("PGRST205", 404)
    assert caught.value.message == "Could not find the table 'public.jobz' in the schema cache"
    assert caught.value.hint == "Perhaps you meant the table 'public.jobs'"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_without_a_filter_is_refused(method: str) -> None:
    """Unless the project allows it, all rows are never meant."""
    assert code_of(lambda: planned(f"{method} /jobs", CAREFUL)) == "21000"
    assert code_of(lambda: planned(f"{method} /jobs", GENEROUS)) is None


def test_a_filter_on_an_embed_is_none_on_the_rows() -> None:
    """What restricts returned relations does not choose the rows to change."""
    line = "DELETE /jobs?select=companies(id)&companies.id=eq.1"

    assert code_of(lambda: planned(line, CAREFUL, prefer="return=representation")) == "21000"


@pytest.mark.parametrize(
    ("line", "headers", "code"),
    [
        ("GET /jobs?limit=-1", {}, "PGRST103"),
        ("GET /jobs", {"range": "5-1"}, "PGRST103"),
        ("POST /jobs?columns=nope", {}, "PGRST204"),
        ("POST /busy_firms", {}, "55000"),
        ("POST /open_jobs?columns=title", {}, "PGRST204"),
        ("GET /rpc/nothing?a=1", {}, "PGRST127"),
        ("GET /jobs", {"prefer": "timezone=Mars/Base"}, "22023"),
        ("PUT /jobs", {}, "PGRST105"),
        ("PUT /jobs?title=eq.x", {}, "PGRST105"),
        ("PUT /jobs?id=gt.1", {}, "PGRST105"),
        ("PUT /jobs?id=eq.1&limit=1", {}, "PGRST114"),
        (
            "POST /jobs?on_conflict=title",
            {"prefer": "resolution=merge-duplicates"},
            "42P10",
        ),
        ("POST /jobs?on_conflict=nope", {"prefer": "resolution=merge-duplicates"}, "42703"),
    ],
)
def test_what_is_refused(line: str, headers: dict[str, str], code: str) -> None:
    """Each nonsense has its code."""
    assert code_of(lambda: planned(line, GENEROUS, **headers)) == code


def test_query_plans_may_be_switched_off() -> None:
    """How a query is run is told only where the project says so."""
    accept = "application/vnd.pgrst.plan+json"

    assert code_of(lambda: planned("GET /jobs", CAREFUL, accept=accept)) == "PGRST107"
    assert code_of(lambda: planned("GET /jobs", GENEROUS, accept=accept)) is None
    assert code_of(lambda: planned("POST /jobs", CAREFUL, accept=accept)) == "PGRST107"
    assert code_of(lambda: planned("POST /jobs", GENEROUS, accept=accept)) is None


@pytest.mark.parametrize(
    ("select", "plain"),
    [
        ("id,n:title", True),
        ("*", True),
        ("id::text", False),
        ("data->a", False),
        ("companies(id)", False),
    ],
)
def test_what_a_write_gives_back(select: str, plain: bool) -> None:
    """Plain columns come from the rows written, all else is read again."""
    plan = planned(f"POST /jobs?select={select}", prefer="return=representation")

    assert isinstance(plan, InsertPlan)
    assert (plan.returning.plain is not None) == plain
    assert (plan.returning.node is not None) != plain


def test_nothing_is_given_back_unasked() -> None:
    """Without return=representation there is no body."""
    plan = planned("POST /jobs?select=id")

    assert isinstance(plan, InsertPlan)
    assert plan.returning.plain is None
    assert plan.returning.node is None


@pytest.mark.parametrize(
    ("line", "prefer", "resolution", "conflict"),
    [
        ("POST /jobs", "", None, ()),
        ("POST /jobs", "resolution=merge-duplicates", "merge", ("id",)),
        ("POST /companies?on_conflict=name", "resolution=ignore-duplicates", "ignore", ("name",)),
        ("POST /jobs?on_conflict=id,id", "resolution=merge-duplicates", "merge", ("id",)),
        ("PUT /jobs?id=eq.1", "", "merge", ("id",)),
    ],
)
def test_conflicts(line: str, prefer: str, resolution: str, conflict: tuple[str, ...]) -> None:
    """A clash is an error, or resolved by the primary key or another unique one."""
    plan = planned(line, prefer=prefer)

    assert isinstance(plan, InsertPlan)
    assert (plan.resolution, plan.conflict) == (resolution, conflict)
