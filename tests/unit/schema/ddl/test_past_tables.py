"""Past tables: the current rows of a database in memory, with the log's later changes undone."""

from __future__ import annotations

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import NUMBER, TEXT, model, table_file

from jotbase.schema.ddl.past_tables import changed_since, is_pruned, past, pending_log
from jotbase.schema.ddl.tables import create
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.fragment import Fragment, join

KEYED = model(
    t=table_file(
        {
            "a": NUMBER,
            "b": TEXT,
            "flag": {"type": "boolean"},
            "list": {"type": "array", "items": TEXT},
            "exact": {"type": "number", "format": "decimal"},
            "bytes": {"type": "string", "contentEncoding": "base64"},
        },
        primaryKey=["a"],
        realtime=True,
    )
)
TABLE = KEYED.tables["t"]
VALUES = "(?, ?, 1, '[\"x\"]', 1.50, x'00FF')"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["INSERT OR IGNORE", "REPLACE", "UPDATE OR REPLACE", "DELETE"]),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from("xy"),
    ),
    max_size=12,
)


def database() -> apsw.Connection:
    """Return an empty table with its log."""
    connection = apsw.Connection(":memory:")
    for statement in create(KEYED, SQLITE):
        connection.execute(statement.text)
    return connection


def step(connection: apsw.Connection, kind: str, key: int, other: int, text: str) -> None:
    """Change the table in one way or another."""
    match kind:
        case "DELETE":
            connection.execute("DELETE FROM t WHERE a = ?", (key,))
        case "UPDATE OR REPLACE":
            connection.execute(f"{kind} t SET a = ?, b = ? WHERE a = ?", (other, text, key))
        case _:
            connection.execute(f"{kind} INTO t VALUES {VALUES}", (key, text))


def rows(connection: apsw.Connection, number: int) -> list[tuple[object, ...]]:
    """Return the table's rows as they were after that change."""
    made = past([TABLE], number, SQLITE)
    query = "WITH " + join(", ", made.definitions) + f" SELECT * FROM {made.source(TABLE)}"
    return sorted(connection.execute(query.text, query.params))


@given(STEPS)
def test_what_came_after_a_change_is_undone(steps: list[tuple[str, int, int, str]]) -> None:
    """Whatever the changes, keys that move and rows that replace others among them."""
    connection = database()
    states: dict[int, list[tuple[object, ...]]] = {}
    for one in [None, *steps]:
        if one is not None:
            step(connection, *one)
        newest = connection.execute('SELECT ifnull(max("number"), 0) FROM "jotbase.changes"').get
        states[newest] = sorted(connection.execute("SELECT * FROM t"))

    assert {number: rows(connection, number) for number in states} == states


def true(connection: apsw.Connection, condition: Fragment) -> bool:
    """Return whether the condition holds."""
    found = connection.execute(f"SELECT {condition.text}", condition.params).get
    return bool(found)


def test_the_log_says_whether_it_has_a_later_change_and_the_change_itself() -> None:
    """One change, of the one table."""
    connection = database()
    step(connection, "REPLACE", 1, 1, "x")

    assert true(connection, changed_since([TABLE], 0, SQLITE))
    assert not true(connection, changed_since([TABLE], 1, SQLITE))
    assert not true(connection, is_pruned(1, SQLITE))
    assert true(connection, is_pruned(2, SQLITE))


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_only_postgresql_has_changes_without_a_number(dialect: object) -> None:
    """They are read behind all others."""
    known = SQLITE if dialect is SQLITE else POSTGRES
    found = [one.text for one in pending_log([TABLE], 7, known)]

    assert ['"jotbase"."pending"' in text for text in found] == [True] * (known is POSTGRES)
