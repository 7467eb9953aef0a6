"""Whole models compared."""

from typing import Any

from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.schema.upgrading.diff import UpgradeSteps, diff

T = table_file({"id": ID, "a": TEXT}, primaryKey=["id"])
V = table_file({"a": TEXT}, view="select a from t")


def names(tables: Any) -> list[str]:
    """Return the tables' names."""
    return [table.name for table in tables]


def test_the_same_model_needs_no_steps() -> None:
    """Nothing is done, asked or told."""
    assert diff(model(t=T, v=V), model(t=T, v=V)) == UpgradeSteps()


def test_new_tables_and_views_are_made() -> None:
    """Nothing can be lost by it."""
    steps = diff(model(), model(t=T, v=V))

    assert (names(steps.created), names(steps.created_views)) == (["t"], ["v"])
    assert steps.descriptions == ("t: new table", "v: new view")
    assert steps.refusal_faults == ()


def test_a_table_without_its_file_is_not_dropped() -> None:
    """Unless that was allowed, in which case the permit is used up."""
    refusal_faults = diff(model(t=T), model())
    allowed = diff(model(t=T), model(), frozenset({"drop t", "drop other"}))

    assert [fault.file for fault in refusal_faults.refusal_faults] == ["schemas/t.json"]
    assert (allowed.refusal_faults, names(allowed.dropped)) == ((), ["t"])
    assert allowed.permits == ("drop t",)
    assert allowed.descriptions == ("t: table dropped, as allowed",)


def test_a_view_goes_and_comes_as_it_likes() -> None:
    """It holds no rows."""
    gone = diff(model(t=T, v=V), model(t=T))
    other = diff(model(t=T, v=V), model(t=T, v={**V, "view": "select a from t where id > 1"}))

    assert (names(gone.dropped_views), gone.descriptions) == (["v"], ("v: view dropped",))
    assert (names(other.dropped_views), names(other.created_views)) == (["v"], ["v"])
    assert other.descriptions == ("v: view changed",)


def test_a_table_does_not_become_a_view_but_a_view_a_table() -> None:
    """The first would lose the table's rows."""
    table = model(t=T, x=table_file({"a": TEXT}))
    view = model(t=T, x=V)

    assert [fault.pointer for fault in diff(table, view).refusal_faults] == ["/view"]
    back = diff(view, table)
    assert (names(back.dropped_views), names(back.created)) == (["x"], ["x"])
    assert back.refusal_faults == ()


def test_views_are_made_again_when_a_table_changes() -> None:
    """A table that is made anew must not be under a view."""
    steps = diff(model(t=T, v=V), model(t={**T, "indexes": [["a"]]}, v=V))

    assert names(steps.dropped_views) == names(steps.created_views) == ["v"]


def test_a_permit_for_a_column_is_used_up_with_it() -> None:
    """The next start would refuse again."""
    now = table_file({"id": ID, "n": NUMBER}, primaryKey=["id"])
    steps = diff(model(t=T), model(t=now), frozenset({"drop t.a"}))

    assert (steps.permits, steps.refusal_faults) == (("drop t.a",), ())
    assert "t: column a dropped, as allowed" in steps.descriptions


def test_refusals_of_all_tables_are_told_at_once() -> None:
    """Nobody has to start again and again to learn of them."""
    old = model(a=T, b=T, c=T)
    new = model(b=table_file({"id": ID}), c=table_file({"id": TEXT, "a": NUMBER}))

    assert [fault.file for fault in diff(old, new).refusal_faults] == [
        "schemas/a.json",
        "schemas/b.json",
        "schemas/c.json",
        "schemas/c.json",
    ]
