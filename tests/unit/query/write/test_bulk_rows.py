"""Rows of the same keys, made ready by one recipe; what is in doubt is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import COMPANIES, JOBS, OPEN, PEOPLE, column, planned, table

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import InsertPlan, Returning
from jotbase.query.request.body import Cell
from jotbase.query.request.intent import Payload
from jotbase.query.write.bulk_rows import (
    default_of,
    present_properties,
    row_template,
    template_rows,
)
from jotbase.query.write.payload_rows import new_rows
from jotbase.query.write.result import SharedDefault, WriteContext
from jotbase.schema.model.tables import Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.values import Row

NOW = "2026-01-01T00:00:00+00:00"
DEFAULTS = {"created_at": lambda context: context.now}


def made(of: Table, *raws: Row, names: tuple[str, ...] | None = None) -> list[Row] | None:
    """Return what rows of the first one's keys, or of these, come to."""
    write_context = WriteContext(RowCheck(of), OPEN, defaults=DEFAULTS)
    return template_rows(
        row_template(of, names or tuple(raws[0])), raws, Context(now=NOW), write_context
    )


def test_rows_get_their_defaults() -> None:
    """Every row is filled, and what was given is left as it was."""
    raws: list[Row] = [{"title": "a"}, {"title": "b"}]

    assert made(JOBS, *raws) == [
        {"title": "a", "remote": False, "created_at": NOW},
        {"title": "b", "remote": False, "created_at": NOW},
    ]
    assert raws == [{"title": "a"}, {"title": "b"}]


def test_values_become_canonical() -> None:
    """A UUID is in lower case, a whole number no float, a null stays."""
    of = table("t", column("u", Type.UUID), column("n", Type.INTEGER), column("b", Type.BOOLEAN))

    rows = made(of, {"u": "AB" * 16, "n": 2.0, "b": None})

    assert rows == [{"u": "ab" * 16, "n": 2, "b": None}]
    assert rows is not None
    assert type(rows[0]["n"]) is int


@pytest.mark.parametrize(
    ("of", "raws", "names"),
    [
        (JOBS, [{"title": "a"}, {"title": "b", "salary": 1}], None),
        (JOBS, [{"title": "a", "odd": 1}], ("title",)),
        (JOBS, [{"title": Cell("a")}], None),
        (JOBS, [{"title": "a"}, {"title": None}], None),
        (JOBS, [{"salary": 1}], None),
        (JOBS, [{"title": "a", "id": None}], None),
        (PEOPLE, [{"name": "a"}], None),
    ],
    ids=["keys", "more keys", "cell", "null", "absent", "null key", "absent key"],
)
def test_what_is_in_doubt_is_left_alone(
    of: Table, raws: list[Row], names: tuple[str, ...] | None
) -> None:
    """Other keys, text that is yet to be read, and missing values are for the slower way."""
    assert made(of, *raws, names=names) is None


def test_a_fault_is_left_to_be_worded() -> None:
    """A row that breaks its schema is not made, and nothing is said of it here."""
    of = Table("t", (column("n", Type.INTEGER),), schema={"properties": {"n": {"minimum": 1}}})

    assert made(of, {"n": 1}) == [{"n": 1}]
    assert made(of, {"n": 1}, {"n": 0}) is None


def test_what_differs_from_row_to_row_is_made_for_each() -> None:
    """A default is asked once a row, but for those that are the same for all."""
    numbers = iter(range(9))
    of = table("t", column("n", Type.INTEGER), column("m", Type.INTEGER))
    fills: dict[str, Callable[[Context], Any]] = {
        "n": lambda _: next(numbers),
        "m": SharedDefault(lambda _: next(numbers)),
    }

    rows = template_rows(
        row_template(of, ()), [{}, {}], Context(), WriteContext(RowCheck(of), OPEN, defaults=fills)
    )

    assert rows == [{"n": 0, "m": 2}, {"n": 1, "m": 2}]


def test_a_default_that_has_no_value_is_no_value() -> None:
    """What a default gives to a column that must have a value may not be null."""
    of = table("t", column("owner", nullable=False))
    write_context = WriteContext(
        RowCheck(of), OPEN, defaults={"owner": lambda context: context.principal.id}
    )

    assert template_rows(row_template(of, ()), [{}], Context(), write_context) is None


@pytest.mark.parametrize("value", [2**63, "a\0"])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    """Numbers past 64 bits and U+0000 cannot be stored."""
    of = table("t", column("v", Type.TEXT if isinstance(value, str) else Type.INTEGER))

    with pytest.raises(RequestError):
        made(of, {"v": value})


def test_null_that_is_no_value_is_absent() -> None:
    """JSON Schema does not see a property that is not there."""
    of = Table("t", (column("a"), column("b", nullable=False)))

    assert present_properties(of, {"a": None, "b": None}) == {"a": None}


def test_defaults_come_from_rule_or_literal() -> None:
    """What the database numbers has no default here."""
    write_context = WriteContext(RowCheck(JOBS), OPEN, defaults=DEFAULTS)
    found = {
        one.name: default_of(one, write_context) for one in (*JOBS.columns, *COMPANIES.columns)
    }
    given = {name: fill(Context(now=NOW)) for name, fill in found.items() if fill is not None}

    assert given == {"remote": False, "created_at": NOW}


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just(Cell("1"))
ROWS = st.lists(
    st.dictionaries(st.sampled_from(("title", "salary", "remote", "data")), VALUES), min_size=1
)


def outcome(rows: list[Row], of: Table) -> list[Row] | RequestError:
    """Return what new rows come to, faults and all."""
    plan = InsertPlan(of, planned("GET /jobs").answer, Returning(), defaults=True)
    write_context = WriteContext(RowCheck(of), OPEN, defaults=DEFAULTS)
    try:
        made = new_rows(plan, Payload(tuple(rows), single=False), Context(now=NOW), write_context)
    except RequestError as error:
        return error
    return made.rows if made.missing is None else made.missing


def test_a_row_goes_either_way_to_the_same_end() -> None:
    """Beside rows of other keys, which go one by one, a row comes to what it comes to alone."""
    kept = tuple(one for one in JOBS.columns if one.name not in ("id", "company_id"))
    request_values = {"salary": {"type": ["integer", "null"]}, "title": {"type": "string"}}
    of = Table("t", kept, schema={"properties": {one.name: {} for one in kept} | request_values})
    other: Row = {"title": "x", "salary": 1, "data": 1, "remote": True}

    @given(ROWS)
    def agree(raws: list[Row]) -> None:
        for raw in raws:
            alone, beside = outcome([raw], of), outcome([raw, other, {"title": "y"}], of)
            if isinstance(alone, RequestError):
                assert isinstance(beside, RequestError)
                assert (alone.code, alone.details) == (beside.code, beside.details)
            else:
                assert not isinstance(beside, RequestError)
                assert repr(alone[0]) == repr({name: beside[0][name] for name in alone[0]})

    agree()
