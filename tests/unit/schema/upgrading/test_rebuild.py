"""The order in which tables are made anew; that no row is lost is tested on the database."""

from typing import Any

from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.schema.upgrading.diff import diff
from jotbase.schema.upgrading.rebuild import rebuilt_tables, upgrade_statements

PARENT = table_file({"id": ID, "a": TEXT}, primaryKey=["id"], realtime=True)
CHILD = table_file({"up": {**NUMBER, "references": "p.id", "onDelete": "cascade"}})
LONE = table_file({"x": TEXT})


def verbs(old: Any, new: Any, permits: frozenset[str] = frozenset()) -> list[str]:
    """Return the beginnings of the statements, three words each and a name."""
    texts = upgrade_statements(diff(old, new, permits), old, new)
    return [" ".join(text.replace(" IF EXISTS", "").split()[:3]) for text in texts]


def test_what_refers_to_a_table_is_made_anew_with_it() -> None:
    """A renamed table takes references along, and a dropped one deletes what refers to it."""
    changed = {**PARENT, "properties": {"id": ID, "a": {**TEXT, "maxLength": 3}}}
    old, new = model(p=PARENT, c=CHILD, x=LONE), model(p=changed, c=CHILD, x=LONE)

    assert [table.name for table in rebuilt_tables(diff(old, new), old, new)] == ["p", "c"]
    assert verbs(old, new) == [
        "PRAGMA defer_foreign_keys =",
        'DROP TRIGGER "jotbase.insert.p"',
        'DROP TRIGGER "jotbase.update.p"',
        'DROP TRIGGER "jotbase.delete.p"',
        'DROP TRIGGER "jotbase.before',
        'DROP TRIGGER "jotbase.before',
        'ALTER TABLE "p"',
        'ALTER TABLE "c"',
        'CREATE TABLE "p"',
        'CREATE TABLE "c"',
        'INSERT INTO "p"',
        "DELETE FROM sqlite_sequence",
        "INSERT INTO sqlite_sequence",
        'INSERT INTO "c"',
        'DROP TABLE "jotbase.old.c"',
        'DROP TABLE "jotbase.old.p"',
        'CREATE TRIGGER "jotbase.insert.p"',
        'CREATE TRIGGER "jotbase.update.p"',
        'CREATE TRIGGER "jotbase.delete.p"',
        'CREATE TRIGGER "jotbase.before',
        'CREATE TRIGGER "jotbase.before',
        'CREATE INDEX "jotbase.c.up"',
    ]


def test_rows_that_refer_to_later_ones_are_copied_with_an_index() -> None:
    """Without one, SQLite would read the whole table for each row that comes after."""
    up = {**NUMBER, "references": "t.id"}
    old = model(t=table_file({"id": ID, "up": up, "a": TEXT}, primaryKey=["id"]))
    tighter = {"id": ID, "up": up, "a": {**TEXT, "maxLength": 3}}
    found = verbs(old, model(t=table_file(tighter, primaryKey=["id"])))

    assert found[3:6] == [
        'CREATE INDEX "jotbase.copy.t.0"',
        'INSERT INTO "t"',
        'DROP INDEX "jotbase.copy.t.0"',
    ]


def test_an_added_column_leaves_the_table_where_it_is() -> None:
    """ALTER TABLE costs nothing, however many rows there are."""
    new = model(x=table_file({"x": TEXT, "y": TEXT}, indexes=[["y"]]))

    assert verbs(model(x=LONE), new) == [
        "PRAGMA defer_foreign_keys =",
        'ALTER TABLE "x"',
        'CREATE INDEX "x_y_idx"',
    ]


def test_a_table_goes_after_those_that_referred_to_it() -> None:
    """Dropping it first would delete their rows."""
    new = model(c=table_file({"up": NUMBER}))
    found = verbs(model(p=PARENT, c=CHILD), new, frozenset({"drop p"}))

    assert found.index('DROP TABLE "jotbase.old.c"') < found.index('DROP TABLE "p"')


def test_rows_are_copied_in_their_order_without_what_is_computed() -> None:
    """A column called rowid hides SQLite's, which has other names."""
    old = model(t=table_file({"rowid": TEXT, "n": NUMBER}))
    new = model(
        t=table_file({"rowid": {**TEXT, "maxLength": 3}, "n": {**NUMBER, "generated": "1"}})
    )
    copied = [
        text for text in upgrade_statements(diff(old, new), old, new) if text.startswith("INSERT")
    ]

    assert copied == [
        'INSERT INTO "t" ("rowid") SELECT "rowid" FROM "jotbase.old.t" ORDER BY "_rowid_"'
    ]
