"""Views that triggers write."""

from __future__ import annotations

from tests.unit.query.board import JOBS, MODEL, OPEN_JOBS, code_of, column, planned, table

from jotbase.query.plan.triggered_views import (
    allowed_writes,
    refuse_computed,
    refuse_merge,
    triggered_view,
    with_triggers,
)
from jotbase.schema.model.tables import Model

COUNTS = table("counts", column("n"), view="SELECT count(*) AS n FROM jobs")
ADD = "CREATE TRIGGER add_one INSTEAD OF INSERT ON counts BEGIN SELECT 1; END"
AFTER = "CREATE TRIGGER after_one AFTER DELETE ON jobs BEGIN SELECT 1; END"


def test_a_view_is_written_as_its_triggers_say() -> None:
    """A table and a simple view take everything, other views what has a trigger."""
    model = with_triggers(Model({"counts": COUNTS}), [("counts", ADD), ("counts", AFTER)])

    assert (
        allowed_writes(JOBS, MODEL)
        == allowed_writes(OPEN_JOBS, MODEL)
        == {"insert", "update", "delete"}
    )
    assert allowed_writes(COUNTS, MODEL) == frozenset()
    assert allowed_writes(model.tables["counts"], model) == {"insert"}


def test_a_trigger_stands_before_the_way_through_the_view() -> None:
    """For the writes that it does, the view is no face of its table."""
    model = with_triggers(MODEL, [("open_jobs", ADD)])
    view = model.tables["open_jobs"]

    assert triggered_view(view, "insert", model) is None
    assert triggered_view(view, "update", model) is not None


def test_refusals_have_a_code_and_say_what_to_do() -> None:
    """SQLite merges nothing through a trigger, and cannot tell what one left."""
    for refusal in (refuse_merge(COUNTS), refuse_computed(COUNTS)):
        assert (refusal.code, bool(refusal.hint)) == ("0A000", True)


def test_a_view_without_a_trigger_for_it_cannot_be_written() -> None:
    """PostgreSQL's code for it."""
    assert code_of(lambda: planned("POST /counts")) in ("55000", "PGRST205")
