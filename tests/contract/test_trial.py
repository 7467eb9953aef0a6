"""A project's SQL in the database's own eyes, on an empty database in memory."""

import contextlib
from collections.abc import Mapping
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.made import made, rows
from tests.unit.schema.projects import NUMBER, TEXT, model, table_file

from jotbase.errors import ProjectError
from jotbase.project.sql_trial import NOTHING, tried
from jotbase.schema.model.tables import Model, Table

T = table_file({"id": NUMBER, "a": TEXT, "first_name": TEXT})


def view(select: str, *columns: str) -> dict[str, Any]:
    """Return the file of a view with columns of text."""
    return table_file(dict.fromkeys(columns or ("a",), TEXT), view=select)


def said(one: Model, strangers: Mapping[str, str] | None = NOTHING) -> list[str]:
    """Return the faults as file, place and reason."""
    return [f"{x.file[8:-5]}#{x.pointer}: {x.reason}" for x in tried(one, strangers).faults]


def test_sql_that_is_right_has_no_fault() -> None:
    """Views over views and tables, functions of SQLite and of the server's own operators."""
    fine = model(
        t={**T, "properties": {**T["properties"], "up": {**TEXT, "generated": "upper(a)"}}},
        a=view("select a, date('now') as day from b", "a", "day"),
        b=view(
            "with recursive r(n) as (select 1 union all select n + 1 from r) select a from t, r"
        ),
        c=view("select a from t where a like 'x%' -- why"),
    )
    assert said(fine) == []
    assert tried(fine).reads["a"] >= {"b", "t"}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("upper(frist_name)", "no such column: frist_name"),
        ("random()", "non-deterministic functions prohibited in generated columns"),
        ("date(coalesce(a, 'no' || 'w'))", "non-deterministic use of date()"),
        ("(select 1)", "subqueries prohibited in generated columns"),
        ("count(a)", "misuse of aggregate function count()"),
        ("load_extension('x')", "unsafe use of load_extension()"),
        ("nowhere(a)", "no such function: nowhere"),
        ("g", "generated column loop"),
        ("?1", "parameters prohibited in generated columns"),
    ],
)
def test_what_cannot_be_computed_is_told_at_its_column(expression: str, reason: str) -> None:
    """The table may have as many columns as it likes: the fault names the one."""
    many = {f"column_{number}": TEXT for number in range(60)}
    columns = {"a": TEXT, "first_name": TEXT, **many, "g": {**TEXT, "generated": expression}}
    (told,) = said(model(t=table_file(columns)))
    assert told.startswith("t#/properties/g/generated: the database cannot compute it: ")
    assert reason in told


def test_a_misspelt_column_is_guessed() -> None:
    """Whatever it is to be computed by."""
    columns = {"first_name": TEXT, "g": {**TEXT, "generated": "upper(frist_name)"}}
    assert tried(model(t=table_file(columns))).faults[0].hint == "did you mean first_name?"


def unread(select: str) -> Model:
    """Return a model with a view that the reading of files would have refused."""
    one = Table("v", model(t=T).tables["t"].columns[1:2], view=select, file="schemas/v.json")
    return Model({**model(t=T).tables, "v": one})


@pytest.mark.parametrize(
    ("select", "reason"),
    [
        ("select 1 as a; delete from t", "more than one statement"),
        ("with x as (select 1) delete from t", "a view only reads, and this would delete"),
        ("pragma user_version", "a view only reads, and this would pragma"),
        ("attach ':memory:' as x", "a view only reads, and this would attach"),
        (
            "select load_extension('x') as a",
            "a view only reads, and this would call load_extension()",
        ),
        ("select a from t where", "the database cannot read the view: incomplete input"),
        ("select id from t", "the database cannot read the view: no such column: "),
        ("select a from nowhere", "the database cannot read the view: no such table: main.nowhere"),
        ("select a from v", "the database cannot read the view: view v is circularly defined"),
    ],
)
def test_a_view_is_one_select_that_reads(select: str, reason: str) -> None:
    """What else SQL can do is named, and never done."""
    (told,) = said(unread(select))
    assert told.startswith(f"v#/view: {reason}")


def test_one_mistake_in_a_view_is_told_once() -> None:
    """Not of the views over it; what goes in a circle is told of each view in it."""
    broken = model(t=T, a=view("select a from b"), b=view("select b as a from t"))
    assert [one.partition(":")[0] for one in said(broken)] == ["b#/view"]
    ring = model(a=view("select a from b"), b=view("select a from a"))
    assert [one.partition(":")[0] for one in said(ring)] == ["a#/view", "b#/view"]


def test_tables_that_no_file_speaks_of_may_be_there() -> None:
    """Those of the project's database, if they are known; else what is missing is no fault."""
    over = model(v=view("select a from notes"))
    assert said(over) != []
    assert said(over, None) == []
    assert said(over, {"notes": "CREATE VIRTUAL TABLE notes USING fts5(a)"}) == []


