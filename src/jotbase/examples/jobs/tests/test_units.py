"""Rules and schemas alone, without a backend: the fastest tests, for every corner of a rule."""

from __future__ import annotations

import pytest

from jotbase.testing import TestBackend, Units, caller

ADA = caller("00000000-0000-4000-8000-000000000001")
BEN = caller("00000000-0000-4000-8000-000000000002")
DRAFT = {"id": 1, "status": "draft", "posted_by": ADA.id, "company": "harbour"}
COMPANIES = [{"handle": "harbour", "owner": ADA.id}, {"handle": "orphan", "owner": None}]


def test_drafts_are_read_by_their_poster(units: Units) -> None:
    """A draft is its poster's; an open job everybody's."""
    assert units.allows("jobs", "select", ADA, DRAFT)
    assert not units.allows("jobs", "select", BEN, DRAFT)
    assert units.allows("jobs", "select", None, {**DRAFT, "status": "open"})


def test_jobs_are_posted_by_the_owner(units: Units) -> None:
    """The company's owner posts, in their own name."""
    tables = {"companies": COMPANIES}
    assert units.allows("jobs", "insert", ADA, DRAFT, tables=tables)
    assert not units.allows("jobs", "insert", BEN, {**DRAFT, "posted_by": BEN.id}, tables=tables)
    assert not units.allows("jobs", "insert", ADA, {**DRAFT, "company": "orphan"}, tables=tables)
    with pytest.raises(LookupError, match="companies"):
        units.allows("jobs", "insert", ADA, DRAFT)


def test_jobs_do_not_move(units: Units) -> None:
    """An update has two rows: what is stored, and what would be."""
    assert units.allows("jobs", "update", ADA, DRAFT, {"status": "open"})
    assert not units.allows("jobs", "update", ADA, DRAFT, {"company": "orphan"})
    assert not units.allows("jobs", "update", BEN, DRAFT, {"status": "open"})


def test_administrators_delete(units: Units) -> None:
    """The role of an administrator is enough; another rule can be asked instead."""
    admin = caller(BEN.id, roles=["admin"])
    assert units.allows("jobs", "delete", admin, DRAFT)
    assert not units.allows("jobs", "delete", BEN, DRAFT)
    assert not units.allows("jobs", "delete", admin, DRAFT, rule="row.posted_by == user.id")


def test_the_schema_asks_for_a_place(units: Units) -> None:
    """A job on site needs a location; the constructed row has one."""
    job = units.row_for("jobs", company="harbour")
    assert units.valid("jobs", job)
    assert units.valid("jobs", {**job, "remote": True, "location": None})
    assert not units.valid("jobs", {**job, "location": None})
    assert [fault["pointer"] for fault in units.faults("jobs", {**job, "title": "x"})] == ["/title"]


@pytest.mark.parametrize("table", ["applications", "companies", "jobs", "profiles"])
def test_rows_are_valid_by_construction(backend: TestBackend, table: str) -> None:
    """Two rows of each table are inserted, with all that they refer to."""
    first, second = backend.make(table), backend.make(table)

    assert first != second
    assert len(backend.service.get(f"/{table}").json()) == 2


def test_a_user_with_a_role(backend: TestBackend) -> None:
    """The token of a user with a role has it, and a refreshed one still does."""
    job = backend.make("jobs")
    admin = backend.user(roles=["admin"]).refresh()

    assert admin.delete("/jobs", {"id": f"eq.{job['id']}"}).json() == [job]
