"""Twin of jotbase.access.analysis.verdict."""

from __future__ import annotations

import pytest
from tests.unit.access.board import ADA, BOB, JOBS, SERVICE, caller, job, policy

from jotbase.access.analysis.verdict import Verdict, verdict
from jotbase.access.language.rules import Action
from jotbase.values import Row

RULES = {
    "select": "row.open or row.posted_by == user.id",
    "insert": "user.role == 'authenticated' and new.posted_by == user.id",
    "update": "row.posted_by == user.id and new.posted_by == row.posted_by",
}
MINE, THEIRS = job(posted_by=ADA, open=True), job(posted_by=BOB, open=True)


@pytest.mark.parametrize(
    ("action", "rows", "reason"),
    [
        ("select", {"row": MINE}, "every part of the select rule of jobs is true"),
        (
            "insert",
            {"new": THEIRS},
            "insert rule of jobs: `new.posted_by == user.id` is false",
        ),
        (
            "insert",
            {"new": job()},
            "insert rule of jobs: `new.posted_by == user.id` is unknown, since something in it"
            " is null",
        ),
        (
            "update",
            {"row": MINE, "new": THEIRS},
            "update rule of jobs: `new.posted_by == row.posted_by` is false",
        ),
        ("delete", {"row": MINE}, "jobs has no delete rule, so only the service role may"),
    ],
)
def test_the_reason_names_the_part_that_decides(
    action: Action, rows: dict[str, Row], reason: str
) -> None:
    """A verdict tells which part of which rule said no."""
    found = verdict(policy(**RULES), JOBS, action, rows, caller())

    assert found == Verdict(reason.startswith("every part"), reason)


def test_a_change_must_leave_the_row_in_sight() -> None:
    """An update needs the select rule of the row as it becomes, as its statement reads it."""
    rules = {"select": "row.open", "update": "row.posted_by == user.id"}
    hidden = job(posted_by=ADA, open=False)

    found = verdict(policy(**rules), JOBS, "update", {"row": MINE, "new": hidden}, caller())

    assert found.reason == "select rule of jobs: `row.open, of the new row,` is false"


def test_other_tables_are_asked_when_given() -> None:
    """A relational rule finds its rows where the caller says."""
    rules = policy(select="row.company.owner == user.id")
    tables = {"companies": [{"handle": "a", "owner": ADA}]}

    found = verdict(rules, JOBS, "select", {"row": job(company="a")}, caller(), tables.__getitem__)

    assert found.allowed


def test_the_service_role_is_asked_nothing() -> None:
    """It passes without a rule."""
    assert verdict(policy(), JOBS, "delete", {"row": MINE}, SERVICE).allowed
