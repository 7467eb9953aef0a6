"""Tables and views found in a database, as schema files."""

from typing import Any

from jotbase.schema.pulling.tables import table_document, view_document
from jotbase.sql.catalog import (
    ReflectedColumn,
    ReflectedForeignKey,
    ReflectedIndex,
    ReflectedTable,
    StoredValues,
)

PEOPLE = ReflectedTable(
    "People",
    "table",
    "CREATE TABLE People (Id INTEGER PRIMARY KEY, age INT CHECK (age > 0), odd CHECK (odd <> age))",
    (
        ReflectedColumn("Id", "INTEGER", key=1),
        ReflectedColumn("age", "INT"),
        ReflectedColumn("odd", "TEXT"),
    ),
)
KNOWN = {"people": PEOPLE}


def schema(table: ReflectedTable) -> dict[str, Any]:
    """Return what a table's file says."""
    return table_document(table, KNOWN).schema


def pair(*references: ReflectedForeignKey, sql: str = "", **more: Any) -> ReflectedTable:
    """Return a table of two numbers."""
    columns = (ReflectedColumn("a", "INT"), ReflectedColumn("b", "INT"))
    return ReflectedTable("t", "table", sql, columns, references=references, **more)


def test_the_row_number_numbers_the_rows() -> None:
    """INTEGER PRIMARY KEY is SQLite's own number; anything else is a key like others."""
    assert schema(PEOPLE)["properties"]["Id"] == {"type": "integer", "identity": True}
    assert schema(PEOPLE)["primaryKey"] == ["Id"]
    for declared, indexes in (
        ("INT", ()),
        ("INTEGER", (ReflectedIndex("x", ("a",), True, "pk", True),)),
    ):
        table = ReflectedTable("t", "table", "", (ReflectedColumn("a", declared, key=1),), indexes)
        assert schema(table)["properties"]["a"] == {"type": "integer"}


def test_conditions_are_keywords_or_stand_as_they_are() -> None:
    """What no keyword says is kept for the reader; the database goes on to hold to it."""
    assert schema(PEOPLE)["properties"]["age"] == {
        "type": ["integer", "null"],
        "exclusiveMinimum": 0,
    }
    assert schema(PEOPLE)["x-checks"] == ["odd <> age"]


def test_a_reference_finds_its_table_and_key_whatever_their_case() -> None:
    """Without columns it means the primary key."""
    table = pair(ReflectedForeignKey(("a",), "PEOPLE", (), on_delete="SET NULL"))

    assert schema(table)["properties"]["a"] == {
        "type": ["integer", "null"],
        "references": "People.Id",
        "onDelete": "set null",
    }
    assert schema(pair(ReflectedForeignKey(("a",), "people", ("ID",))))["properties"]["a"][
        "references"
    ] == ("People.Id")


def test_named_and_composite_references_are_listed() -> None:
    """Clients use a constraint's name, so it is kept."""
    sql = "CREATE TABLE t (a INT CONSTRAINT mine REFERENCES people, b INT)"
    table = pair(
        ReflectedForeignKey(("a",), "people", ()),
        ReflectedForeignKey(("a", "b"), "p", ("x", "y")),
        sql=sql,
    )

    assert schema(table)["foreignKeys"] == [
        {"name": "mine", "columns": ["a"], "references": {"table": "People", "columns": ["Id"]}},
        {"columns": ["a", "b"], "references": {"table": "p", "columns": ["x", "y"]}},
    ]


def test_indexes_are_said_as_far_as_they_can_be() -> None:
    """A unique index is a constraint, a special one is only mentioned."""
    document = table_document(
        pair(
            indexes=(
                ReflectedIndex("i", ("a", "b"), False, "c", True),
                ReflectedIndex("u", ("a",), True, "u", True),
                ReflectedIndex("v", ("b",), True, "c", True),
                ReflectedIndex("odd", (), True, "c", False),
            )
        ),
        KNOWN,
    )

    assert document.schema["indexes"] == [["a", "b"]]
    assert document.schema["unique"] == [["a"], ["b"]]
    assert document.notes == ["its partial and special indexes stay as they are: odd"]


def test_a_primary_key_that_holds_null_is_unique_only() -> None:
    """SQLite lets NULL into a key that is no row number, and a row cannot be named by it."""
    column = ReflectedColumn("a", "TEXT", key=1, statistics=StoredValues(nulls=True))
    document = table_document(ReflectedTable("t", "table", "", (column,)), {})

    assert "primaryKey" not in document.schema
    assert document.schema["unique"] == [["a"]]
    assert document.schema["properties"]["a"]["type"] == ["string", "null"]


def test_a_column_that_the_database_fills_is_not_required() -> None:
    """Its default is no value that a file could name."""
    columns = (
        ReflectedColumn("a", "TEXT", not_null=True, default="CURRENT_TIMESTAMP"),
        ReflectedColumn("b", "TEXT", not_null=True, default="'x'"),
        ReflectedColumn("c", "TEXT", not_null=True),
    )
    found = schema(ReflectedTable("t", "table", "", columns))

    assert found["properties"]["a"] == {"type": "string", "x-default": "CURRENT_TIMESTAMP"}
    assert found["properties"]["b"]["default"] == "x"
    assert found["required"] == ["b", "c"]


def test_a_view_shows_columns_of_their_tables_types() -> None:
    """Null may stand anywhere, since the view may join; computed columns are looked at."""
    view = ReflectedTable(
        "v",
        "view",
        "CREATE VIEW v AS SELECT Id, count(*) AS n FROM people",
        (
            ReflectedColumn("Id"),
            ReflectedColumn("n", statistics=StoredValues(frozenset(("integer",)))),
        ),
        origins={"Id": ("people", "Id")},
    )

    found = view_document(view, KNOWN).schema

    assert found["view"] == "SELECT Id, count(*) AS n FROM people"
    assert found["properties"] == {
        "Id": {"type": ["integer", "null"], "readOnly": True},
        "n": {"type": ["integer", "null"]},
    }
