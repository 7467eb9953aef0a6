"""Twin of jotbase.access.enforcement.policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.access.board import ADA, JOBS, NOW, column, model, policy, text

from jotbase.access.enforcement.policy import NO_RULE, load_policy
from jotbase.errors import ProjectError
from jotbase.expression.expr import FALSE, Context
from jotbase.query.write.result import SharedDefault
from jotbase.schema.model.tables import Model, Type
from jotbase.values import Principal


def test_a_table_without_a_rule_says_no() -> None:
    """No rule means no, for every action."""
    found = policy(select="True")

    assert found.rule(JOBS, "insert") is NO_RULE
    assert found.rule(JOBS, "insert").expression == FALSE
    assert found.rule(JOBS, "select").text == "True"


def test_an_update_rule_is_cut_in_two() -> None:
    """Parts that name `new` refuse, the others choose rows."""
    rule = policy(update="row.posted_by == user.id and new.id == row.id and row.open").rule(
        JOBS, "update"
    )

    assert [part.text for part in rule.using()] == ["row.posted_by == user.id", "row.open"]
    assert [part.text for part in rule.checks()] == ["new.id == row.id"]
    assert text(rule.expression) == ("(row.posted_by = ?) AND (new.id = row.id) AND row.open")


def test_rules_are_described_with_how_they_are_judged() -> None:
    """`jotbase check` tells which rules cost a query for each change."""
    found = policy(select="row.open", delete="row.company.owner == user.id")

    assert found.described() == [
        {"table": "jobs", "action": "select", "judged": "local", "rule": "row.open"},
        {
            "table": "jobs",
            "action": "delete",
            "judged": "relational",
            "rule": "row.company.owner == user.id",
        },
    ]


def test_every_fault_of_every_rule_is_told_at_once() -> None:
    """Faults of several tables come out together, each with its file and pointer."""
    wrong = model(jobs={"select": "row.x == 1", "insert": "row.id == 1"}, companies={"delete": "x"})

    with pytest.raises(ProjectError) as caught:
        load_policy(wrong)

    assert [(fault.file, fault.pointer) for fault in caught.value.faults] == [
        ("schemas/jobs.json", "/access/select"),
        ("schemas/jobs.json", "/access/insert"),
        ("schemas/companies.json", "/access/delete"),
    ]


@pytest.mark.parametrize(
    ("default", "kind", "value"),
    [
        ("now()", Type.TIMESTAMP, NOW),
        ("now()", Type.DATE, "2026-01-01"),
        ("uuid()", Type.UUID, "new"),
        ("user.id", Type.UUID, ADA),
        ("user.claims['n']", Type.INTEGER, 7),
        ("lower('ÀB')", Type.TEXT, "Àb"),
        ("'1.50'", Type.DECIMAL, "1.5"),
        ("None", Type.TEXT, None),
        ("user.email", Type.UUID, None),
    ],
)
def test_defaults_give_values_for_one_new_row(default: str, kind: Type, value: object) -> None:
    """A default is filled from the caller, the clock and the UUIDs, which alone differ by row."""
    table = replace(JOBS, columns=(column("x", kind, default_expression=default),))
    context = Context(Principal("authenticated", ADA, "a", claims={"n": 7}), (), NOW, lambda: "new")

    found = load_policy(Model({"jobs": table})).defaults["jobs"]["x"]

    assert found(context) == value
    assert isinstance(found, SharedDefault) is (default != "uuid()")


def test_a_wrong_default_is_a_fault() -> None:
    """Defaults are read with the rules."""
    table = replace(JOBS, columns=(column("x", default_expression="nw()"),))

    with pytest.raises(ProjectError, match="unknown function 'nw'"):
        load_policy(Model({"jobs": table}))
