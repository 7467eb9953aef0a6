"""What rules may come to, whatever the rows: never less than any row makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.access.board import BOARD, JOBS

from jotbase.access.analysis.outcomes import (
    OWNER,
    STRANGER,
    VISITOR,
    may_be_true,
    possible_outcomes,
)
from jotbase.access.language.rules import parse_rule
from jotbase.expression.expr import Context
from jotbase.expression.judge import Env, judge

#: Each rule with whom it may let through: visitors, strangers who are signed in, owners.
RULES = [
    ("True", "vso"),
    ("False", ""),
    ("row.open", "vso"),
    ("user.id is not None", "so"),
    ("user.id is None", "v"),
    ("user.role == 'authenticated'", "so"),
    ("user.role in ['anon', 'authenticated']", "vso"),
    ("user.role != 'anon' and row.open", "so"),
    ("not (user.role == 'anon')", "so"),
    ("row.posted_by == user.id", "o"),
    ("user.id == row.posted_by", "o"),
    ("row.posted_by != user.id", "so"),
    ("row.posted_by == user.id or row.open", "vso"),
    ("row.posted_by == user.id and False", ""),
    ("'admin' in user.roles", ""),
    ("user.claims['org'] == row.title", ""),
    ("user.claims['user_metadata']['org'] == row.title", "so"),
    ("user.claims['user_metadata']['admin']", "so"),
    ("user.claims['app_metadata']['admin']", ""),
    ("row.company.owner == user.id", ""),
    ("any(m.user == user.id for m in members if m.job == row.id)", ""),
    ("any(m.job == row.id for m in members)", "vso"),
    ("not any(m.user == user.id for m in members)", "vso"),
    ("row.created_at < now()", "vso"),
    ("row.title is None", "vso"),
]


@pytest.mark.parametrize(("rule", "whom"), RULES)
def test_whom_a_rule_may_let_through(rule: str, whom: str) -> None:
    """Visitors, strangers and owners, as far as no row is looked at."""
    expression = parse_rule(rule, JOBS, "select", BOARD)
    callers = (("v", VISITOR), ("s", STRANGER), ("o", OWNER))
    assert "".join(one for one, who in callers if may_be_true(expression, who)) == whom


ROW = st.fixed_dictionaries(
    {
        "posted_by": st.sampled_from([None, "11111111-1111-4111-8111-111111111111"]),
        "open": st.sampled_from([None, True, False]),
        "title": st.sampled_from([None, "a"]),
        "created_at": st.sampled_from([None, "2020-01-01T00:00:00+00:00"]),
    }
)
LOCAL = [rule for rule, _ in RULES if "any(" not in rule and "company" not in rule]


@given(st.lists(st.sampled_from(LOCAL), min_size=1, max_size=3), ROW, st.booleans())
def test_no_row_makes_more_of_a_rule_than_is_possible(
    parts: list[str], row: dict[str, object], negated: bool
) -> None:
    """For visitors and for strangers whom no row names."""
    joined = " or ".join(f"({one})" for one in parts)
    text = f"not ({joined})" if negated else f"({joined}) and ({parts[0]})"
    expression = parse_rule(text, JOBS, "select", BOARD)
    for caller in (VISITOR, STRANGER):
        context = Context(caller.principal, now="2026-01-01T00:00:00+00:00")
        assert judge(expression)(Env({"row": row}, context)) in possible_outcomes(
            expression, caller
        )
