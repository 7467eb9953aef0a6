"""Views that can be written through."""

from __future__ import annotations

from functools import partial

import pytest
from tests.unit.query.board import (
    GENEROUS,
    JOBS,
    MODEL,
    OPEN_JOBS,
    HidingGuard,
    code_of,
    column,
    drive,
    planned,
    table,
)

from jotbase.expression.expr import Apply, Context, Exists, Expr, Field, Follow, Not, Or
from jotbase.query.plan.nodes import DeletePlan, InsertPlan, UpdatePlan
from jotbase.query.plan.updatable import (
    UpdatableView,
    ViewGuard,
    name_in_view,
    table_columns,
    table_expression,
    table_payload,
    updatable_view,
    view_keys,
    view_row_keys,
)
from jotbase.query.request.intent import Payload
from jotbase.query.write.result import WriteContext
from jotbase.query.write.units import delete_unit, insert_unit, update_unit
from jotbase.schema.model.tables import Model, Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE

STORED = (7, 7, "a", 3, None, 0, None, None)


def view(text: str) -> Table:
    """Return a view of that SQL which shows `id` of the jobs."""
    return table("v", column("id", Type.INTEGER), view=text, origins={"id": ("jobs", "id")})


def open_jobs() -> UpdatableView:
    """Return the jobs behind `open_jobs`."""
    found = updatable_view(OPEN_JOBS, MODEL)
    assert found is not None
    return found


def write_context() -> WriteContext:
    """Return what writes through `open_jobs` are done with; its rule shows job 1 alone."""
    return WriteContext(RowCheck(JOBS), ViewGuard(HidingGuard("open_jobs"), open_jobs()))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("select id from jobs", "from jobs"),
        ("SELECT id FROM Jobs j WHERE j.salary > 1;", "FROM Jobs j WHERE j.salary > 1"),
        ('select id from "jobs" as "j" order by id', 'from "jobs" as "j" order by id'),
        ("select id, (select max(x) from t limit 1) from [jobs]", "from [jobs]"),
        ("select 'group' -- having\n, id /* from t */ from `jobs`", "from `jobs`"),
    ],
)
def test_simple_views(text: str, rows: str) -> None:
    """One table, and nothing but conditions: what follows FROM says whose rows the view has."""
    updatable = updatable_view(view(text), MODEL)
    assert updatable is not None
    assert (updatable.name, updatable.rows_of) == ("jobs", rows)


@pytest.mark.parametrize(
    "text",
    [
        "select distinct id from jobs",
        "select id from jobs group by id",
        "select id from jobs limit 3",
        "select id from jobs union select id from people",
        "select max(id) from jobs",
        "select id, row_number() over (order by id) from jobs",
        "select jobs.id from jobs, people",
        "select jobs.id from jobs join people",
        "select id from (select id from jobs)",
        "select id from main.jobs",
        "with t as (select 1) select id from jobs",
        "select id from open_jobs",
        "select id from nowhere",
        "values (1)",
    ],
)
def test_other_views(text: str) -> None:
    """What merges, cuts or joins rows has no one row to write."""
    assert updatable_view(view(text), MODEL) is None


def test_a_view_of_computed_columns_alone() -> None:
    """There is nothing in it to write."""
    computed = table("v", column("n"), view="select salary + 1 as n from jobs")
    assert updatable_view(computed, Model({"jobs": JOBS, "v": computed})) is None


def test_keys_by_the_names_of_the_view() -> None:
    """The table's key is the view's, where it shows it whole."""
    updatable = open_jobs()
    assert view_keys(updatable).primary_key == ("id",)
    assert (name_in_view(updatable, "company_id"), name_in_view(updatable, "title")) == (
        "firm",
        "title",
    )
    assert name_in_view(JOBS, "company_id") == "company_id"


def test_columns_and_payloads_by_the_names_of_the_table() -> None:
    """What the view does not have cannot be written through it."""
    updatable = open_jobs()
    assert table_columns(updatable, ["firm"]) == ("company_id",)
    payload = table_payload(updatable, Payload(({"id": 1, "firm": 3},), single=True))
    assert payload.rows == ({"id": 1, "company_id": 3},)
    assert code_of(partial(table_columns, updatable, ["title"])) == "PGRST204"


def test_computed_columns_are_not_written() -> None:
    """PostgreSQL's code for it."""
    mixed = table(
        "v",
        column("id", Type.INTEGER),
        column("n"),
        view="select id, salary + 1 as n from jobs",
        origins={"id": ("jobs", "id")},
    )
    updatable = updatable_view(mixed, Model({"jobs": JOBS, "v": mixed}))
    assert updatable is not None
    assert code_of(partial(table_columns, updatable, ["n"])) == "0A000"
    assert (
        code_of(partial(table_expression, updatable, Field("row", "n", Type.TEXT), ("row",)))
        == "0A000"
    )


def test_expressions_in_the_words_of_the_table() -> None:
    """Only the view's own row is renamed, however deep it is looked at."""
    updatable = open_jobs()
    own, other = Field("row", "firm", Type.INTEGER), Field("c", "firm", Type.INTEGER)
    renamed = Field("row", "company_id", Type.INTEGER)

    def asked(one: Field) -> Expr:
        equal = Apply("eq", (other, one))
        return Not(Or((Exists(JOBS, "c", equal), Follow(one, JOBS, "c", "id", other))))

    assert table_expression(updatable, asked(own), ("row",)) == asked(renamed)


def test_written_rows_are_found_by_the_key_that_the_view_shows() -> None:
    """What is read again after a write is looked up in the view."""
    rows = [{"id": 7, "company_id": 3}, {"id": 8, "company_id": 3}]
    assert view_row_keys(open_jobs(), rows, SQLITE) == (("id",), [7, 8])


def test_an_insert_goes_into_the_table() -> None:
    """The answer has the view's names."""
    plan = planned("POST /open_jobs", prefer="return=representation")
    assert isinstance(plan, InsertPlan)
    payload = Payload(({"id": 7, "company_id": 3, "title": "a"},), single=True)

    written, ran = drive(insert_unit(plan, payload, Context(), write_context()), [], [STORED], [])

    assert written.body == '[{"id":7,"firm":3}]'
    assert ran[1].text.startswith('INSERT INTO "jobs" ("company_id", ')


def test_updates_and_deletes_stay_within_the_view() -> None:
    """Rows that the view lacks, or that its rule hides, are not there."""
    change = planned("PATCH /open_jobs?firm=eq.3", GENEROUS)
    removal = planned("DELETE /open_jobs?firm=eq.3&order=firm", GENEROUS)
    assert isinstance(change, UpdatePlan)
    assert isinstance(removal, DeletePlan)

    payload = Payload(({"company_id": 4},), single=True)
    _, ran = drive(update_unit(change, payload, Context(values=("3",)), write_context()), [])
    _, removed = drive(delete_unit(removal, Context(values=("3",)), write_context()), [])

    assert '("row"."id") IN (SELECT "id" from jobs)' in ran[0].text
    assert '"row"."id" = ?' in ran[0].text
    assert '"row"."company_id" = ?' in ran[0].text
    assert 'ORDER BY "row"."company_id"' in removed[0].text


def test_other_tables_keep_their_rules() -> None:
    """Only the table as the view shows it is under the view's rule: the table itself is not."""
    guard = ViewGuard(HidingGuard("jobs"), open_jobs())
    assert guard.row_condition(JOBS, "select") != guard.row_condition(guard.updatable, "select")
