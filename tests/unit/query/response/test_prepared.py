"""Questions made ready."""

from __future__ import annotations

import pytest
from tests.unit.query.board import (
    COMPANIES,
    GENEROUS,
    JOBS,
    MODEL,
    OPEN,
    OpenGuard,
    drive,
    request,
)

from jotbase.errors import AccessError, RequestError
from jotbase.expression.expr import Context
from jotbase.query.request.shape import shape
from jotbase.query.response.prepared import Prepared, compile_shape, unit_factory
from jotbase.query.write.result import WriteContext
from jotbase.schema.model.tables import Table
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import PAUSE


def ready(line: str, **headers: str) -> Prepared:
    """Return the question of a request line made ready."""
    request_shape, _ = shape(request(line, headers=headers))
    return compile_shape(request_shape, MODEL, GENEROUS, SQLITE, OPEN)


def test_a_read_is_a_statement() -> None:
    """Its values are filled in when it is asked."""
    prepared = ready("GET /companies?id=eq.5")
    assert prepared.text.startswith("SELECT concat('[', group_concat(json_object(")
    assert prepared.bind(Context(values=("7",))) == [7]
    assert prepared.timed is False


def test_a_write_is_a_plan() -> None:
    """Its statements depend on what comes."""
    assert ready("DELETE /companies?id=eq.5").text == ""


@pytest.mark.parametrize(
    ("line", "body", "start"),
    [
        ("POST /companies", b'{"name": "a"}', 'INSERT INTO "companies"'),
        ("PATCH /companies?id=eq.5", b'{"name": "a"}', "SELECT"),
        ("DELETE /companies?id=eq.5", b"", "SELECT"),
    ],
)
def test_works_of_writes(line: str, body: bytes, start: str) -> None:
    """Each kind of write starts with its own statement."""
    work = unit_factory(
        ready(line), body, Context(values=("5",)), WriteContext(RowCheck(COMPANIES), OPEN)
    )
    _, ran = drive(work(), [])
    assert ran[0].text.startswith(start)


def test_a_malformed_body_is_refused_before_the_work() -> None:
    """No unit of work is begun for it."""
    with pytest.raises(RequestError, match="Empty or invalid json"):
        unit_factory(
            ready("POST /companies"), b"{", Context(), WriteContext(RowCheck(COMPANIES), OPEN)
        )


def test_writes_through_a_view() -> None:
    """The body's names are the view's, the statement's the table's."""
    write = ready("POST /open_jobs", prefer="return=minimal")
    work = unit_factory(
        write, b'{"id": 1, "firm": 2}', Context(), WriteContext(RowCheck(JOBS), OPEN)
    )
    with pytest.raises(RequestError) as refused:
        next(work())
    assert (refused.value.code, "title" in refused.value.message) == ("23502", True)


class NoRight(OpenGuard):
    """Lets nobody insert."""

    def denied(self, table: Table, action: str, context: Context) -> AccessError | None:
        """Refuse."""
        return AccessError("42501", "no right")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'[{"name": "a"}, {"name": 5}]', "42501"),
        (b"[]", None),
        (b"[", "PGRST102"),
        (b"[" * 70_000, "42501"),
    ],
)
def test_who_may_insert_nothing_is_told_before_the_database_is_asked(
    body: bytes, code: str | None
) -> None:
    """No unit of work begins, and a large body is not read."""
    write_context = WriteContext(RowCheck(COMPANIES), NoRight())
    found = None
    try:
        unit_factory(ready("POST /companies"), body, Context(), write_context)
    except (AccessError, RequestError) as error:
        found = error.code

    assert found == code


def test_rows_are_ready_before_a_unit_of_work_begins() -> None:
    """Wrong rows never reach the writer, however often a unit starts over."""
    write_context = WriteContext(RowCheck(COMPANIES), OPEN)

    with pytest.raises(RequestError) as caught:
        unit_factory(ready("POST /companies"), b'{"nope": 1}', Context(), write_context)
    assert caught.value.code == "PGRST204"


@pytest.mark.parametrize(("text", "paused"), [("(1)", False), ("(" + "1," * 3_000 + "1)", True)])
def test_long_values_are_bound_behind_a_pause(text: str, paused: bool) -> None:
    """What a unit does behind a pause is done in a thread, so its list is read there."""
    context = Context(values=(text,))
    tables = WriteContext(RowCheck(COMPANIES), OPEN)
    unit = unit_factory(ready("DELETE /companies?id=in.(1)"), b"", context, tables)()

    assert (next(unit) is PAUSE) is paused
