"""Writes as units of work: which statements, in which order, and what undoes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.query.board import COMPANIES, GENEROUS, OPEN, OpenGuard, code_of, drive, planned

from jotbase.errors import AccessError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import WriteAction
from jotbase.query.plan.nodes import DeletePlan, InsertPlan, PlanLimits, TxEnd, UpdatePlan
from jotbase.query.request.intent import Payload
from jotbase.query.write.result import WriteContext
from jotbase.query.write.units import delete_unit, insert_unit, update_unit
from jotbase.schema.model.tables import Table
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.units import RolledBack, UnitOfWork
from jotbase.values import Row

MEANS = WriteContext(RowCheck(COMPANIES), OPEN)
REPRESENT = "return=representation"
ONE = Payload(({"name": "a"},), single=True)
STORED = (7, 7, "a", "hidden")


class Watchful(OpenGuard):
    """Remembers what it was asked, and refuses rows named `evil`."""

    def __init__(self) -> None:
        self.checked: list[tuple[WriteAction, list[str], list[str] | None, bool]] = []

    def check(
        self,
        table: Table,
        action: WriteAction,
        rows: Sequence[Row],
        olds: Sequence[Row] | None,
        context: Context,
        reading: bool,
    ) -> UnitOfWork[None]:
        """Note the question down."""
        before = None if olds is None else [row["name"] for row in olds]
        names = [row["name"] for row in rows]
        if names:
            self.checked.append((action, names, before, reading))
        if "evil" in names:
            raise AccessError("42501", "refused")
        yield from ()


def inserting(
    line: str = "POST /companies", limits: PlanLimits = GENEROUS, /, **headers: str
) -> InsertPlan:
    """Return the plan of a POST or PUT."""
    plan = planned(line, limits, **headers)
    assert isinstance(plan, InsertPlan)
    return plan


def updating(**headers: str) -> UpdatePlan:
    """Return the plan of a PATCH."""
    plan = planned("PATCH /companies?id=gt.1", **headers)
    assert isinstance(plan, UpdatePlan)
    return plan


def deleting(line: str = "DELETE /companies?id=gt.1", **headers: str) -> DeletePlan:
    """Return the plan of a DELETE."""
    plan = planned(line, **headers)
    assert isinstance(plan, DeletePlan)
    return plan


def test_an_insert_gives_back_what_was_stored() -> None:
    """The answer is made of what RETURNING gave, without what is never sent."""
    written, ran = drive(insert_unit(inserting(prefer=REPRESENT), ONE, Context(), MEANS), [STORED])

    assert written.body == '[{"id":7,"name":"a"}]'
    assert (written.affected, written.keys) == (1, ("id", "name"))
    assert len(ran) == 1


def test_a_new_row_can_be_found() -> None:
    """Whoever asks for headers alone learns the way to the row."""
    plan = inserting("POST /companies", prefer="return=headers-only")
    written, _ = drive(insert_unit(plan, ONE, Context(), MEANS), [STORED])

    assert (written.location, written.body) == ("id=eq.7", None)


def test_an_insert_says_nothing_unasked() -> None:
    """Without return=representation there is no body."""
    written, _ = drive(insert_unit(inserting(), ONE, Context(), MEANS), [STORED])

    assert written.body is None


def test_what_needs_another_look_is_read_again() -> None:
    """Casts and relations are read through the row's number, in the same unit."""
    plan = inserting("POST /companies?select=id::text,jobs(id)", prefer=REPRESENT)
    written, ran = drive(insert_unit(plan, ONE, Context(), MEANS), [STORED], [('[{"id":"7"}]', 1)])

    assert written.body == '[{"id":"7"}]'
    assert '"row"."id" = ?' in ran[1].text
    assert 7 in ran[1].params


def test_an_empty_insert_runs_nothing() -> None:
    """`[]` is a valid body of no rows."""
    written, ran = drive(
        insert_unit(inserting(prefer=REPRESENT), Payload((), False), Context(), MEANS)
    )

    assert (written.affected, written.body, ran) == (0, "[]", [])


def test_a_merge_is_judged_as_proposed_and_as_merged() -> None:
    """New rows meet the insert rule, merged ones that and the update rule on old and new."""
    guard = Watchful()
    plan = inserting("POST /companies?on_conflict=name", prefer="resolution=merge-duplicates")
    payload = Payload(({"name": "a"}, {"name": "b"}), single=False)
    written, _ = drive(
        insert_unit(plan, payload, Context(), WriteContext(RowCheck(COMPANIES), guard)),
        [],
        [(6,)],
        [(7, 7, "a", None), (8, 8, "b", None)],
        [],
        [],
        [(7, 7, "a", None)],
        [(6,)],
        [(7, 7, "a", None), (8, 8, "b", None)],
    )

    assert guard.checked == [
        ("insert", ["b"], None, False),
        ("insert", ["a"], None, False),
        ("merge", ["a"], ["a"], False),
    ]
    assert written.created


def test_a_refused_row_ends_the_unit() -> None:
    """What a rule refuses is raised, which undoes the statement before."""
    write_context = WriteContext(RowCheck(COMPANIES), Watchful())
    unit = insert_unit(inserting(), Payload(({"name": "evil"},), True), Context(), write_context)

    with pytest.raises(AccessError):
        drive(unit, [(7, 7, "evil", None)])


