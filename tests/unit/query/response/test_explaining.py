"""Plans of queries, shown."""

from __future__ import annotations

import orjson
import pytest

from jotbase.errors import ConflictError, RequestError
from jotbase.query.request.intent import Media
from jotbase.query.response.explaining import dry_run, render_plan, render_write_plan
from jotbase.query.write.result import WriteResult
from jotbase.sql.units import RolledBack, Rows, Statement, UnitOfWork

STEPS = [(2, 0, 0, "CO-ROUTINE row"), (5, 2, 0, "SCAN jobs"), (9, 0, 0, "SCAN row")]


def test_as_json() -> None:
    """Steps nest as the database says."""
    response = render_plan(Media("plan", plan_of="application/json"), STEPS)

    assert orjson.loads(response.body) == [
        {
            "Plan": {
                "Node Type": "Query",
                "Plans": [
                    {"Node Type": "CO-ROUTINE row", "Plans": [{"Node Type": "SCAN jobs"}]},
                    {"Node Type": "SCAN row"},
                ],
            }
        }
    ]


def test_as_text() -> None:
    """Depth is shown by blanks."""
    response = render_plan(Media("plan", plan_text=True, plan_of="text/csv"), STEPS)

    assert response.body == b"CO-ROUTINE row\n  SCAN jobs\nSCAN row"
    assert response.header("content-type") == (
        'application/vnd.pgrst.plan+text; for="text/csv"; charset=utf-8'
    )


def choose_and_change() -> UnitOfWork[WriteResult]:
    """Look for a row, change it twice, and go on where the database says no."""
    found = yield Statement("SELECT id FROM jobs", [])
    for number, *_ in found:
        yield Statement("UPDATE jobs", [number])
    try:
        yield Statement("UPDATE jobs", [0])
    except RequestError:
        return WriteResult(len(found))
    return WriteResult(99)


def test_a_dry_run_explains_each_statement_and_keeps_nothing() -> None:
    """It runs them too, since the later ones hang on what the first found; it leaves undone."""
    unit = dry_run(choose_and_change())
    answers: list[Rows] = [STEPS[:1], [(7,)], STEPS[1:], []]
    ran = [next(unit)]
    ran.extend(unit.send(answer) for answer in answers)

    with pytest.raises(RolledBack) as undone:
        unit.throw(RequestError("23505", "refused"))

    assert [one.text.removesuffix(" jobs") for one in ran] == [
        "EXPLAIN QUERY PLAN SELECT id FROM",
        "SELECT id FROM",
        "EXPLAIN QUERY PLAN UPDATE",
        "UPDATE",
        "UPDATE",
    ]
    plans = (("SELECT", STEPS[:1]), ("UPDATE", STEPS[1:]))
    assert undone.value.result == WriteResult(1, plans=plans)


@pytest.mark.parametrize(("code", "shown"), [("23503", True), ("57014", False)])
def test_a_dry_run_is_refused_by_no_constraint(code: str, shown: bool) -> None:
    """EXPLAIN runs nothing, so what would refuse the row is not told; all else is."""
    unit = dry_run(delete_one())
    next(unit)
    unit.send(STEPS[:1])

    with pytest.raises(RolledBack if shown else ConflictError) as raised:
        unit.throw(ConflictError(code, "refused"))
    if shown:
        kept = raised.value
        assert isinstance(kept, RolledBack)
        assert kept.result == WriteResult(0, plans=(("DELETE", STEPS[:1]),))


def delete_one() -> UnitOfWork[WriteResult]:
    """Delete a row."""
    yield Statement("DELETE FROM jobs", [])
    return WriteResult(1)


def test_a_writes_plan_has_its_statements_in_order() -> None:
    """One node over them says what is done to which table."""
    media = Media("plan", plan_of="application/json")
    response = render_write_plan(media, "Delete", "jobs", [("SELECT", STEPS[1:]), ("DELETE", [])])

    assert orjson.loads(response.body) == [
        {
            "Plan": {
                "Node Type": "ModifyTable",
                "Operation": "Delete",
                "Relation Name": "jobs",
                "Plans": [
                    {"Node Type": "SELECT", "Plans": [{"Node Type": "SCAN row"}]},
                    {"Node Type": "DELETE"},
                ],
            }
        }
    ]


def test_a_writes_plan_as_text() -> None:
    """Statements stand below what is done, their steps below them."""
    media = Media("plan", plan_text=True, plan_of="application/json")
    response = render_write_plan(media, "Insert", "jobs", [("INSERT", STEPS[:2])])

    assert response.body == b"Insert on jobs\n  INSERT\n    CO-ROUTINE row\n      SCAN jobs"
