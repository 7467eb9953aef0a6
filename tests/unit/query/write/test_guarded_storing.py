"""Rows judged before they are stored, or stored on trial first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.query.board import column, drive, table

from jotbase.errors import ConflictError, RequestError
from jotbase.query.write.guarded_storing import (
    RELEASE,
    SAVE,
    UNDO,
    WrittenRows,
    paired_rows,
    predicted_row,
    store_with_rules,
    with_tried_defaults,
)
from jotbase.schema.model.tables import Column, Type
from jotbase.sql.units import Rows, Statement, UnitOfWork

PUT = Statement("put")
ASK = Statement("ask")


def stored(*values: int) -> WrittenRows:
    """Return rows that are new."""
    return WrittenRows([], [{"a": value} for value in values], [None] * len(values))


def store(_: WrittenRows | None = None) -> UnitOfWork[WrittenRows]:
    """Store what the test says that came back."""
    found: Rows = yield PUT
    return stored(*(row[0] for row in found))


def ask(rows: WrittenRows) -> UnitOfWork[None]:
    """Ask a rule about rows."""
    yield Statement(ASK.text, [row["a"] for row in rows.rows])


def checked(*values: int) -> Statement:
    """Return the question about rows of those values."""
    return Statement(ASK.text, list(values))


def unasked() -> WrittenRows:
    """Predict nothing: a guess that is not needed costs a copy of all rows."""
    raise AssertionError


def test_local_rules_are_asked_of_what_was_stored() -> None:
    """They look into no other row, so that neither a trial nor a guess is made."""
    _, ran = drive(store_with_rules(store, ask, None, unasked), [(1,)], [])

    assert ran == [Statement("put", []), checked(1)]


def test_a_right_guess_is_stored_once() -> None:
    """The rules are asked before, and what was stored is what they were asked about."""
    unit = store_with_rules(store, ask, frozenset("a"), lambda: stored(1))
    _, ran = drive(unit, [], [], [(1,)], [])

    assert [one.text for one in ran] == [ASK.text, SAVE.text, PUT.text, RELEASE.text]


@pytest.mark.parametrize("predicted", [stored(5), WrittenRows([], [{}], [None])])
def test_what_cannot_be_guessed_is_stored_on_trial(predicted: WrittenRows) -> None:
    """It is taken back, the rules are asked of it, and it is stored again."""
    unit = store_with_rules(store, ask, frozenset("a"), lambda: predicted)
    first: list[Rows] = [[]] if predicted.rows[0] else []
    after, ran = drive(unit, *first, [], [(1,)], [], [], [(1,)], [])

    texts = [one.text for one in ran][len(first) :]
    assert texts == [SAVE.text, PUT.text, UNDO.text, ASK.text, PUT.text, RELEASE.text]
    assert checked(1) in ran
    assert after.rows == [{"a": 1}]


def test_what_the_database_refuses_leaves_nothing() -> None:
    """Rows of the same statement before it are taken back, so that no rule sees them."""
    unit = store_with_rules(store, ask, frozenset("a"), lambda: WrittenRows([], [{}], [None]))
    assert (next(unit), unit.send([])) == (SAVE, PUT)

    assert unit.throw(ConflictError("23505", "taken")) == UNDO
    with pytest.raises(ConflictError):
        unit.send([])


def test_what_can_be_told_of_a_row_before() -> None:
    """Absent columns are null, but for those that the database fills."""
    things = table(
        "things",
        column("id", Type.INTEGER, identity=True),
        column("a"),
        Column("b", Type.TEXT, {"x-default": "random()"}, nullable=True),
        column("c", generated="a || b"),
        column("d"),
    )

    assert predicted_row(things, {"a": "x"}) == {"a": "x", "d": None}


def test_rows_are_paired_by_their_keys() -> None:
    """What a trigger kept is left out; what cannot be told apart is refused."""
    before = WrittenRows([1, 2], [{"a": 1}, {"a": 2}])

    assert paired_rows(before, [1, 2], WrittenRows([2], [{"a": 5}])) == WrittenRows(
        [2], [{"a": 5}], [{"a": 2}]
    )
    with pytest.raises(RequestError) as caught:
        paired_rows(before, [1, 2], WrittenRows([3], [{"a": 5}]))
    assert caught.value.code == "0A000"


def test_what_never_comes_out_the_same_is_refused() -> None:
    """A trigger may draw lots: trials end, since each holds the only writer."""
    trials = [part for value in range(9) for part in ([(value,)], [], [])]

    with pytest.raises(RequestError, match="comes out otherwise each time") as refusal:
        drive(
            store_with_rules(store, ask, frozenset("a"), lambda: WrittenRows([], [{}])), [], *trials
        )
    assert refusal.value.code == "0A000"


def test_values_that_were_drawn_on_trial_are_kept() -> None:
    """What the database fills by an expression of its own is given to it the second time."""
    made = table("lots", column("a"), replace(column("b"), schema={"x-default": "random()"}))
    rows = [{"a": 1}, {"a": 2, "b": 3}]

    assert with_tried_defaults(made, rows, None) == rows
    trial = WrittenRows([], [{"a": 1, "b": 7}, {"a": 2, "b": 3}], [None, None])
    assert with_tried_defaults(made, rows, trial) == [{"a": 1, "b": 7}, {"a": 2, "b": 3}]
    merged = WrittenRows([], [{"a": 1, "b": 7}, {"a": 2, "b": 3}], [{"a": 1, "b": 7}, None])
    assert with_tried_defaults(made, rows, merged) == rows
    assert with_tried_defaults(made, rows, WrittenRows([], [{"a": 1, "b": 7}], [None])) == rows
