"""Twin of jotbase.access.enforcement.guard."""

from __future__ import annotations

import pytest
from tests.unit.access.board import ADA, BOB, JOBS, MEMBERS, caller, drive, job, policy, text

from jotbase.access.enforcement.guard import AllowAllGuard, RuleGuard, update_check, using
from jotbase.errors import AccessError
from jotbase.expression.expr import FALSE, TRUE, Context
from jotbase.query.plan.guarding import Guard, WriteAction
from jotbase.values import Row

OWN = "row.posted_by == user.id"


def outcome(guard: Guard, action: WriteAction, row: Row, old: Row | None, reading: bool) -> str:
    """Return `yes`, or the message with which a write is refused."""
    olds = None if old is None else [old]
    try:
        drive(guard.check(JOBS, action, [row], olds, caller(), reading))
    except AccessError as error:
        return error.message.removeprefix("new row violates row-level security policy ")
    return "yes"


def test_rows_are_those_of_the_actions_own_rule() -> None:
    """A statement gets its own rule; who compiles it adds that of select."""
    guard: Guard = RuleGuard(policy(select="row.open", update=f"{OWN} and new.id == row.id"))

    assert text(guard.row_condition(JOBS, "select")) == "row.open"
    assert text(guard.row_condition(JOBS, "update")) == "row.posted_by = ?"
    assert guard.row_condition(JOBS, "delete") == FALSE
    assert guard.row_condition(MEMBERS, "select") == FALSE


def test_a_rule_without_new_holds_for_new_rows_too() -> None:
    """USING stands in for WITH CHECK where there is none (CREATE POLICY)."""
    assert text(update_check(policy(update=OWN), JOBS)) == "new.posted_by = ?"
    assert text(update_check(policy(update=f"{OWN} and new.open"), JOBS)) == "new.open"
    assert text(using(policy(update="new.open"), JOBS, "update")) == "TRUE"


MINE, THEIRS = job(posted_by=ADA, open=True), job(posted_by=BOB, open=True)
HIDDEN = job(posted_by=ADA, open=False)


@pytest.mark.parametrize(
    ("action", "row", "old", "reading", "answer"),
    [
        ("insert", MINE, None, True, "yes"),
        ("insert", THEIRS, None, False, 'for table "jobs"'),
        ("insert", HIDDEN, None, False, "yes"),
        ("insert", HIDDEN, None, True, 'for table "jobs"'),
        ("update", MINE, MINE, False, "yes"),
        ("update", THEIRS, MINE, False, 'for table "jobs"'),
        ("update", HIDDEN, MINE, False, 'for table "jobs"'),
        ("update", MINE, THEIRS, False, "yes"),
        ("merge", MINE, MINE, False, "yes"),
        ("merge", MINE, THEIRS, False, '(USING expression) for table "jobs"'),
        ("merge", MINE, HIDDEN, False, '(USING expression) for table "jobs"'),
        ("merge", THEIRS, MINE, False, 'for table "jobs"'),
    ],
)
def test_writes_are_checked_as_postgresql_does(
    action: WriteAction, row: Row, old: Row | None, reading: bool, answer: str
) -> None:
    """The table «Policies Applied by Command Type» of CREATE POLICY, line by line."""
    rules = {"select": "row.open", "insert": "new.posted_by == user.id", "update": OWN}

    assert outcome(RuleGuard(policy(**rules)), action, row, old, reading) == answer


def test_a_table_without_rules_takes_no_rows() -> None:
    """No rule means no."""
    assert outcome(RuleGuard(policy()), "insert", MINE, None, False) == 'for table "jobs"'


def test_checks_are_made_once() -> None:
    """The same question finds its compiled checks."""
    guard = RuleGuard(policy(insert="new.open"))

    assert guard.checks(JOBS, "insert", False) is guard.checks(JOBS, "insert", False)
    assert [check.relational for check in guard.checks(JOBS, "insert", False)] == [None]
    assert RuleGuard(policy(insert="True")).checks(JOBS, "insert", False) == ()


def test_the_pass_guard_passes_all() -> None:
    """The service role is above the rules."""
    guard: Guard = AllowAllGuard()

    assert guard.row_condition(JOBS, "delete") == TRUE
    assert outcome(guard, "merge", THEIRS, THEIRS, True) == "yes"


def test_rules_that_look_into_other_rows_say_at_which_columns() -> None:
    """Local rules look into none, so that it does not matter when they are asked."""
    local = RuleGuard(policy(insert="new.posted_by == user.id"))
    guard = RuleGuard(
        policy(
            insert="new.salary > 5 and any(m.user == user.id for m in members if m.job == new.id)"
        )
    )

    assert local.columns_checked(JOBS, "insert", False) is None
    assert guard.columns_checked(JOBS, "insert", False) == frozenset(("salary", "id"))


def test_what_can_be_told_before_rows_are_stored() -> None:
    """A local rule is asked of rows that have what it looks at; the others wait."""
    guard = RuleGuard(policy(insert="new.posted_by == user.id"))

    assert guard.precheck(JOBS, [{"posted_by": ADA}], caller()) is None
    assert guard.precheck(JOBS, [{}], caller()) is None
    refusal = guard.precheck(JOBS, [{"posted_by": ADA}, {"posted_by": BOB}], caller())
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("42501", 403)


def test_who_may_insert_nothing_whatever_it_is() -> None:
    """No rule lets nobody in; a rule about the caller alone needs no row."""
    guard = RuleGuard(policy(insert="user.role == 'admin'"))

    assert guard.denied(JOBS, "insert", caller()) is not None
    assert RuleGuard(policy()).denied(JOBS, "insert", caller()) is not None
    assert (
        RuleGuard(policy(insert="new.posted_by == user.id")).denied(JOBS, "insert", caller())
        is None
    )


@pytest.mark.parametrize(
    ("rule", "signed_in", "visitor"),
    [
        ("True", True, True),
        ("False", False, False),
        ("row.id == 1", True, True),
        ("user.role == 'authenticated'", True, False),
        ("row.id == 1 and user.role == 'authenticated'", True, False),
        ("row.id == 1 or user.role == 'authenticated'", True, True),
        ("row.posted_by == user.id", True, False),
    ],
)
def test_what_no_row_could_let_through(rule: str, signed_in: bool, visitor: bool) -> None:
    """What the caller alone decides is decided; what a row decides may be true of one."""
    guard = RuleGuard(policy(select=rule))

    assert [guard.allows(JOBS, "select", one) for one in (caller(), Context())] == [
        signed_in,
        visitor,
    ]
    assert not guard.allows(JOBS, "delete", caller())
