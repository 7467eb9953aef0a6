"""Twin of jotbase.exporting.caller_sql."""

from __future__ import annotations

import pytest
from tests.unit.access.board import JOBS, policy

from jotbase.exporting.caller_sql import Untranslatable, condition, inlined
from jotbase.expression.predicate import from_alias
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import POSTGRES


def said(rule: str, table: Table = JOBS) -> str:
    """Return a rule's SQL, identifiers unquoted so that it reads well."""
    expression = policy(select=rule).rule(table, "select").expression
    return condition(expression, from_alias({}, POSTGRES)).replace('"', "")


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        ("row.posted_by == user.id", "row.posted_by = (SELECT auth.uid())"),
        ("row.title == user.id", "row.title = (SELECT auth.uid())::text"),
        ("row.title == 'it\\'s'", "row.title = 'it''s'::text"),
        ("row.salary in [1, -2]", "row.salary = ANY(ARRAY['1', '-2']::text[]::int8[])"),
        ("row.salary > -3", "row.salary > (-3)::int8"),
        ("row.created_at < now()", "row.created_at < now()::timestamptz"),
    ],
)
def test_values_stand_in_the_text(rule: str, sql: str) -> None:
    """A policy has no parameters; the caller comes from auth.uid()."""
    assert said(rule) == sql


def test_a_claim_of_another_type_is_unknown() -> None:
    """Its JSON type is asked before it is read."""
    claim = "((SELECT auth.jwt()) #> ARRAY['org', 'name'])"

    assert said("user.claims['org']['name'] == row.title") == (
        f"(CASE WHEN jsonb_typeof({claim}) = 'string' THEN {claim} #>> '{{}}' END) = row.title"
    )
    assert said("user.claims['org']['name'] is None") == (
        f"CASE WHEN jsonb_typeof({claim}) <> 'null' THEN TRUE END IS NULL"
    )


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("user.claims['until'] > row.created_at", "it compares claims.until as timestamptz"),
        ("user.claims['a']['0'] == row.title", "a claim's name is a number"),
        ("row.posted_by in user.claims['friends']", "it looks for what is no text"),
    ],
)
def test_what_cannot_be_said_exactly_is_refused(rule: str, reason: str) -> None:
    """With the reason, for the one who exports."""
    with pytest.raises(Untranslatable, match=reason):
        said(rule)


def test_literals_cannot_end_early() -> None:
    """Quotes are doubled, in lists too; bytes are hexadecimal, null is a keyword."""
    assert inlined(["a'b", None]) == "ARRAY['a''b', NULL]"
    assert (inlined(b"\x00'"), inlined(True), inlined(1.5)) == ("'\\x0027'", "TRUE", "(1.5)")
    with pytest.raises(Untranslatable):
        inlined(object())
