"""What a column's schema says holds in the database itself, whoever writes; and all is logged."""

import sqlite3
from pathlib import Path
from typing import Any

import apsw
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.made import bring, drive, empty, made, rows
from tests.unit.schema.projects import ID, JSON, NUMBER, TEXT, model, table, table_file

from jotbase.errors import JotError
from jotbase.schema.ddl.changelog import logged_row
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.rows.check import RowCheck
from jotbase.schema.upgrading.upgrade import upgrade
from jotbase.schema.values.convert import canonical, loaded, stored
from jotbase.sql.dialect import SQLITE
from jotbase.values import Row

UUID = {"type": "string", "format": "uuid"}
TIME = {"type": "string", "format": "date-time"}
A_UUID = "2eb8aa08-aa98-11ea-b4aa-73b441d16380"


def alone(one: Table) -> Model:
    """Return the model of one table."""
    return Model({one.name: one})


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "minLength": 2}, "ab", "a"),
        ({"type": "string", "maxLength": 2}, "äö", "äöü"),
        ({"type": "string", "enum": ["it's", "b"]}, "it's", "c"),
        (NUMBER, 5, "five"),
        (NUMBER, 2**63 - 1, 1.5),
        ({"type": "integer", "minimum": 1, "maximum": 3}, 3, 4),
        ({"type": "integer", "exclusiveMinimum": 1}, 2, 1),
        ({"type": "integer", "multipleOf": 5}, -10, 7),
        ({"type": "number", "maximum": 1}, 0.5, 1.5),
        ({"type": "number"}, 1e308, 9e999),
        ({"type": "number", "format": "decimal"}, "0.1", "a"),
        ({"type": "boolean"}, 1, 2),
        (UUID, A_UUID, A_UUID.upper()),
        (UUID, A_UUID, A_UUID.replace("-", "")),
        ({"type": "string", "format": "date"}, "2024-02-29", "2023-02-29"),
        ({"type": "string", "format": "date"}, "2024-02-29", "today"),
        (TIME, "2026-08-21T10:11:12+00:00", "2026-08-21T10:11:12Z"),
        (TIME, "2026-08-21T10:11:12.000001+00:00", "2026-08-21T10:11:12.50+00:00"),
        (TIME, "2026-08-21T10:11:12.5+00:00", "2026-08-21T10:11:12.5x5+00:00"),
        (TIME, "9999-12-31T23:59:59.999999+00:00", "2026-02-30T10:11:12+00:00"),
        ({"type": "string", "format": "time"}, "10:11:12.5", "10:11:12Z"),
        ({"type": "string", "format": "time"}, "10:11:12", "24:11:12"),
        ({"type": "string", "format": "int4range"}, "[-1,10)", "[1,10]"),
        ({"type": "string", "format": "int8range"}, "(,)", "(1,)"),
        ({"type": "string", "format": "daterange"}, "empty", "[2026-01-01"),
        ({"type": "string", "format": "numrange"}, "(0.5,1]", "0.5"),
        ({"type": "string", "format": "tsrange"}, '["2026-01-01 00:00:00",)', "[,1)"),
        ({"type": "string", "contentEncoding": "base64"}, b"\x00", "AA=="),
        ({"type": "array", "maxItems": 1}, "[1]", "[1,2]"),
        ({"type": "array", "minItems": 1}, "[1]", "not json"),
        ({"type": "array"}, "[]", "{}"),
        ({"type": "object"}, "{}", "[]"),
        ({"type": ["object", "boolean"]}, "true", "5"),
        ({"type": ["object", "array", "string", "number", "boolean"]}, '"a"', "a"),
    ],
)
def test_no_write_gets_past_a_columns_schema(schema: dict[str, Any], good: Any, bad: Any) -> None:
    """The database itself takes the good value, and NULL, and refuses the bad one."""
    connection = made(alone(table({"a": schema})))

    connection.execute("INSERT INTO t VALUES (?), (NULL)", (good,))
    with pytest.raises(apsw.ConstraintError):
        connection.execute("INSERT INTO t VALUES (?)", (bad,))


