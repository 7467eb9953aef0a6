"""Twin of jotbase.access.enforcement.checks."""

from __future__ import annotations

import json

import pytest
from tests.unit.access.board import ADA, BOARD, BOB, JOBS, caller, drive, job

from jotbase.access.enforcement.checks import check_rows, old_row_denial
from jotbase.access.language.rules import Action, parse_rule
from jotbase.errors import AccessError
from jotbase.expression.expr import Context, Expr
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import SQLITE


def rule(text: str, table: Table = JOBS, action: Action = "update") -> Expr:
    """Return a rule's meaning."""
    return parse_rule(text, table, action, BOARD)


def test_a_local_condition_asks_nothing() -> None:
    """Row and caller suffice, so that no statement is run."""
    work = check_rows(
        rule("new.posted_by == user.id"), [job(posted_by=ADA)], None, caller(), SQLITE, JOBS
    )

    assert drive(work) == []


@pytest.mark.parametrize(("context", "status"), [(caller(), 403), (caller(None), 401)])
def test_a_refusal_is_postgresqls(context: Context, status: int) -> None:
    """The code is 42501; who has not said who they are is told to (401)."""
    work = check_rows(
        rule("new.posted_by == user.id"), [job(posted_by=BOB)], None, context, SQLITE, JOBS
    )

    with pytest.raises(AccessError) as caught:
        drive(work)

    assert (caught.value.code, caught.value.status) == ("42501", status)
    assert caught.value.message == 'new row violates row-level security policy for table "jobs"'


def test_what_is_unknown_is_refused() -> None:
    """Null makes a condition unknown, and unknown is not yes."""
    with pytest.raises(AccessError):
        drive(check_rows(rule("new.salary < 5"), [job()], None, caller(), SQLITE, JOBS))


def test_old_and_new_rows_are_judged_in_pairs() -> None:
    """A condition over both sees each row beside its own past."""
    condition = rule("new.salary > row.salary")
    rows, olds = [job(salary=2), job(salary=4)], [job(salary=1), job(salary=3)]

    assert drive(check_rows(condition, rows, olds, caller(), SQLITE, JOBS)) == []
    with pytest.raises(AccessError):
        drive(check_rows(condition, rows, olds[::-1], caller(), SQLITE, JOBS))


def test_a_relational_condition_is_one_statement() -> None:
    """However many rows there are, others are asked once; the rows are bound as one document."""
    rows = [job(company="a", logo="AP8="), job(company="b", fee="1.5", tags=["é"])]

    asked = drive(
        check_rows(rule("new.company.owner == user.id"), rows, None, caller(), SQLITE, JOBS)
    )

    assert asked[0].text == (
        'SELECT 1 FROM json_each(?) AS "jot.rows" WHERE ((SELECT "new>company"."owner" FROM'
        ' "companies" AS "new>company" WHERE "new>company"."handle" ='
        " (\"jot.rows\".value ->> '$[0][2]')) = ?) IS NOT TRUE LIMIT 1"
    )
    document, user = asked[0].params
    assert user == ADA
    assert [pair[0][2:6] for pair in json.loads(document)] == [
        ["a", None, None, None],
        ["b", None, None, "1.5"],
    ]
    assert json.loads(document)[0][0][10] == "00ff"


def test_a_row_found_is_a_row_refused() -> None:
    """The statement looks for rows of which the condition is not true."""
    work = check_rows(rule("new.company.owner == user.id"), [job()], None, caller(), SQLITE, JOBS)

    with pytest.raises(AccessError):
        drive(work, [(1,)])


def test_no_rows_ask_nothing() -> None:
    """Nothing written is nothing to check."""
    condition = rule("new.company.owner == user.id")

    assert drive(check_rows(condition, [], None, caller(), SQLITE, JOBS)) == []


def test_an_existing_row_is_refused_in_other_words() -> None:
    """PostgreSQL says so where ON CONFLICT meets a row that may not be changed."""
    assert old_row_denial(JOBS).message == (
        'new row violates row-level security policy (USING expression) for table "jobs"'
    )


def test_one_bad_row_among_many_alike_is_refused() -> None:
    """Rows that a condition cannot tell apart are judged once, all others each."""
    condition = rule("new.posted_by == user.id")
    mine = [job(posted_by=ADA, salary=number) for number in range(5)]

    assert drive(check_rows(condition, mine, None, caller(), SQLITE, JOBS)) == []
    for place in range(6):
        rows = [*mine[:place], job(posted_by=BOB), *mine[place:]]
        with pytest.raises(AccessError):
            drive(check_rows(condition, rows, None, caller(), SQLITE, JOBS))
