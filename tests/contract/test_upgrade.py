"""Databases brought from one model to another: all rows kept, or nothing changed."""

from contextlib import suppress
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.made import bring, made, rows
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.errors import ProjectError
from jotbase.schema.model.tables import Model

SHAPE = (
    "SELECT m.type, m.name, m.sql FROM sqlite_schema AS m WHERE m.name NOT LIKE 'auth.%'"
    " AND m.name NOT LIKE 'sqlite_%' AND m.type <> 'table' ORDER BY 1, 2"
)


def shape(connection: apsw.Connection) -> Any:
    """Return what the database holds besides rows; the order of columns is none of it."""
    tables: dict[str, Any] = {}
    for name, text in rows(
        connection,
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'auth.%'"
        " AND name NOT LIKE 'sqlite_%'",
    ):
        columns = rows(
            connection,
            'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)',
            name,
        )
        keys = rows(
            connection,
            'SELECT "from", "table", "to", on_delete, on_update FROM pragma_foreign_key_list(?)',
            name,
        )
        unique = rows(
            connection,
            "SELECT l.origin, group_concat(i.name) FROM pragma_index_list(?) AS l,"
            " pragma_index_info(l.name) AS i GROUP BY l.name",
            name,
        )
        checks = sorted(text.split("CONSTRAINT")[1:], key=str.strip) if "CHECK" in text else []
        named = sorted(part.strip(", ").removesuffix(") STRICT") for part in checks)
        tables[name] = (sorted(columns), sorted(keys), sorted(unique), len(named))
    return tables, rows(connection, SHAPE)


def content(connection: apsw.Connection, model_: Model) -> dict[str, Any]:
    """Return all rows, in order, as column and value."""
    found = {}
    for table in model_:
        listed = rows(connection, "SELECT name FROM pragma_table_xinfo(?)", table.name)
        names = [name for (name,) in listed]
        held = rows(connection, f'SELECT * FROM "{table.name}"')
        found[table.name] = [dict(zip(names, row, strict=True)) for row in held]
    return found


PARENT = table_file({"id": ID, "a": TEXT}, primaryKey=["id"], realtime=True)
CHILD = table_file(
    {"up": {**NUMBER, "references": "p.id", "onDelete": "cascade"}, "b": TEXT}, realtime=True
)
VIEW = table_file({"a": TEXT}, view="select a from p")


def filled() -> apsw.Connection:
    """Return a database with rows in a parent, a child that goes with it, and a view."""
    connection = made(model(p=PARENT, c=CHILD, v=VIEW))
    connection.execute("INSERT INTO p (a) VALUES ('x'), ('y'), ('z')")
    connection.execute("DELETE FROM p WHERE a = 'z'")
    connection.execute("INSERT INTO c VALUES (1, 'one'), (2, 'two')")
    return connection


def test_making_a_table_anew_loses_no_row() -> None:
    """Not of it, not of those that would be deleted with it; numbers go on from where they were."""
    connection = filled()
    tighter = {**PARENT, "properties": {"id": ID, "a": {**TEXT, "maxLength": 1}}}
    bring(connection, model(p=tighter, c=CHILD, v=VIEW))

    assert rows(connection, "SELECT * FROM p") == [(1, "x"), (2, "y")]
    assert rows(connection, "SELECT * FROM c") == [(1, "one"), (2, "two")]
    assert rows(connection, "SELECT a FROM v") == [("x",), ("y",)]
    assert rows(connection, "INSERT INTO p (a) VALUES ('n') RETURNING id") == [(4,)]
    with pytest.raises(apsw.ConstraintError):
        connection.execute("INSERT INTO p (a) VALUES ('long')")
    assert shape(connection) == shape(made(model(p=tighter, c=CHILD, v=VIEW)))


def test_an_upgrade_logs_no_change_and_followers_go_on() -> None:
    """Copying a row changes nothing; what comes later is logged with the new columns."""
    connection = filled()
    before = rows(connection, 'SELECT max("number") FROM "jotbase.changes"')
    wider = {**PARENT, "properties": {**PARENT["properties"], "new": {**TEXT, "default": "d"}}}
    bring(connection, model(p=wider, c=CHILD, v=VIEW))

    assert rows(connection, 'SELECT max("number") FROM "jotbase.changes"') == before
    connection.execute("INSERT INTO p (a) VALUES ('n')")
    assert rows(
        connection, 'SELECT "new" FROM "jotbase.changes" ORDER BY "number" DESC LIMIT 1'
    ) == [('{"id":4,"a":"n","new":"d"}',)]


