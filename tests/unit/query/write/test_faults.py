"""Which refusal of a write is told, and all faults together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.unit.query.board import OPEN, OpenGuard, code_of, drive

from jotbase.errors import AccessError, ConflictError, RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import WriteAction
from jotbase.query.request.intent import Payload
from jotbase.query.write.faults import (
    RefusedRows,
    changed_rows,
    check_whole_rows,
    deduplicated_faults,
    located_faults,
    raise_refusal,
    refused_rows,
    whole_row_faults,
)
from jotbase.query.write.result import WriteContext
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row

PROPERTIES: Row = {"properties": {"id": {}, "a": {}, "b": {}, "c": {}}}
#: `b` must be there beside `a`; the database numbers `id` and computes `c`.
TABLE = Table(
    "t",
    (
        Column("id", Type.INTEGER, {}, nullable=False, identity=True),
        Column("a", Type.INTEGER, {}, nullable=True),
        Column("b", Type.INTEGER, {}, nullable=True),
        Column("c", Type.INTEGER, {}, nullable=True, generated="a + 1"),
    ),
    schema=PROPERTIES | {"dependentRequired": {"a": ["b"]}},
)
LIST = Payload((), single=False)
TAKEN = ConflictError("23505", "taken")


class Closed(OpenGuard):
    """Refuses all rows, and remembers them."""

    def __init__(self) -> None:
        self.checked: list[Row] = []

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Say no."""
        self.checked.extend(rows)
        yield from ()
        raise AccessError("42501", "refused")


def told(refused: RefusedRows, guard: OpenGuard = OPEN) -> str:
    """Return the code of what rows are refused with."""
    write_context = WriteContext(RowCheck(refused.table), guard)
    with pytest.raises((AccessError, ConflictError, RequestError)) as caught:
        drive(raise_refusal(refused, "insert", Context(), write_context, True))
    return caught.value.code


def test_the_rule_speaks_before_the_schema_and_the_schema_before_the_keys() -> None:
    """A refusal by the rule tells nothing of the rows; a taken key is told where all else fits."""
    broken = RefusedRows(TABLE, [{"a": 1}], TAKEN, LIST)

    assert told(broken, Closed()) == "42501"
    assert told(broken) == "23514"
    assert told(RefusedRows(TABLE, [{"a": 1, "b": 2}], TAKEN, LIST)) == "23505"
    assert told(RefusedRows(TABLE, [{"a": 1}], TAKEN, LIST, whole=False)) == "23505"


def test_rules_see_rows_with_numbers_that_no_row_has() -> None:
    """What the database would number has some number, and what it computes no value."""
    guard = Closed()
    told(RefusedRows(TABLE, [{"a": 1}, {"id": 5, "a": 2}], TAKEN, LIST), guard)

    assert guard.checked == [
        {"id": 2**52, "a": 1, "b": None, "c": None},
        {"id": 5, "a": 2, "b": None, "c": None},
    ]


def test_what_is_no_fault_of_rows_is_raised_as_it_is() -> None:
    """A lock says nothing of the rows, so that no rule need be asked."""
    locked = RefusedRows(TABLE, [{}], ConflictError("55P03", "locked"), LIST)
    with pytest.raises(ConflictError):
        refused_rows(locked)

    assert refused_rows(RefusedRows(TABLE, [{}], TAKEN, LIST)).error is TAKEN


def test_faults_have_their_row_and_are_told_once() -> None:
    """In a list the row's number leads; what column and row both find is one fault."""
    fault = {"pointer": "/a", "keyword": "minimum", "message": "x"}

    assert located_faults([fault], 3, LIST) == [{**fault, "pointer": "/3/a"}]
    assert located_faults([fault], 3, Payload((), single=True)) == [fault]
    assert deduplicated_faults([fault], [fault, {**fault, "keyword": "type"}]) == [
        fault,
        {**fault, "keyword": "type"},
    ]


def test_a_row_that_is_not_stored_is_held_against_what_it_has() -> None:
    """Absent columns are null, and nothing is said of what the database is still to fill."""
    computed = replace(TABLE, schema=PROPERTIES | {"dependentRequired": {"a": ["c"]}})

    assert [one["keyword"] for one in whole_row_faults(TABLE, {"a": 1}, means_of(TABLE))] == [
        "dependentRequired"
    ]
    assert whole_row_faults(computed, {"a": 1}, means_of(computed)) == []
    assert whole_row_faults(computed, {"a": 1, "c": None}, means_of(computed)) != []


def means_of(table: Table) -> WriteContext:
    """Return what writes of an open table are done with."""
    return WriteContext(RowCheck(table), OPEN)


def test_changed_rows_lack_what_is_computed() -> None:
    """An old row with the new values; a computed value is yet to come."""
    assert changed_rows(TABLE, [{"id": 1, "a": 1, "b": 2, "c": 2}], {"a": 5}) == [
        {"id": 1, "a": 5, "b": 2}
    ]


def test_whole_rows_are_held_against_the_whole_schema() -> None:
    """What needs several columns is checked on the row as stored, NULL standing for absent."""
    table = Table(
        "t",
        tuple(Column(name, Type.INTEGER, {}, nullable=True) for name in ("a", "b")),
        schema={"dependentRequired": {"a": ["b"]}, "properties": {"a": {}, "b": {}}},
    )
    write_context = WriteContext(RowCheck(table), OPEN)
    payload = Payload((), single=True)

    def found(b: int | None) -> str | None:
        rows: list[Row] = [{"a": 1, "b": b}]
        return code_of(lambda: drive(check_whole_rows(table, rows, write_context, payload, "ab")))

    assert found(2) is None
    assert found(None) == "23514"


def test_faults_end_somewhere() -> None:
    """Many wrong rows are a long answer, and nobody reads it all."""
    write_context = means_of(TABLE)
    rows: list[Row] = [{"a": 1, "b": None}] * 3000
    with pytest.raises(RequestError) as caught:
        drive(check_whole_rows(TABLE, rows, write_context, LIST, "ab"), [], [])

    assert len(caught.value.details) == 1000
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("There are more than these 1000.")
