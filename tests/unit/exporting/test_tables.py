"""Twin of jotbase.exporting.tables."""

from __future__ import annotations

from tests.unit.schema.projects import ID, TEXT, model, table, table_file

from jotbase.exporting.tables import (
    caller_defaults,
    exported_references,
    exported_table,
    privileges,
    published,
    unheld,
)

UUID = {"type": "string", "format": "uuid"}


def test_a_table_has_the_columns_of_its_file_alone() -> None:
    """No column numbers rows for the server."""
    found = table({"a": TEXT}, required=["a"], primaryKey=["a"], indexes=[["a"]])

    assert exported_table(found) == (
        'CREATE TABLE "t" ("a" text COLLATE "C" NOT NULL, CONSTRAINT "t_pkey" PRIMARY KEY ("a"))'
    )
    assert exported_references(found) == ['CREATE INDEX "t_a_idx" ON "t" ("a")']


def test_callers_have_the_columns_that_are_theirs() -> None:
    """What is readOnly is not written, what is writeOnly not read; only actions with rules."""
    found = table(
        {"id": {**ID, "readOnly": True}, "a": TEXT, "pin": {**TEXT, "writeOnly": True}},
        primaryKey=["id"],
    )

    assert list(privileges(found, ("select", "update"))) == [
        'REVOKE ALL ON "t" FROM anon, authenticated',
        'GRANT SELECT ("id", "a") ON "t" TO anon, authenticated',
        'GRANT UPDATE ("a", "pin") ON "t" TO anon, authenticated',
        'GRANT ALL ON "t" TO service_role',
    ]


def test_the_caller_is_a_default_as_in_the_file() -> None:
    """In the type of the column."""
    found = table({"a": {**UUID, "defaultExpression": "user.id"},
                   "b": {**TEXT, "defaultExpression": "user.id"}})  # fmt: skip

    assert list(caller_defaults(found)) == [
        'ALTER TABLE "t" ALTER COLUMN "a" SET DEFAULT auth.uid()',
        'ALTER TABLE "t" ALTER COLUMN "b" SET DEFAULT (auth.uid()::text)',
    ]


def test_what_constraints_do_not_hold_is_named() -> None:
    """By column and keyword; what they hold is not."""
    found = table(
        {
            "a": {**TEXT, "maxLength": 3, "format": "email"},
            "b": {**TEXT, "defaultExpression": "user.role"},
            "c": {"type": "number", "multipleOf": 0.5},
        },
        dependentRequired={"a": ["b"]},
    )

    assert unheld(found) == [
        "t.a: the database does not hold format",
        "t.c: the database does not hold multipleOf",
        "t: the database does not hold dependentRequired",
        "t.b: the database has no default for user.role",
    ]


def test_realtime_is_told_where_there_is_any() -> None:
    """A database without Supabase's publication takes the script as well."""
    assert published(table({"a": TEXT})).endswith(
        "THEN EXECUTE 'ALTER PUBLICATION supabase_realtime ADD TABLE \"t\"'; END IF; END $do$"
    )


def test_a_table_may_be_called_as_a_mark() -> None:
    """Its name does not end the block that it stands in."""
    named = model(**{"a$do$b": table_file({"a": TEXT})}).tables["a$do$b"]

    assert published(named).startswith("DO $do_$ BEGIN")
    assert published(named).endswith(
        "THEN EXECUTE 'ALTER PUBLICATION supabase_realtime ADD TABLE \"a$do$b\"'; END IF; END $do_$"
    )