INT_RANGES = st.tuples(st.integers(-(2**63), 2**63 - 2), st.integers(-(2**63), 2**63 - 2)).map(
    sorted
)
KINDS: list[tuple[dict[str, Any], st.SearchStrategy[Any]]] = [
    (TEXT, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))),
    (NUMBER, st.integers(-(2**63), 2**63 - 1)),
    ({"type": "number"}, st.floats(allow_nan=False, allow_infinity=False)),
    ({"type": "boolean"}, st.booleans()),
    (UUID, st.uuids().map(str)),
    (TIME, st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")),
    ({"type": "string", "format": "date"}, st.dates().map(str)),
    ({"type": "string", "format": "time"}, st.times().map(str)),
    ({"type": "string", "format": "int8range"}, INT_RANGES.map("[{0[0]},{0[1]}]".format)),
    ({"type": "string", "format": "numrange"}, INT_RANGES.map("({0[0]},{0[1]}.5]".format)),
    ({"type": "string", "format": "tstzrange"}, st.datetimes().map("[{0},)".format)),
    ({"type": "string", "format": "daterange"}, st.dates().map("(,{0}]".format)),
    ({"type": "number", "format": "decimal"}, st.integers(-(10**9), 10**9).map(lambda n: n / 1000)),
    ({"type": ["object", "array", "string", "number", "boolean"]}, JSON),
    ({"type": "array", "items": {}}, st.lists(JSON, max_size=3)),
]
EVERY = {f"c{number}": schema for number, (schema, _) in enumerate(KINDS)}
ROWS = st.fixed_dictionaries(
    {}, optional={f"c{number}": values for number, (_, values) in enumerate(KINDS)}
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_every_row_that_passes_its_schema_can_be_stored_read_and_logged(raw: Row) -> None:
    """The database's own conditions refuse nothing that JSON Schema allows, and lose nothing."""
    one = table(EVERY, realtime=True)
    raw = {name: value for name, value in raw.items() if value is not None}
    try:
        row = {name: canonical(one.by_name[name], value) for name, value in raw.items()}
    except JotError:  # U+0000, and numbers beyond 64 bits
        return
    if RowCheck(one).column_faults(raw):
        return
    connection = made(alone(one))
    names = ", ".join(row) or "c0"
    marks = ", ".join("?" * len(row)) or "NULL"
    values = [stored(one.by_name[name].type, value, SQLITE) for name, value in row.items()]
    connection.execute(f"INSERT INTO t ({names}) VALUES ({marks})", values)

    whole = {column.name: row.get(column.name) for column in one.columns}
    found = rows(connection, "SELECT * FROM t")[0]
    assert {
        column.name: loaded(column.type, value, SQLITE)
        for column, value in zip(one.columns, found, strict=True)
    } == whole
    logged = rows(connection, 'SELECT "new" FROM "jotbase.changes"')[0][0]
    assert logged_row(one, logged) == whole


def test_every_change_is_logged_with_both_rows() -> None:
    """Cascades and upserts count; the order is that of the changes."""
    parent = table_file({"id": ID, "a": TEXT}, primaryKey=["id"], unique=[["a"]], realtime=True)
    up = {**NUMBER, "references": "p.id", "onDelete": "cascade"}
    connection = made(model(p=parent, c=table_file({"up": up}, realtime=True)))
    connection.execute("INSERT INTO p (a) VALUES ('x')")
    connection.execute("INSERT INTO c VALUES (1)")
    connection.execute("INSERT INTO p (a) VALUES ('x') ON CONFLICT (a) DO UPDATE SET a = 'y'")
    connection.execute("DELETE FROM p")

    assert rows(connection, 'SELECT "table", kind, old, new FROM "jotbase.changes"') == [
        ("p", "INSERT", None, '{"id":1,"a":"x"}'),
        ("c", "INSERT", None, '{"up":1}'),
        ("p", "UPDATE", '{"id":1,"a":"x"}', '{"id":1,"a":"y"}'),
        ("c", "DELETE", '{"up":1}', None),
        ("p", "DELETE", '{"id":1,"a":"y"}', None),
    ]


def test_another_program_with_another_sqlite_is_logged_too(tmp_path: Path) -> None:
    """The triggers use nothing but what any SQLite has."""
    path = tmp_path / "direct.db"
    wide = table({**EVERY, **{f"w{n}": TEXT for n in range(120)}}, realtime=True)
    connection = apsw.Connection(str(path))
    drive(connection, upgrade(alone(wide)))
    connection.close()
    with sqlite3.connect(path) as other:
        other.execute("INSERT INTO t (c0, c2, c3, w119) VALUES ('a', 0.1, 1, 'z')")
        text, at = other.execute('SELECT "new", committed_at FROM "jotbase.changes"').fetchone()
    other.close()
    row = logged_row(wide, text)

    assert (row["c0"], row["c2"], row["c3"], row["c1"], row["w119"]) == ("a", 0.1, True, None, "z")
    assert len(orjson.loads(text)) == len(wide.columns)
    assert at.endswith("Z")


def test_rows_are_numbered_and_a_number_is_never_given_twice() -> None:
    """As PostgreSQL's identity columns do, after a delete too."""
    connection = made(alone(table({"a": TEXT, "n": ID}, primaryKey=["a"])))
    connection.execute("INSERT INTO t (a) VALUES ('x'), ('y')")
    connection.execute("DELETE FROM t WHERE n = 2")

    assert rows(connection, "INSERT INTO t (a) VALUES ('z') RETURNING n") == [(3,)]
    with pytest.raises(apsw.ConstraintError, match="UNIQUE constraint failed"):
        connection.execute("INSERT INTO t (a) VALUES ('z')")


def test_rows_stay_in_the_order_of_insertion() -> None:
    """A key that is given does not become SQLite's row number."""
    connection = made(alone(table({"id": NUMBER}, primaryKey=["id"])))
    connection.execute("INSERT INTO t VALUES (5), (3), (4)")

    assert rows(connection, "SELECT id FROM t ORDER BY rowid") == [(5,), (3,), (4,)]
    with pytest.raises(apsw.ConstraintError, match="NOT NULL"):
        connection.execute("INSERT INTO t VALUES (NULL)")


def test_a_write_from_outside_gets_defaults_that_fit() -> None:
    """now() and uuid() are in the form that the column's own condition asks for."""
    columns = {
        "a": TEXT,
        "at": {**TIME, "defaultExpression": "now()"},
        "id": {**UUID, "defaultExpression": "uuid()"},
        "flag": {"type": "boolean", "default": True},
        "tags": {"type": "array", "default": ["it's"]},
    }
    connection = made(alone(table(columns)))
    for _ in range(50):
        connection.execute("INSERT INTO t (a) VALUES ('x')")

    assert rows(connection, "SELECT count(DISTINCT id), min(flag), min(tags) FROM t") == [
        (50, 1, '["it\'s"]')
    ]


def test_references_hold_between_tables_and_to_accounts() -> None:
    """Rows that refer to nothing are refused, and actions follow a delete."""
    jobs = table_file(
        {
            "company": {**TEXT, "references": "companies.handle", "onUpdate": "cascade"},
            "by": {"type": ["string", "null"], "format": "uuid", "references": "auth.users.id"},
        }
    )
    connection = made(
        model(companies=table_file({"handle": TEXT}, primaryKey=["handle"]), jobs=jobs)
    )
    connection.execute("INSERT INTO companies VALUES ('a')")
    connection.execute("INSERT INTO jobs VALUES ('a', NULL)")
    connection.execute("UPDATE companies SET handle = 'b'")

    assert rows(connection, "SELECT company FROM jobs") == [("b",)]
    for statement in (
        "INSERT INTO jobs VALUES ('c', NULL)",
        f"INSERT INTO jobs VALUES ('b', '{A_UUID}')",
        "DELETE FROM companies",
    ):
        with pytest.raises(apsw.ConstraintError, match="FOREIGN KEY"):
            connection.execute(statement)


def test_tables_of_any_name_can_be_made() -> None:
    """Blanks, quotes and letters of any script are names like others."""
    odd = {name: table_file({name: TEXT}, realtime=True) for name in ("a b", 'a"b', "it's", "ünï")}
    connection = empty()
    bring(connection, model(**odd))
    for name in odd:
        connection.execute(f"INSERT INTO {SQLITE.identifier(name)} VALUES ('x')")

    assert [name for (name,) in rows(connection, 'SELECT "table" FROM "jotbase.changes"')] == [
        "a b",
        'a"b',
        "it's",
        "ünï",
    ]
