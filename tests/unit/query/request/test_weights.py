"""What parts of a request weigh."""

from __future__ import annotations

import pytest
from tests.unit.query.board import asked, code_of, planned

from jotbase.query.request.weights import (
    CONDITION,
    EXPRESSION,
    MOST_HEADER,
    check_size,
    request_too_complex,
    weight_of,
)


@pytest.mark.parametrize(
    ("line", "conditions"),
    [
        ("", 0),
        ("id=eq.1", 1),
        ("id=eq.1&id=not.in.(1,2,3)", 2),
        ("or=(id.eq.1,and(id.eq.2,id.in.(3,4)))", 5),
        ("id=eq(any).{1,2,3}", 3),
        ("or=(id.eq(all).{1,2},id.is.null)", 4),
    ],
)
def test_conditions(line: str, conditions: int) -> None:
    """A list is one value; alternatives, and the trees that conditions stand in, count each."""
    filters = asked(f"GET /jobs?{line}").filters.get((), ())

    assert weight_of(filters) == conditions * CONDITION


def test_the_error_says_what_counts() -> None:
    """It is PostgreSQL's own code for statements that are too complex."""
    error = request_too_complex()

    assert (error.code, error.status) == ("54001", 400)
    assert error.details == (
        "Each key weighs 2 (40 beside aggregates), each condition 10 (500 with a regular"
        " expression), each term of an order 20, each related table 25; together they weigh more"
        " than 12000."
    )


@pytest.mark.parametrize(
    "line",
    [
        "select=" + "a," * 6_001,
        "order=" + "id," * 601,
        "columns=" + "id," * 6_001,
        "on_conflict=" + "id," * 6_001,
        "&".join(["id=gt.1"] * 2_001),
    ],
)
def test_what_weighs_too_much_is_not_read(line: str) -> None:
    """Lists of names and parameters are counted before anything is made of them."""
    assert code_of(lambda: asked(f"GET /jobs?{line}")) == "54001"


@pytest.mark.parametrize("header", ["prefer", "accept", "content_type"])
def test_headers_have_a_length(header: str) -> None:
    """Of 16 KiB, which nothing honest has."""
    check_size(0, ["a" * MOST_HEADER])
    line = "POST /jobs" if header == "content_type" else "GET /jobs"
    long = {header: "application/json;" + "a=b;" * (MOST_HEADER // 4)}
    assert code_of(lambda: asked(line, **long)) == "54001"


def test_regular_expressions_weigh_what_reading_them_may_take() -> None:
    """Each of them, and each alternative: some milliseconds."""
    filters = asked("GET /jobs?title=match.a&or=(title.imatch(any).{a,b},id.eq.1)").filters[()]

    assert weight_of(filters) == 3 * EXPRESSION + 2 * CONDITION
    assert code_of(lambda: planned("GET /jobs?" + "&".join(["title=match.a"] * 25))) == "54001"
