"""Rules that are true of no row for a caller."""

from __future__ import annotations

import pytest
from tests.unit.access.board import BOARD, JOBS, caller

from jotbase.access.enforcement.unsatisfiable import unsatisfiable
from jotbase.access.language.rules import parse_rule
from jotbase.expression.expr import FALSE, TRUE


def is_hopeless(text: str, user: str | None) -> bool:
    """Say whether an insert rule lets nothing of that user's in."""
    return unsatisfiable(parse_rule(text, JOBS, "insert", BOARD))(caller(user))


@pytest.mark.parametrize(
    "rule",
    [
        "user.role == 'service_role'",
        "new.posted_by == user.id and user.role == 'admin'",
        "user.role == 'a' or user.role == 'b'",
        "any(m.user == user.id and user.role == 'a' for m in members)",
        "'admin' in user.roles",
        "new.title in user.roles",
        "not (user.role == 'authenticated' or new.salary > 5)",
        "not (new.salary > 5 or not (user.role == 'admin'))",
        "not (not (user.role == 'admin' and new.salary > 5))",
        "not (user.role == 'authenticated' and user.id is not None) and new.salary > 5",
    ],
)
def test_what_the_caller_alone_decides_needs_no_row(rule: str) -> None:
    """Facts that are not so, and what hangs on them, are told before any row."""
    assert is_hopeless(rule, "00000000-0000-4000-8000-00000000000a")


@pytest.mark.parametrize(
    "rule",
    [
        "new.posted_by == user.id",
        "user.id is not None and new.salary > 5",
        "user.role == 'a' or new.salary > 5",
        "not any(m.user == user.id for m in members)",
        "not (new.posted_by == user.id)",
        "not (user.role == 'authenticated' and new.salary > 5)",
        "not (new.title in user.roles)",
        "new.company.owner == user.id",
    ],
)
def test_what_a_row_may_yet_decide_is_not_hopeless(rule: str) -> None:
    """Nothing is promised where a row has the last word."""
    assert not is_hopeless(rule, "00000000-0000-4000-8000-00000000000a")


def test_nobody_owns_nothing() -> None:
    """What is compared with an id that there is not is unknown, whatever the row."""
    assert is_hopeless("new.posted_by == user.id", None)
    assert is_hopeless("any(m.user == user.id for m in members if m.job == new.id)", None)
    assert is_hopeless("not (new.posted_by == user.id)", None)
    assert is_hopeless("new.posted_by != user.id", None)
    assert not is_hopeless("user.id is None", None)
    assert not is_hopeless("not (new.title in user.roles)", None)


def test_constants() -> None:
    """No rule at all says no."""
    assert unsatisfiable(FALSE)(caller())
    assert not unsatisfiable(TRUE)(caller())