@pytest.mark.parametrize(
    ("columns", "keywords", "reason"),
    [
        (
            {"new": TEXT},
            {"required": ["new"]},
            '2 row(s) have no value for the new column "new"',
        ),
        ({}, {"required": ["n"]}, '1 row(s) have no value in "n"'),
        ({}, {"unique": [["same"]]}, "1 value(s) of (same) stand in several rows"),
        ({"a": {**TEXT, "pattern": "^x"}}, {}, "1 row(s) do not fit the changed schema"),
        ({"a": {**TEXT, "maxLength": 0}}, {}, "the first: id 1: /a the value is longer than 0"),
        ({}, {"dependentRequired": {"a": ["n"]}}, 'the first: id 1:  "n" is a required property'),
        ({"n": {**NUMBER, "references": "other.id"}}, {}, '1 row(s) refer to no row of "other"'),
    ],
)
def test_rows_in_the_way_leave_everything_as_it_was(
    columns: dict[str, Any], keywords: dict[str, Any], reason: str
) -> None:
    """The faults say how many there are, and not a statement of the upgrade stays."""
    before: dict[str, Any] = {"id": ID, "a": TEXT, "same": TEXT, "n": NUMBER}
    other = table_file({"id": ID}, primaryKey=["id"])
    old = model(other=other, p=table_file(before, primaryKey=["id"]))
    new = model(other=other, p=table_file({**before, **columns}, primaryKey=["id"], **keywords))
    connection = made(old)
    connection.execute("INSERT INTO p (a, same, n) VALUES ('x', 's', NULL), ('y', 's', 7)")
    was = shape(connection), content(connection, old)

    with pytest.raises(ProjectError) as caught:
        bring(connection, new)
    assert reason in caught.value.faults[0].reason
    assert (shape(connection), content(connection, old)) == was


def typed(connection: apsw.Connection, error: ProjectError, verb: str) -> None:
    """Type the statement of a refusal's hint that begins with a verb."""
    hint = error.faults[0].hint or ""
    connection.execute(hint[hint.index(verb) :].partition(";")[0])


@pytest.mark.parametrize("gone", ["table", "column"])
def test_the_steps_that_a_refusal_shows_let_it_go(gone: str) -> None:
    """Typed as they stand, they bring about what was refused, once."""
    connection = filled()
    less = table_file({"up": CHILD["properties"]["up"]}, realtime=True)
    new = model(p=PARENT, v=VIEW) if gone == "table" else model(p=PARENT, c=less, v=VIEW)
    with pytest.raises(ProjectError) as caught:
        bring(connection, new)
    typed(connection, caught.value, "INSERT INTO")
    bring(connection, new)

    assert shape(connection) == shape(made(new))
    assert rows(connection, "SELECT count(*) FROM p") == [(2,)]
    assert rows(connection, "SELECT count(*) FROM \"jotbase.meta\" WHERE key <> 'model'") == [(0,)]


def test_dropping_a_parent_leaves_the_children() -> None:
    """A reference that goes with its table takes no row along."""
    connection = filled()
    new = model(c=table_file({"up": NUMBER, "b": TEXT}, realtime=True))
    connection.execute("INSERT INTO \"jotbase.meta\" VALUES ('drop p', '')")
    bring(connection, new)

    assert rows(connection, "SELECT * FROM c") == [(1, "one"), (2, "two")]


def test_what_is_renamed_by_hand_as_shown_keeps_its_rows() -> None:
    """Table and column take their new names along with the files."""
    connection = filled()
    connection.execute('ALTER TABLE "c" RENAME COLUMN "b" TO "text"')
    connection.execute('ALTER TABLE "c" RENAME TO "kids"')
    kids = table_file({"up": CHILD["properties"]["up"], "text": TEXT}, realtime=True)
    new = model(p=PARENT, kids=kids, v=VIEW)
    bring(connection, new)

    assert rows(connection, "SELECT up, text FROM kids") == [(1, "one"), (2, "two")]
    assert shape(connection) == shape(made(new))


def test_a_view_that_is_no_sql_is_told_in_the_databases_words() -> None:
    """A missing table, a missing column and bad syntax are found at the start."""
    for select, said in (
        ("select a from nowhere", "no such table: main.nowhere"),
        ("select id from p", "no such column"),
        ("select a from p where", "incomplete input"),
    ):
        connection = filled()
        with pytest.raises(ProjectError, match=said) as caught:
            bring(connection, model(p=PARENT, c=CHILD, v={**VIEW, "view": select}))
        assert caught.value.faults[0].file == "schemas/v.json"
        assert rows(connection, "SELECT a FROM v") == [("x",), ("y",)]


