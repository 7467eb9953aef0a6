"""Rows that may be there already."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.board import COMPANIES, OPEN, code_of, drive, planned

from jotbase.query.plan.nodes import InsertPlan
from jotbase.query.write.guarded_storing import WrittenRows
from jotbase.query.write.result import WriteContext
from jotbase.query.write.upserts import (
    as_given,
    conflict_clause,
    conflicting_rows,
    refuse_duplicate_targets,
)
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE

MEANS = WriteContext(RowCheck(COMPANIES), OPEN)


def plan_for(prefer: str, query: str = "") -> InsertPlan:
    """Return the plan of a POST."""
    plan = planned(f"POST /companies{query}", prefer=prefer)
    assert isinstance(plan, InsertPlan)
    return plan


@pytest.mark.parametrize(
    ("prefer", "query", "clause"),
    [
        ("", "", ""),
        ("resolution=ignore-duplicates", "", ' ON CONFLICT ("id") DO NOTHING'),
        (
            "resolution=merge-duplicates",
            "?on_conflict=name",
            ' ON CONFLICT ("name") DO UPDATE SET "id" = excluded."id", "name" = excluded."name"',
        ),
    ],
)
def test_clauses(prefer: str, query: str, clause: str) -> None:
    """A clash is an error, passed over, or merged by the named columns."""
    assert conflict_clause(plan_for(prefer, query), ("id", "name"), SQLITE) == clause


def test_the_database_says_which_rows_are_met() -> None:
    """Rows are stored on trial, change nothing that they meet, and are taken back."""
    plan = plan_for("resolution=merge-duplicates", "?on_conflict=name")
    rows: list[dict[str, Any]] = [{"name": "A"}, {"name": "b"}]
    matched, ran = drive(
        conflicting_rows(plan, rows, MEANS),
        [],
        [(0,)],
        [(1, 1, "a", None), (2, 2, "b", None)],
        [],
        [],
        [(1, 1, "a", None)],
    )

    assert (
        ' ON CONFLICT ("name") DO UPDATE SET "name" = "companies"."name" RETURNING' in ran[2].text
    )
    assert [one.text.split()[0] for one in ran] == [
        "SAVEPOINT",
        "SELECT",
        "INSERT",
        "ROLLBACK",
        "RELEASE",
        "SELECT",
    ]
    assert ran[5].params == ["[1,2]"]
    assert matched.olds == [{"id": 1, "name": "a", "secret": None}, None]


def test_a_row_cannot_be_merged_twice() -> None:
    """PostgreSQL refuses two rows that become one in one command, and so do we."""
    rows: list[dict[str, Any]] = [{}, {}]

    assert code_of(lambda: refuse_duplicate_targets(WrittenRows([1, 1], rows, rows))) == "21000"
    assert code_of(lambda: refuse_duplicate_targets(WrittenRows([1, 2], rows, rows))) is None


def test_what_a_trigger_keeps_cannot_be_told() -> None:
    """Which of the rows came back is a guess that nobody makes."""
    plan = plan_for("resolution=merge-duplicates")
    rows: list[dict[str, Any]] = [{"id": 1}, {"id": 2}]

    unit = conflicting_rows(plan, rows, MEANS)
    assert code_of(lambda: drive(unit, [], [(1, 1, "a", None)], [], [])) == "0A000"


def test_stored_rows_are_the_given_ones_where_they_are_the_same() -> None:
    """Each copy of many rows takes more than the body; what only equals is another value."""
    given: list[Any] = [
        {"id": 1, "text": "a" * 9},
        {"id": 2, "text": "b" * 9},
        {"id": True},
        {"id": 1.0},
    ]
    stored: list[Any] = [
        {"id": 1, "text": "".join(["a"] * 9)},
        {"id": 2, "text": "".join(["b"] * 9), "note": None},
        {"id": 1},
        {"id": 1.0},
    ]
    found = as_given(given, stored)

    assert found[0] is given[0]
    assert found[1] == {"id": 2, "text": "b" * 9, "note": None}
    assert found[1]["text"] is given[1]["text"]
    assert found[2]["id"] is not True
    assert found[3] is stored[3]
