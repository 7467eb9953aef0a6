"""Twin of jotbase.exporting.script."""

from __future__ import annotations

from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.access.enforcement.policy import load_policy
from jotbase.exporting.script import Exported, exported


def script(**schemas: object) -> Exported:
    """Return the script of these schema files."""
    found = model(**schemas)
    return exported(found, load_policy(found))


def test_a_script_is_one_transaction() -> None:
    """Tables, then what refers to them, then rules; all or nothing."""
    lines = script(t=table_file({"id": ID}, primaryKey=["id"])).sql.splitlines()

    assert (lines[4], lines[-1]) == ("BEGIN;", "COMMIT;")
    told = [line.split("(")[0] for line in lines if line.startswith(("CREATE", "ALTER"))]
    assert told == [
        'CREATE TABLE "t" ',
        'CREATE SCHEMA "jotbase_rules";',
        'ALTER TABLE "t" ENABLE ROW LEVEL SECURITY;',
    ]


def test_a_comment_ends_with_its_line() -> None:
    """Neither a description nor a rule can begin a statement."""
    table = table_file(
        {"id": ID},
        primaryKey=["id"],
        description="a\nDROP TABLE t;\r\u2028x",
        access={"select": "row.id\n > 3"},
    )
    lines = script(t=table).sql.splitlines()

    assert "-- t: a DROP TABLE t; x" in lines
    assert "-- t: select: row.id > 3" in lines
    assert not [line for line in lines if line.startswith(("DROP", "x"))]


def test_what_is_not_in_the_script_is_said() -> None:
    """In its place in the script, and to the caller."""
    table = table_file({"id": ID, "a": {**TEXT, "pattern": "^x"}}, primaryKey=["id"])
    found = script(t=table, v={**table_file({"id": ID}), "view": "SELECT id FROM t"})

    assert found.notes == (
        "t.a: the database does not hold pattern",
        "v: a view's SQL is the project's own, and no policy guards a view",
    )
    assert "-- NOT EXPORTED: t.a: the database does not hold pattern\n" in found.sql
