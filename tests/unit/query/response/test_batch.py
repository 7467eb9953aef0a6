"""A batch as one unit of work: what it asks of the database, and what it answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.query.board import COMPANIES, GENEROUS, JOBS, MODEL, OPEN, drive

from jotbase.errors import ConflictError, RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import PlanLimits
from jotbase.query.request.batch_body import OperationError, read_operations
from jotbase.query.response.batch import Step, batch_unit, link_steps, prepare_step, render_batch
from jotbase.query.response.prepared import compile_shape
from jotbase.query.write.result import WriteContext
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import RolledBack
from jotbase.values import Request, Response

MEANS = {table.name: WriteContext(RowCheck(table), OPEN) for table in (COMPANIES, JOBS)}
ECHO = {"Prefer": "return=representation"}
COMPANY = {"method": "POST", "path": "companies", "headers": ECHO, "body": {"name": "Acme"}}
JOB = {"method": "POST", "path": "jobs", "body": {"title": "a", "company_id": {"$ref": "c/0/id"}}}


def steps(*operations: dict[str, Any], tx: str = "") -> list[Step]:
    """Return the operations made ready."""
    request = Request("POST", "/rest/v1/", "", {"prefer": tx}, orjson.dumps(operations))
    limits = PlanLimits(unfiltered_writes=True, tx_end="commit-allow-override")
    return link_steps(
        [
            prepare_step(one, lambda shape: compile_shape(shape, MODEL, limits, SQLITE, OPEN))
            for one in read_operations(request, GENEROUS.max_operations)
        ]
    )


def refusal(*operations: dict[str, Any]) -> tuple[str, int]:
    """Return the code of what is wrong, and in which operation."""
    with pytest.raises(OperationError) as refused:
        steps(*operations)
    return refused.value.code, refused.value.operation


def test_what_came_back_goes_into_the_next_statement() -> None:
    """The company's number, as the database gave it, is the job's."""
    unit = batch_unit(steps({**COMPANY, "as": "c"}, JOB), Context(), MEANS)
    job = (1, 1, "a", 7, None, 0, None, None)
    answers, ran = drive(unit, [(7, 7, "Acme", None)], [job])

    assert [statement.text.split("(")[0] for statement in ran] == [
        'INSERT INTO "companies" ',
        'INSERT INTO "jobs" ',
    ]
    assert 7 in ran[1].params
    assert [answer.status for answer in answers] == [201, 201]


def test_filters_are_filled_too() -> None:
    """A read within a batch is one more statement of the unit."""
    read = {"method": "GET", "path": "jobs?select=id&company_id=eq.$ref(c/0/id)"}
    unit = batch_unit(steps({**COMPANY, "as": "c"}, read), Context(), MEANS)
    answers, ran = drive(unit, [(7, 7, "Acme", None)], [("[]", 0)])

    assert list(ran[1].params) == [7]
    assert answers[1].body == b"[]"


def test_what_the_database_refuses_names_the_operation() -> None:
    """Whatever leaves the unit undoes it."""
    unit = batch_unit(steps(COMPANY, COMPANY), Context(), MEANS)
    next(unit)
    unit.send([(7, 7, "Acme", None)])
    with pytest.raises(OperationError) as refused:
        unit.throw(ConflictError("23505", "duplicate key"))

    assert (refused.value.code, refused.value.status, refused.value.operation) == ("23505", 409, 1)


def test_a_batch_tried_out_runs_to_its_end() -> None:
    """Then it asks for all to be undone, with all answers."""
    unit = batch_unit(steps(COMPANY, COMPANY, tx="tx=rollback"), Context(), MEANS)
    with pytest.raises(RolledBack) as undone:
        drive(unit, [(7, 7, "Acme", None)], [(8, 8, "Acme", None)])

    assert [answer.status for answer in undone.value.result] == [201, 201]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([JOB], ("22023", 0)),
        ([JOB, {**COMPANY, "as": "c"}], ("22023", 0)),
        ([{**COMPANY, "as": "c", "headers": {}}, JOB], ("22023", 1)),
        ([{"method": "HEAD", "path": "companies", "as": "c"}, JOB], ("22023", 1)),
        ([COMPANY, {**COMPANY, "path": "company"}], ("PGRST205", 1)),
        ([COMPANY, {"method": "GET", "path": "jobs?order=$ref(c)"}], ("22023", 1)),
        ([COMPANY, {"method": "POST", "path": "jobs", "body": 5}], ("PGRST102", 1)),
    ],
)
def test_what_makes_no_sense(operations: list[dict[str, Any]], expected: tuple[str, int]) -> None:
    """It is refused before there is a unit at all."""
    assert refusal(*operations) == expected


def test_the_same_unit_can_start_over() -> None:
    """An engine may call for it again; nothing of the first run is left."""
    ready = steps({**COMPANY, "as": "c"}, JOB)
    job = (1, 1, "a", 7, None, 0, None, None)
    first, _ = drive(batch_unit(ready, Context(), MEANS), [(7, 7, "Acme", None)], [job])
    other = (1, 1, "a", 9, None, 0, None, None)
    second, ran = drive(batch_unit(ready, Context(), MEANS), [(9, 9, "Acme", None)], [other])

    assert (first[0].body, 9 in ran[1].params) != (second[0].body, False)
    assert b'"id":9' in second[0].body


def test_answers_keep_their_form() -> None:
    """JSON stands as JSON, other forms as text, and what has no body has none."""
    told = render_batch(
        [
            Response(200, (("Content-Type", "application/json"),), b"[1]"),
            Response(200, (("Content-Type", "text/csv"),), b"a\n1"),
            Response(204),
        ]
    )

    assert [one.get("body") for one in orjson.loads(told.body)] == [[1], "a\n1", None]


def test_answers_are_limited() -> None:
    """Many reads of much are refused before they fill the memory."""
    unit = batch_unit(steps({"method": "GET", "path": "jobs"}), Context(), MEANS, max_bytes=10)
    with pytest.raises(RequestError, match="too large"):
        drive(unit, [('[{"id":12345}]', 1)])
