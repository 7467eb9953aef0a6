"""Rows that may be there already."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.board import COMPANIES, OPEN, code_of, drive, planned

from jotbase.query.nodes import InsertPlan
from jotbase.query.upserts import conflict_clause, existing_rows
from jotbase.query.written import Means
from jotbase.schema.check import RowCheck
from jotbase.sql.dialect import SQLITE

MEANS = Means(RowCheck(COMPANIES), OPEN)


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
    rows: list[dict[str, Any]] = [{"id": 1, "name": "a"}]

    assert conflict_clause(plan_for(prefer, query), ("id", "name"), rows, SQLITE) == clause


def test_a_row_cannot_be_merged_twice() -> None:
    """PostgreSQL refuses two rows of one key in one command, and so do we."""
    plan = plan_for("resolution=merge-duplicates")
    twice: list[dict[str, Any]] = [{"id": 1}, {"id": 1}]
    numbered: list[dict[str, Any]] = [{"name": "a"}, {"name": "b"}]

    assert code_of(lambda: conflict_clause(plan, ("id",), twice, SQLITE)) == "21000"
    assert code_of(lambda: conflict_clause(plan, ("name",), numbered, SQLITE)) is None


def test_old_rows_are_read_before_a_merge() -> None:
    """The rules judge what was there, so it is read first, all keys in one statement."""
    plan = plan_for("resolution=merge-duplicates")
    rows: list[dict[str, Any]] = [{"id": 1, "name": "a"}, {"id": 2}, {"name": "new"}]
    olds, ran = drive(existing_rows(plan, rows, MEANS), [(1, 1, "old", None)])

    assert olds == {(1,): {"id": 1, "name": "old", "secret": None}}
    assert ran[0].text.endswith('WHERE "id" IN (SELECT value FROM json_each(?))')
    assert ran[0].params == ["[1,2]"]


def test_nothing_is_read_for_a_plain_insert() -> None:
    """Without a merge no statement is run."""
    assert drive(existing_rows(plan_for(""), [{"id": 1}], MEANS)) == ({}, [])
