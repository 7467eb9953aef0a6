"""What a function gave back, as an answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.query.board import MODEL, asked, code_of
from tests.unit.query.calls_board import (
    ADD,
    COMPANY,
    NOTHING,
    ONE_ROW,
    ROWS,
    VALUES,
)

from jotbase.query.plan.functions import Function
from jotbase.query.plan.nodes import PlanLimits
from jotbase.query.request.shape import Shape
from jotbase.query.response.function_results import (
    Outcome,
    allowed_methods,
    check_affected,
    encode_value,
    is_undone,
    plan_result,
    render_result,
    rows_document,
    split_raw_accept,
)
from jotbase.values import Request, Response


def answer(line: str, function: Function, outcome: Outcome, **headers: str) -> Response:
    """Return the answer of a call that came to that."""
    result = plan_result(asked(line, **headers), function, MODEL, PlanLimits(), None)
    method, _, target = line.partition(" ")
    return render_result(result, Request(method, target, "", {}), (), outcome)


@pytest.mark.parametrize(
    ("function", "outcome", "status", "body"),
    [
        (ADD, Outcome(7), 200, b"7"),
        (ADD, Outcome(None), 200, b"null"),
        (VALUES, Outcome([1, 2]), 200, b"[1,2]"),
        (NOTHING, Outcome(None), 204, b""),
        (ROWS, Outcome(rows=[('[{"id":1}]', 1)]), 200, b'[{"id":1}]'),
        (ONE_ROW, Outcome(rows=[('[{"id":1}]', 1)]), 200, b'{"id":1}'),
        (ONE_ROW, Outcome(rows=[("[]", 0)]), 200, b"null"),
    ],
)
def test_results_are_shown(function: Function, outcome: Outcome, status: int, body: bytes) -> None:
    """Values as they are, one row as an object, many as an array, nothing as 204."""
    found = answer("POST /rpc/f", function, outcome)

    assert (found.status, found.body) == (status, body)


def test_a_window_cuts_values() -> None:
    """Limit and offset hold for values as they do for rows."""
    found = answer("GET /rpc/f", VALUES, Outcome([1, 2, 3]), range="1-1")

    assert (found.body, found.header("Content-Range")) == (b"[2]", "1-1/*")


def test_a_function_may_say_status_and_headers() -> None:
    """Its headers stand in the place of the usual ones."""
    outcome = Outcome(1, status=201, headers=(("content-type", "x/y"), ("X-A", "b")))

    found = answer("POST /rpc/f", ADD, outcome)

    assert found.status == 201
    assert found.headers == (("Content-Range", "0-0/*"), ("content-type", "x/y"), ("X-A", "b"))


@pytest.mark.parametrize(
    ("line", "function", "prefer", "code"),
    [
        ("POST /rpc/f", ADD, "handling=strict, max-affected=1", "PGRST128"),
        ("POST /rpc/f?nope=eq.1", ROWS, "", "42703"),
        ("POST /rpc/f?select=nope(id)", ROWS, "", "PGRST200"),
    ],
)
def test_what_a_result_has_not_is_refused(
    line: str, function: Function, prefer: str, code: str
) -> None:
    """Before the function is run."""
    assert code_of(lambda: answer(line, function, Outcome(), prefer=prefer)) == code


def test_more_rows_than_expected_are_refused() -> None:
    """In time to be undone."""
    intent = asked("POST /rpc/f", prefer="handling=strict, max-affected=1")
    result = plan_result(intent, VALUES, MODEL, PlanLimits(), None)

    assert code_of(lambda: check_affected(result, Outcome([1, 2]))) == "PGRST124"


def test_what_is_asked_to_be_undone_is() -> None:
    """Where the settings let a caller ask."""
    intent = asked("POST /rpc/f", prefer="tx=rollback")
    limits = PlanLimits(tx_end="commit-allow-override")

    assert is_undone(plan_result(intent, ADD, MODEL, limits, None).answer)
    assert not is_undone(plan_result(intent, ADD, MODEL, PlanLimits(), None).answer)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.50"), b"1.50"),
        ({1}, b"[1]"),
        (b"\x01", b'"\\\\x01"'),
        ({"a": None}, b'{"a":null}'),
    ],
)
def test_values_have_json(value: Any, expected: bytes) -> None:
    """What Python has and JSON has not is told in its nearest form."""
    assert encode_value(value) == expected


def test_rows_are_dicts() -> None:
    """Anything else is a mistake of the function's."""
    assert rows_document(COMPANY, ONE_ROW.returns, None) == "[]"
    with pytest.raises(TypeError, match="a row of companies is a dict, not int"):
        rows_document(COMPANY, ROWS.returns, [1])


def test_plain_values_are_asked_for_by_accept() -> None:
    """They are no form that rows can have."""
    request_shape = Shape("GET", "/rest/v1/rpc/f", (), accept="text/plain")

    assert split_raw_accept(request_shape) == (request_shape._replace(accept=""), "text/plain")
    intent = asked("GET /rpc/f")
    assert code_of(lambda: plan_result(intent, ROWS, MODEL, PlanLimits(), "text/plain")) == (
        "PGRST107"
    )


def test_get_is_for_functions_that_read() -> None:
    """OPTIONS tells."""
    assert allowed_methods({"f": (ADD,)}, "/rest/v1/rpc/f") == "OPTIONS,POST"
    assert code_of(lambda: allowed_methods({}, "/rest/v1/rpc/f")) == "PGRST202"
