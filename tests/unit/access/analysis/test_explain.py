"""Twin of jotbase.access.analysis.explain."""

from __future__ import annotations

import pytest
from tests.unit.access.board import JOBS, SERVICE, caller, policy

from jotbase.access.analysis.explain import explain_rule, with_values
from jotbase.access.language.rules import Action
from jotbase.expression.expr import Context, Now, RequestValue
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import bound, sql

RULES = {
    "select": "row.open or 'admin' in user.roles",
    "insert": "new.posted_by == user.id",
    "update": "row.posted_by == user.id and new.title == user.claims['a']['b']",
}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (
            "select",
            '"row"."open" OR (? /* \'admin\' */ IN (SELECT value FROM json_each('
            "ifnull(? /* user.roles = '[]' */, '[null]'))))",
        ),
        (
            "insert",
            '"new"."posted_by" = ? /* user.id = \'00000000-0000-4000-8000-00000000000a\' */',
        ),
        ("delete", None),
    ],
)
def test_a_rule_is_told_as_sql_with_its_values(action: Action, expected: str | None) -> None:
    """What is bound stands beside its place, named where it is a fact."""
    found = explain_rule(policy(**RULES), JOBS, action, caller(), SQLITE)

    assert found == expected if expected else found.endswith("AND FALSE")


def test_an_update_is_told_whole() -> None:
    """Sight, choice and check are all in it, and a missing claim is null."""
    found = explain_rule(policy(**RULES), JOBS, "update", caller(), SQLITE)

    assert '"row"."open" OR' in found
    assert "\"new\".\"title\" = ? /* user.claims['a']['b'] = null */" in found


def test_the_service_role_has_no_rule() -> None:
    """It is told so."""
    assert explain_rule(policy(), JOBS, "select", SERVICE, SQLITE).startswith("TRUE --")


def test_a_value_cannot_end_its_comment() -> None:
    """Values come from callers: none may look like SQL or drive a terminal."""
    fragment = sql("a = ") + bound("*/ DROP /*\x1b[2J") + " AND b = " + bound("x" * 200)

    found = with_values(fragment, Context())

    assert found.count("*/") == 2
    assert "\x1b" not in found
    assert len(found) < 200


def test_requests_values_and_the_clock_are_filled_in() -> None:
    """Slots show what they would be bound to."""
    fragment = bound(RequestValue(0, str.upper)) + " < " + bound(Now())

    assert with_values(fragment, Context(values=("a",), now="2026")) == (
        "? /* 'A' */ < ? /* now() = '2026' */"
    )
