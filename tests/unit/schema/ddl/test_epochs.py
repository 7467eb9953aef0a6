"""Epochs begin with each start, and end where the log has a gap that its numbers do not show."""

from typing import Any

from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.schema.ddl.changelog import named_triggers
from jotbase.schema.ddl.epochs import begin_epoch, refresh_triggers, unlogged_tables
from jotbase.sql.units import UnitOfWork

FOLLOWED = model(t=table_file({"a": TEXT}, realtime=True))
TABLES = frozenset({"t"})


def said(unit: UnitOfWork[Any], *answers: list[Any]) -> tuple[list[str], Any]:
    """Return the texts that a unit runs, given these answers and then none, and its result."""
    texts, given = [], iter(answers)
    try:
        statement = next(unit)
        while True:
            texts.append(statement.text.partition(" (")[0])
            statement = unit.send(next(given, []))
    except StopIteration as stop:
        return texts, stop.value


def test_a_start_begins_an_epoch() -> None:
    """After the newest change that there is."""
    texts, _ = said(begin_epoch("e", frozenset(), TABLES, started=True), [(7,)])

    assert [text.split()[0] for text in texts] == ["SELECT", "INSERT", "DELETE"]


def test_a_reload_goes_on_with_the_epoch() -> None:
    """Nothing is written where nothing was missed."""
    assert said(begin_epoch("e", frozenset(), TABLES, started=False)) == ([], None)


def test_changes_that_were_not_logged_end_all_epochs() -> None:
    """A table that was there, and is followed from now on."""
    texts, _ = said(begin_epoch("e", frozenset({"t"}), TABLES, started=False), [])

    assert texts[0] == 'DELETE FROM "jotbase.epochs"'


def test_tables_without_triggers_are_not_followed() -> None:
    """Whoever dropped them."""
    assert said(unlogged_tables(), [("t",), ("u",)], [("u",)])[1] == {"t"}


def test_triggers_of_another_version_are_made_anew() -> None:
    """And those that are as they should be are left alone."""
    now = named_triggers(FOLLOWED.tables["t"])
    kept, _ = said(refresh_triggers(FOLLOWED, TABLES), list(now.items()))
    made, _ = said(
        refresh_triggers(FOLLOWED, TABLES), [*list(now.items())[1:], ("jotbase.insert.t", "old")]
    )

    assert len(kept) == 1
    assert [text.split()[0] for text in made[1:]] == ["DROP"] * len(now) + ["CREATE"] * len(now)
