"""Rows made ready: columns, defaults, nulls and faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.query.board import COMPANIES, JOBS, OPEN, code_of, column, planned

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import InsertPlan, Returning, UpdatePlan
from jotbase.query.request.body import Cell
from jotbase.query.request.intent import Payload
from jotbase.query.write.payload_rows import changed_columns, new_rows
from jotbase.query.write.result import WriteContext
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.values import Row

MEANS = WriteContext(RowCheck(JOBS), OPEN, defaults={"created_at": lambda context: context.now})
NOW = "2026-01-01T00:00:00+00:00"


def made(line: str, *rows: dict[str, Any], single: bool = False, prefer: str = "") -> list[Row]:
    """Return the rows that a body comes to."""
    plan = planned(line, prefer=prefer)
    assert isinstance(plan, InsertPlan)
    found = new_rows(plan, Payload(rows, single), Context(now=NOW), MEANS)
    if found.missing is not None:
        raise found.missing
    return found.rows


def test_defaults_are_filled_in() -> None:
    """Literal and computed defaults are filled in; what the database numbers is left to it."""
    assert made("POST /jobs", {"title": "a"}) == [
        {"title": "a", "remote": False, "created_at": NOW}
    ]


def test_named_columns_are_null_where_missing() -> None:
    """With columns, what a row lacks is null; other keys are passed over."""
    rows = made("POST /jobs?columns=title,salary", {"title": "a", "odd": 1})

    assert rows == [{"title": "a", "salary": None, "remote": False, "created_at": NOW}]


def test_missing_values_may_take_their_default() -> None:
    """With missing=default, what a row lacks is its default."""
    rows = made("POST /jobs?columns=title,remote", {"title": "a"}, prefer="missing=default")

    assert rows[0]["remote"] is False


def test_rows_of_different_keys_take_defaults() -> None:
    """Without columns, missing=default lets rows differ."""
    rows = made("POST /jobs", {"title": "a", "salary": 1}, {"title": "b"}, prefer="missing=default")

    assert [row.get("salary") for row in rows] == [1, None]


def test_a_missing_value_is_worded_as_postgresql_does() -> None:
    """23502 names column and relation, and shows the row in order of the columns."""
    with pytest.raises(RequestError) as caught:
        made("POST /jobs", {"salary": 5}, single=True)

    assert (caught.value.code, caught.value.status) == ("23502", 400)
    assert caught.value.message == (
        'null value in column "title" of relation "jobs" violates not-null constraint'
    )
    assert caught.value.details == f"Failing row contains (null, null, null, 5, f, null, {NOW})."


def test_cells_are_read_as_their_columns() -> None:
    """What came as CSV is text, and read as its column's type."""
    rows = made("POST /jobs", {"title": Cell("a"), "salary": Cell("5"), "remote": Cell("t")})

    assert (rows[0]["title"], rows[0]["salary"], rows[0]["remote"]) == ("a", 5, True)
    assert code_of(lambda: made("POST /jobs", {"title": "a", "salary": Cell("x")})) == "22P02"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"nope": 1}, "PGRST204"),
        ({"title": "a", "created_at": NOW}, "428C9"),
    ],
)
def test_columns_that_a_body_may_not_set(body: dict[str, Any], code: str) -> None:
    """Unknown columns and those that the server sets are refused."""
    assert code_of(lambda: made("POST /jobs", body)) == code


def test_seeds_may_set_read_only_columns() -> None:
    """What is trusted may say what a client may not."""
    plan = planned("POST /companies")
    assert isinstance(plan, InsertPlan)
    trusted = WriteContext(RowCheck(COMPANIES), OPEN, trusted=True)

    made = new_rows(plan, Payload(({"id": 1, "name": "a"},), True), Context(), trusted)

    assert made.rows == [{"id": 1, "name": "a"}]


