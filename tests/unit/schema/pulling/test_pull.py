"""A whole database as schema files: what is left out, what is noted, and that all can be read."""

import orjson
from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.schema.model import serialization
from jotbase.schema.pulling.pull import adoption_statements, pull
from jotbase.schema.reading.read import read_model
from jotbase.sql.catalog import (
    Catalog,
    Kind,
    ReflectedColumn,
    ReflectedForeignKey,
    ReflectedTable,
    StoredValues,
)


def found(name: str, *columns: ReflectedColumn, kind: Kind = "table") -> ReflectedTable:
    """Return a table of those columns."""
    return ReflectedTable(name, kind, "", columns or (ReflectedColumn("a", "TEXT"),))


def test_the_files_are_read_into_the_model() -> None:
    """What is noted in the database is what a start will read."""
    pulled = pull(Catalog((found("t"), found("u"))))

    assert list(pulled.files) == ["t.json", "u.json"]
    assert serialization.dump(read_model(pulled.files)) == serialization.dump(pulled.model)
    assert pulled.notes == []


def test_no_table_is_open_to_anybody() -> None:
    """Rules are for a person to write, and the file says so."""
    schema = orjson.loads(pull(Catalog((found("t"),))).files["t.json"])

    assert "access" not in schema
    assert "access" in schema["$comment"]


def test_what_cannot_be_served_is_left_out_and_told() -> None:
    """Nothing else is lost with it."""
    catalog = Catalog(
        (
            found("ok"),
            found("my.table"),
            found("a/b"),
            found("search", kind="virtual"),
            found("search_data", kind="shadow"),
            ReflectedTable("bad", "view", "", broken="no such table: x"),
            found("auth.users"),
        )
    )

    pulled = pull(catalog)

    assert list(pulled.files) == ["ok.json"]
    assert [note.split(": ")[0] for note in pulled.notes] == [
        "my.table",
        "a/b",
        "search",
        "bad",
    ]


def test_a_reference_that_leads_nowhere_is_dropped() -> None:
    """The rest of the table stays, and so do references to it."""
    lost = ReflectedTable(
        "t",
        "table",
        "",
        (ReflectedColumn("id", "INTEGER", key=1), ReflectedColumn("x", "INT")),
        references=(ReflectedForeignKey(("x",), "gone", ("id",)),),
    )
    near = ReflectedTable(
        "u",
        "table",
        "",
        (ReflectedColumn("t", "INT"), ReflectedColumn("w", "TEXT")),
        references=(ReflectedForeignKey(("t",), "t", ()), ReflectedForeignKey(("w",), "t", ())),
    )

    pulled = pull(Catalog((lost, near)))

    assert [key.columns for key in pulled.model.tables["u"].foreign_keys] == [("t",)]
    assert pulled.model.tables["t"].foreign_keys == ()
    assert pulled.notes == [
        't: /properties/x/references is not in the file: there is no table "gone"',
        "u: /properties/w/references is not in the file: w is text, and t.id is int8",
    ]


def test_a_default_that_its_column_refuses_is_left_to_the_database() -> None:
    """A date that is none is kept as a note, and need not be given."""
    statistics = StoredValues(frozenset(("text",)), frozenset(("date",)))
    column = ReflectedColumn("a", "DATE", not_null=True, default="'soon'", statistics=statistics)
    pulled = pull(Catalog((found("t", column),)))
    schema = orjson.loads(pulled.files["t.json"])

    assert schema["properties"]["a"]["x-default"] == "'soon'"
    assert "a" not in schema["required"]


def test_a_table_that_cannot_be_read_at_all_is_left_out() -> None:
    """Its columns' names are too long for PostgreSQL's clients."""
    pulled = pull(Catalog((found("t", ReflectedColumn("x" * 64, "TEXT")), found("ok"))))

    assert list(pulled.files) == ["ok.json"]
    assert pulled.notes == ["t: left out: the column's name is longer than 63 bytes"]


def test_rows_without_what_they_refer_to_are_told() -> None:
    """From now on, the database refuses more of them."""
    pulled = pull(Catalog((found("t"),), orphans={"t": 3}))

    assert pulled.notes == ["t: 3 rows refer to rows that are not there"]


def test_tables_that_were_served_before_keep_their_files() -> None:
    """With their rules and all; tables made by hand since then are found."""
    stored_model = model(t=table_file({"id": ID, "a": TEXT}, access={"select": "True"}))

    pulled = pull(
        Catalog((found("t"), found("new")), stored_model=serialization.dump(stored_model))
    )

    assert orjson.loads(pulled.files["t.json"])["access"] == {"select": "True"}
    assert list(pulled.files) == ["t.json", "new.json"]


def test_adopting_notes_the_model() -> None:
    """The last statement is the one that says what the tables were made from."""
    pulled = pull(Catalog((found("t"),)))

    *_, last = adoption_statements(pulled.model)

    assert last.params == (serialization.dump(pulled.model),)
