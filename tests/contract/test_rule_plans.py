"""Rules that look through a whole table for each row, as the database plans them."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.access.enforcement.policy import load_policy
from jotbase.project.rule_plans import scanning_rules

OWNER = {"type": "string", "format": "uuid"}
NUMBER = {"type": "integer"}


def scans(rule: str, action: str = "select", **members: Any) -> list[str]:
    """Return what a rule of t scans; members belong to rows of t."""
    found = model(
        t=table_file({"id": ID, "owner": OWNER}, primaryKey=["id"], access={action: rule}),
        members=table_file({"t": NUMBER, "who": OWNER, "role": TEXT}, **members),
    )
    told = list(scanning_rules(found, load_policy(found)))
    assert {(table, of) for table, of, _ in told} <= {("t", action)}
    return [reason for _, _, reason in told]


RULE = "any(m.who == user.id for m in members if m.t == row.id)"


def test_a_loop_without_an_index_scans() -> None:
    """The advice names the columns that are compared."""
    assert scans(RULE) == ['it looks through all of members: index ["t", "who"] there']
    new = "any(m.who == user.id for m in members if m.t == new.id)"
    assert scans(new, "insert") == ['it looks through all of members: index ["t", "who"] there']


@pytest.mark.parametrize(
    "members",
    [
        {"indexes": [["t", "who"]]},
        {"indexes": [["who"]]},
        {"primaryKey": ["t", "who"], "required": ["t", "who"]},
        {"unique": [["who", "t"]]},
    ],
)
def test_a_loop_over_an_index_does_not(members: dict[str, Any]) -> None:
    """Whether it is asked for, a key's or a reference's."""
    assert scans(RULE, **members) == []


def test_rules_over_the_row_alone_and_references_scan_nothing() -> None:
    """Nor does a loop over rows by their keys."""
    assert scans("row.owner == user.id") == []
    assert scans("any(o.owner == user.id for o in t if o.id == row.id)") == []