COLUMN = st.sampled_from(
    [
        TEXT,
        {"type": ["string", "null"]},
        {**TEXT, "default": "d"},
        {**TEXT, "maxLength": 1},
        {**TEXT, "enum": ["x", "y", "d"]},
        {**TEXT, "pattern": "^[xd]"},
        NUMBER,
        {**NUMBER, "default": 0},
        {**NUMBER, "minimum": 1},
        {**NUMBER, "references": "p.id", "onDelete": "cascade"},
        {**NUMBER, "references": "p.id", "onDelete": "restrict"},
        {"type": "string", "format": "date", "defaultExpression": "now()"},
        {**NUMBER, "generated": "1 + 1"},
    ]
)


@st.composite
def projects(draw: st.DrawFn) -> Model:
    """Make a project of up to three tables and a view that refer to each other."""
    schemas: dict[str, Any] = {}
    for name in ("p", *draw(st.sets(st.sampled_from(["q", "r"])))):
        columns = draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), COLUMN, max_size=3))
        names = sorted(columns)
        schemas[name] = table_file(
            {"id": ID, **columns},
            primaryKey=["id"],
            required=draw(st.lists(st.sampled_from(names), unique=True)) if names else [],
            unique=[[one] for one in names if draw(st.booleans())],
            indexes=[[one] for one in names if draw(st.booleans())],
            realtime=draw(st.booleans()),
        )
    if draw(st.booleans()):
        schemas["v"] = table_file({"id": NUMBER}, view="select id from p")
    return model(**schemas)


def fill(connection: apsw.Connection, one: Model) -> None:
    """Put into each table two rows, as far as its constraints take them."""
    for table in one:
        if table.view is not None:
            continue
        for text, number in (("x", 1), ("y", 2)):
            given = {
                column.name: number if column.type.value == "int8" else text
                for column in table.columns
                if column.type.value in ("int8", "text") and column.generated is None
            }
            names = ", ".join(given)
            marks = ", ".join("?" * len(given))
            with suppress(apsw.ConstraintError):
                connection.execute(
                    f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(given.values())
                )


@settings(max_examples=150, deadline=None)
@given(projects(), projects())
def test_an_upgrade_comes_to_what_would_have_been_made_afresh(old: Model, new: Model) -> None:
    """Either the database is as if made from the new model, with every value that both models
    have, or it is refused and as it was.
    """
    connection = made(old)
    fill(connection, old)
    before = content(connection, old)
    was = shape(connection)
    try:
        bring(connection, new)
    except ProjectError:
        assert (shape(connection), content(connection, old)) == (was, before)
        return
    assert shape(connection) == shape(made(new))
    after = content(connection, new)
    for table in new:
        kept = [one.name for one in table.columns if one.generated is None]
        for one, other in zip(before.get(table.name, []), after[table.name], strict=False):
            shared = [name for name in kept if name in one]
            assert [one[name] for name in shared] == [other[name] for name in shared]
        assert len(after[table.name]) >= len(before.get(table.name, []))
    assert bring(connection, new).descriptions == ()


def test_a_table_may_lose_its_row_numbers_and_have_them_back() -> None:
    """Its rows stay, in the order of the key that holds them from then on."""
    pair = table_file({"a": NUMBER, "b": TEXT}, required=["a", "b"], primaryKey=["b", "a"])
    before, after = model(t=pair), model(t=pair | {"withoutRowid": True})
    connection = made(before)
    connection.execute("INSERT INTO t VALUES (2, 'x'), (1, 'x'), (1, 'a')")

    assert bring(connection, after).descriptions == ("t: table made anew, its rows kept",)
    assert rows(connection, "SELECT wr FROM pragma_table_list('t')") == [(1,)]
    bring(connection, before)
    assert rows(connection, "SELECT a, b FROM t ORDER BY rowid") == [(1, "a"), (1, "x"), (2, "x")]


def test_all_rows_without_numbers_are_held_against_a_new_schema() -> None:
    """Page by page, by a key of several columns."""
    pair = table_file(
        {"a": NUMBER, "b": TEXT, "c": TEXT},
        required=["a", "b", "c"],
        primaryKey=["b", "a"],
        withoutRowid=True,
    )
    connection = made(model(t=pair))
    every = [(number % 7, str(number % 1201), "x") for number in range(1201)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", every)
    changed = pair | {"properties": {**pair["properties"], "c": TEXT | {"pattern": "^y"}}}

    with pytest.raises(ProjectError, match=r"1201 row\(s\) do not fit"):
        bring(connection, model(t=changed))


def test_a_table_made_by_hand_without_row_numbers_is_taken_over() -> None:
    """A file that says nothing of it makes the table anew, rows kept."""
    connection = made(model())
    connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID")
    connection.execute("INSERT INTO t VALUES ('b', '1'), ('a', '2')")

    bring(connection, model(t=table_file({"k": TEXT, "v": TEXT}, primaryKey=["k"])))

    assert rows(connection, "SELECT rowid, k FROM t") == [(1, "a"), (2, "b")]