def test_an_update_reads_judges_and_writes() -> None:
    """Rows are chosen with both rules, changed by number, and judged with their old selves."""
    guard = Watchful()
    write_context = WriteContext(RowCheck(COMPANIES), guard)
    payload = Payload(({"name": "b"},), single=True)
    written, ran = drive(
        update_unit(updating(prefer=REPRESENT), payload, Context(values=("1",)), write_context),
        [(8, 8, "x", None), (7, 7, "y", None)],
        [(7, 7, "b", None), (8, 8, "b", None)],
    )

    assert ran[0].text.startswith('SELECT "row"."id", "row"."id", "row"."name"')
    assert ran[1].params == ["b", "[8,7]"]
    assert guard.checked == [("update", ["b", "b"], ["x", "y"], True)]
    assert written.body == '[{"id":8,"name":"b"},{"id":7,"name":"b"}]'


def test_rows_that_a_trigger_kept_are_left_out() -> None:
    """What did not come back was not changed, and no rule is asked of it."""
    guard = Watchful()
    write_context = WriteContext(RowCheck(COMPANIES), guard)
    payload = Payload(({"name": "b"},), single=True)
    written, _ = drive(
        update_unit(updating(prefer=REPRESENT), payload, Context(values=("1",)), write_context),
        [(7, 7, "x", None), (8, 8, "y", None), (9, 9, "z", None)],
        [(9, 9, "b", None), (7, 7, "b", None)],
    )

    assert guard.checked == [("update", ["b", "b"], ["x", "z"], True)]
    assert (written.affected, written.body) == (2, '[{"id":7,"name":"b"},{"id":9,"name":"b"}]')


def test_rows_that_cannot_be_paired_are_refused() -> None:
    """A rule is never asked of a row beside another's past."""
    payload = Payload(({"name": "b"},), single=True)
    unit = update_unit(updating(), payload, Context(values=("1",)), MEANS)
    before = [(7, 7, "x", None), (8, 8, "y", None)]

    assert code_of(lambda: drive(unit, before, [(7, 7, "b", None), (5, 5, "b", None)])) == "0A000"


def test_an_update_of_nothing() -> None:
    """No row is no error; an empty body does not even look."""
    unit = update_unit(updating(prefer=REPRESENT), ONE, Context(values=("1",)), MEANS)
    empty = update_unit(updating(), Payload(({},), True), Context(values=("1",)), MEANS)

    written, ran = drive(unit, [])
    assert (written.affected, written.body, len(ran)) == (0, "[]", 1)
    written, ran = drive(empty)
    assert (written.affected, written.body, ran) == (0, None, [])


def test_a_delete_gives_back_what_was_there() -> None:
    """What is returned is read before it goes."""
    written, ran = drive(
        delete_unit(deleting(prefer=REPRESENT), Context(values=("1",)), MEANS), [STORED], [(7,)]
    )

    assert written.body == '[{"id":7,"name":"a"}]'
    assert ran[1].text.startswith("DELETE FROM")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"prefer": "handling=strict, max-affected=1"}, "PGRST124"),
        ({"accept": "application/vnd.pgrst.object+json"}, "PGRST116"),
    ],
)
def test_too_many_rows(headers: dict[str, str], code: str) -> None:
    """More rows than were expected are left as they are."""
    unit = delete_unit(deleting(**headers), Context(values=("1",)), MEANS)

    assert code_of(lambda: drive(unit, [STORED, STORED])) == code


def test_put_needs_the_row_it_names() -> None:
    """The key of the address is the key of the body."""
    plan = inserting("PUT /jobs?id=eq.1")
    write_context = WriteContext(RowCheck(plan.table), OPEN)
    payload = Payload(({"id": 2, "title": "a"},), single=True)

    unit = insert_unit(plan, payload, Context(values=("1",)), write_context)
    assert code_of(lambda: drive(unit)) == "PGRST115"


@pytest.mark.parametrize(
    ("tx_end", "prefer", "undone"),
    [
        ("commit", "tx=rollback", False),
        ("commit-allow-override", "tx=rollback", True),
        ("rollback", "tx=commit", True),
        ("rollback-allow-override", "tx=commit", False),
        ("rollback-allow-override", "", True),
    ],
)
def test_how_a_write_ends(tx_end: TxEnd, prefer: str, undone: bool) -> None:
    """A caller may undo a write, or keep it, only where the project lets callers say so."""
    plan = inserting("POST /companies", PlanLimits(tx_end=tx_end), prefer=prefer)
    unit = insert_unit(plan, ONE, Context(), MEANS)
    try:
        drive(unit, [STORED])
        found = False
    except RolledBack as end:
        found = end.result.affected == 1

    assert found is undone


@pytest.mark.parametrize("body", [{}, {"title": "a"}, {"id": 2}])
def test_a_put_without_its_key_is_of_another_row(body: dict[str, Any]) -> None:
    """What else its row lacks is not asked: the filters leave it out first."""
    plan = inserting("PUT /jobs?id=eq.1")
    write_context = WriteContext(RowCheck(plan.table), OPEN)

    unit = insert_unit(plan, Payload((body,), single=True), Context(values=("1",)), write_context)
    assert code_of(lambda: drive(unit)) == "PGRST115"