PIECES = st.lists(
    st.sampled_from(
        [
            "select",
            "a",
            "id",
            "from",
            "t",
            "v",
            "w",
            ",",
            "(",
            ")",
            "'x'",
            '"a"',
            "*",
            "+",
            "=",
            ";",
            "--",
            "/*",
            "*/",
            "'",
            "values",
            "with",
            "as",
            "union",
            "all",
            "where",
            "order",
            "by",
            "limit",
            "1",
            "count(a)",
            "date('now')",
            "?1",
            ":x",
            "delete",
            "insert",
            "into",
            "pragma",
            "user_version",
            "attach",
            "vacuum",
            "begin",
            "create",
            "table",
            "drop",
            "recursive",
            "over",
            "(",
            ")",
            "case",
            "when",
            "then",
            "else",
            "end",
            "null",
        ]
    ),
    max_size=9,
).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(PIECES, PIECES, st.sampled_from(["select ", "with ", "values ", ""]))
def test_no_text_is_run_or_goes_past_the_trial(view_text: str, expression: str, head: str) -> None:
    """Whatever a file holds, it is sound, or told; and what is sound can be made and read."""
    columns = {"id": NUMBER, "a": TEXT, "g": {**TEXT, "generated": expression or "a"}}
    files = {"t": table_file(columns), "w": view("select a from t")}
    files["v"] = view(head + view_text) if head else view("select a from w")
    try:
        found = model(**files)
    except ProjectError:
        return
    if tried(found).faults:
        return
    connection = made(found)
    connection.execute("INSERT INTO t (id, a) VALUES (1, 'x')")
    with contextlib.suppress(apsw.SQLError):
        connection.execute("SELECT a FROM v LIMIT 9").fetchall()
    assert rows(connection, "SELECT count(*) FROM t") == [(1,)]


def test_a_table_of_the_database_may_be_spelt_otherwise() -> None:
    """It is the file's own, and no other."""
    assert said(model(t=T, v=view("select a from T")), {"T": "CREATE TABLE T (x)"}) == []
    (told,) = said(model(v=view("select ?1 as a")))
    assert told == "v#/view: the database cannot read the view: parameters are not allowed in views"


@pytest.mark.parametrize(
    ("select", "hint"),
    [
        ("select id as a from auth.users",
         'the accounts are one name in double quotes: from \\"auth.users\\"'),
        ('select id as a from "auth"."users"',
         'the accounts are one name in double quotes: from \\"auth.users\\"'),
        ("select a from public.t", "tables stand without a schema: leave public. out"),
        ("select id::text as a from t", "write cast(column as text)"),
        ("select a from t where a = auth.uid()",
         'SQL knows no caller: who may see which rows is said in "access",'
         ' as in "row.owner == user.id"'),
        ("select now() as a from t", "write datetime('now')"),
        ("select listagg(a, ',') as a from t", "write group_concat(column, ', ')"),
        ("select a from tt", "its tables: t, v"),
        ("select frist_name as a from t", "did you mean first_name?"),
        ("select wholly as a from t", "the columns there: id, a, first_name"),
        ("select upper(a, 1) as a from t", "SQLite's functions: sqlite.org/lang_corefunc.html"),
        ("select id as a from t join t as u", "write the table's name before it: t.id"),
        ("select a from v",
         "views read each other in a circle: have one of them read tables alone"),
        ("select count(*) from t", 'each of "properties" must be a column of the SELECT'),
        ("select a frm t", "it is SQLite's dialect: sqlite.org/lang.html"),
    ],
)  # fmt: skip
def test_other_dialects_are_told_in_sqlites(select: str, hint: str) -> None:
    """A newcomer's SQL gets one fault, with what to write instead."""
    assert [one.hint for one in tried(model(t=T, v=view(select))).faults] == [hint]


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("upper(frist_name)", "did you mean first_name?"),
        ("id::text", "write cast(column as text)"),
        ("always as (upper(a)) stored", "write the expression alone"),
        ("(select count(*) from t)", 'a computed column sees its own row alone: make it a "view"'),
        ("now()", "a stored value depends on the row alone: no time of now, no chance"),
        (
            "upper(x)",
            "computed columns read each other in a circle: have one read plain columns alone",
        ),
        ("random()", "a stored value depends on the row alone: no time of now, no chance"),
    ],
)
def test_other_dialects_of_computed_columns_too(expression: str, hint: str) -> None:
    """The same where a column is computed."""
    column = {**TEXT, "generated": expression}
    one = model(t=table_file({**T["properties"], "x": column}))
    assert [fault.hint for fault in tried(one).faults] == [hint]


def test_accounts_are_read_by_their_one_name() -> None:
    """What the hint says to write is right."""
    assert said(model(v=view('select id as a, email from "auth.users"', "a", "email"))) == []