def test_all_faults_of_all_rows_are_told() -> None:
    """Each fault has a pointer into the body, behind the row's number in a list."""
    table = Table(
        "t",
        (column("n", Type.INTEGER), column("k", nullable=False)),
        schema={"properties": {"n": {"type": ["integer", "null"], "minimum": 1}, "k": {}}},
    )
    plan = InsertPlan(table, planned("GET /jobs").answer, Returning())
    payload = Payload(({"n": 0, "k": "a"}, {"n": -1, "k": None}), single=False)
    with pytest.raises(RequestError) as caught:
        new_rows(plan, payload, Context(), WriteContext(RowCheck(table), OPEN))

    found = [(fault["pointer"], fault["keyword"]) for fault in caught.value.details]
    assert caught.value.code == "23514"
    assert found == [("/0/n", "minimum"), ("/1/n", "minimum"), ("/1", "required")]


def changed(line: str, *rows: dict[str, Any], **headers: str) -> Row:
    """Return what a PATCH sets."""
    plan = planned(line, **headers)
    assert isinstance(plan, UpdatePlan)
    found = changed_columns(plan, Payload(rows, True), Context(now=NOW), MEANS)
    if found.missing is not None:
        raise found.missing
    return found.row


def test_named_columns_that_a_change_lacks() -> None:
    """They are null, and under missing=default what a new row would have; not the number."""
    line = "PATCH /jobs?id=eq.1&columns=salary,remote,data,id"
    body = {"salary": 5, "id": 1}

    assert changed(line.replace(",remote", ""), body) == {"salary": 5, "data": None, "id": 1}
    assert changed(line, {"salary": 5}, prefer="missing=default") == {
        "salary": 5,
        "remote": False,
        "data": None,
    }
    assert code_of(lambda: changed(line, body)) == "23502"


def test_changes() -> None:
    """An update sets what its body says, and no defaults."""
    assert changed("PATCH /jobs?id=eq.1", {"salary": None}) == {"salary": None}
    assert changed("PATCH /jobs?id=eq.1") == {}
    assert changed("PATCH /jobs?id=eq.1&columns=title", {"title": "a", "x": 1}) == {"title": "a"}


@pytest.mark.parametrize(
    ("body", "code"),
    [({"title": None}, "23502"), ({"nope": 1}, "PGRST204"), ({"created_at": NOW}, "428C9")],
)
def test_what_cannot_be_changed(body: dict[str, Any], code: str) -> None:
    """Nulls where there must be a value, unknown and read-only columns are refused."""
    assert code_of(lambda: changed("PATCH /jobs?id=eq.1", body)) == code


LISTS = Table(
    "lists",
    (
        Column("items", Type.ARRAY, {"type": ["array", "null"]}, True, item=Type.INTEGER),
        Column("name", Type.TEXT, {"type": ["string", "null"]}, True),
    ),
    schema={
        "properties": {"items": {"type": ["array", "null"]}, "name": {"type": ["string", "null"]}}
    },
)


def listed(body: dict[str, Any]) -> Row:
    """Return the row of lists that a body comes to."""
    plan = planned("POST /jobs")
    assert isinstance(plan, InsertPlan)
    write_context = WriteContext(RowCheck(LISTS), OPEN)
    made = new_rows(
        replace(plan, table=LISTS), Payload((body,), True), Context(now=NOW), write_context
    )
    return made.rows[0]


def test_an_array_may_come_as_its_literal() -> None:
    """PostgreSQL's form of an array is read where an array is to stand, and nowhere else."""
    assert listed({"items": "{1,NULL,3}", "name": "{1}"}) == {"items": [1, None, 3], "name": "{1}"}
    assert listed({"items": [1, 2], "name": None}) == {"items": [1, 2], "name": None}
    assert code_of(lambda: listed({"items": "{1,x}", "name": None})) == "22P02"
    assert code_of(lambda: listed({"items": "1,2", "name": None})) == "23514"
