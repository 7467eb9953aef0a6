"""Epochs in PostgreSQL begin with each start, and end where the log has a gap."""

from tests.unit.schema.ddl.test_epochs import FOLLOWED, TABLES, said

from jotbase.schema.ddl.postgres.epochs import (
    begin_epoch,
    forget_earlier_tables,
    refresh_triggers,
    unlogged_tables,
)


def test_a_start_begins_an_epoch_after_the_newest_number() -> None:
    """What waits for a number has it by then."""
    texts, _ = said(begin_epoch("e", frozenset(), TABLES, started=True), [(7,)])

    assert texts[0] == 'SELECT "jotbase"."number_changes"()'
    assert [text.split()[0] for text in texts] == ["SELECT", "INSERT", "DELETE"]


def test_changes_that_were_not_logged_end_all_epochs() -> None:
    """A table that was there, and is followed from now on."""
    texts, _ = said(begin_epoch("e", frozenset({"t"}), TABLES, started=False), [], [(0,)])

    assert texts[0] == 'DELETE FROM "jotbase"."epochs"'


def test_the_log_forgets_an_earlier_table_of_a_new_ones_name() -> None:
    """In both of its tables; a table that was there keeps its changes."""
    new, _ = said(forget_earlier_tables(frozenset(), TABLES), [], [])
    there, _ = said(forget_earlier_tables(frozenset({"t"}), TABLES))

    assert new == [
        'DELETE FROM "jotbase"."pending" WHERE "table" = ?',
        'DELETE FROM "jotbase"."changes" WHERE "table" = ?',
    ]
    assert there == []


def test_tables_without_triggers_are_unlogged() -> None:
    """All that are there but those that have one."""
    _, found = said(unlogged_tables(), [("t",), ("u",)], [("t",)])

    assert found == {"u"}


def test_missing_triggers_are_made() -> None:
    """And none where all is as it should be."""
    missing, _ = said(refresh_triggers(FOLLOWED, TABLES), [])
    there, _ = said(refresh_triggers(FOLLOWED, TABLES), [("t",)])

    assert [text.split()[0] for text in missing] == ["SELECT", "DROP", "DROP", "CREATE", "CREATE"]
    assert len(there) == 1
