"""The note of a migration in the history."""

from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.schema.ddl.migration_history import model_hash, noted_migration, noted_migrations
from jotbase.sql.dialect import POSTGRES, SQLITE

MODEL = model(t=table_file({"a": TEXT}))


def test_a_note_says_who_did_what_to_come_to_which_model() -> None:
    """The time is the database's own."""
    noted = noted_migration(SQLITE, MODEL, "a start", ["t: new table"], ["CREATE TABLE t (a)"])

    assert noted.text == (
        'INSERT INTO "jotbase.migrations" ("applied_by", "model", "changes", "statements")'
        " VALUES (?, ?, ?, ?)"
    )
    assert noted.params == (
        "a start", model_hash(MODEL), '["t: new table"]', '["CREATE TABLE t (a)"]',
    )  # fmt: skip


def test_another_model_has_another_hash() -> None:
    """Its 64 digits are the same each time."""
    other = model(t=table_file({"a": TEXT, "b": TEXT}))

    assert len(model_hash(MODEL)) == 64
    assert model_hash(MODEL) == model_hash(model(t=table_file({"a": TEXT})))
    assert model_hash(MODEL) != model_hash(other)


def test_the_history_is_read_in_order() -> None:
    """On PostgreSQL from the server's own schema."""
    assert noted_migrations(POSTGRES).text == (
        'SELECT "number", CAST("applied_at" AS text), "applied_by", "model", "changes",'
        ' "statements" FROM "jotbase"."migrations" ORDER BY "number"'
    )
