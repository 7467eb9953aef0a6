"""What may be told of a refusal."""

from __future__ import annotations

import pytest
from tests.unit.query.board import COMPANIES, OPEN, planned

from jotbase.errors import ConflictError, ViolatedKey
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import DeletePlan
from jotbase.query.write.disclosure import equality_filters, redacted_error, redacted_faults
from jotbase.query.write.result import WriteContext
from jotbase.schema.rows.check import RowCheck
from jotbase.values import Row

MEANS = WriteContext(RowCheck(COMPANIES), OPEN)


def taken(table: str, *columns: str) -> ConflictError:
    """Return the refusal of a second company called `a` with the number 1."""
    error = ConflictError("23505", "taken", details="Key ...")
    values = tuple({"id": 1, "name": "a", "secret": "x"}[name] for name in columns)
    error.key = ViolatedKey(table, columns, values, "Key.")
    return error


@pytest.mark.parametrize(
    ("error", "request_values", "details"),
    [
        (taken("companies", "id", "name"), [{"id": 1, "name": "a"}], "Key ..."),
        (taken("companies", "id", "name"), [{"id": 1}, {"name": "a"}], "Key."),
        (taken("companies", "id", "name"), [{"id": 1, "name": "A"}], "Key."),
        (taken("companies", "secret"), [{"secret": "x"}], "Key."),
        (taken("others", "id"), [{"id": 1}], "Key."),
        (ConflictError("55P03", "locked", details="why"), [], "why"),
    ],
)
def test_values_are_told_to_who_said_them(
    error: ConflictError, request_values: list[Row], details: str
) -> None:
    """One row of the request has to have said them all, of the table that was written."""
    assert redacted_error(error, COMPANIES, request_values, MEANS, Context()).details == details


def test_faults_within_unsaid_values_are_the_columns() -> None:
    """The place and the message may be names out of a stored document."""
    inside = {"pointer": "/a~1b/c", "keyword": "type", "message": "c is wrong"}
    root = {"pointer": "", "keyword": "required", "message": "x is missing"}

    assert redacted_faults([inside, root], {"a/b"}) == [inside, root]
    assert redacted_faults([inside, root], {"c"}) == [
        {
            "pointer": "/a~1b",
            "keyword": "type",
            "message": "the stored value does not fit beside the new ones",
        },
        root,
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("id=eq.1", {"id": 1}),
        ("id=eq.1&name=gt.b", {"id": 1}),
        ("or=(id.eq.1,name.eq.b)", {}),
        ("id=not.eq.1", {}),
    ],
)
def test_what_filters_pin_was_said(query: str, found: Row) -> None:
    """Only what must be equal is known to the caller."""
    plan = planned(f"DELETE /companies?{query}")
    assert isinstance(plan, DeletePlan)

    assert equality_filters(plan.target.where, Context(values=("1", "b"))) == found
