"""What functions of the database see of rows that a rule hides: nothing, whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import apsw
import pytest
from tests.unit.query.board import column, request, table

from jotbase.access.enforcement.guard import RuleGuard
from jotbase.access.enforcement.policy import load_policy
from jotbase.expression.data_types.casting import CAST_FUNCTIONS
from jotbase.expression.expr import Context
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.query.plan.computed import SQL_NAME
from jotbase.query.plan.nodes import PlanLimits, ReadPlan
from jotbase.query.request.shape import shape
from jotbase.query.response.prepared import compile_shape, unit_factory
from jotbase.query.write.result import WriteContext
from jotbase.schema.model.tables import Column, Computed, ForeignKey, Index, Model, Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.sql.dialect import SQLITE

HIDDEN = "hidden"
BEGINNING = re.compile(r"[^%_\\]*%")
TABLES = """
CREATE TABLE numbers AS
  WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 20)
  SELECT value FROM n;
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT, mine INTEGER);
CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER, text TEXT, data TEXT, tags TEXT,
  span TEXT, made TEXT AS (lower(text)) VIRTUAL);
CREATE INDEX notes_text ON notes (text);
CREATE INDEX notes_firm ON notes (firm);
CREATE TABLE pairs (note INTEGER, firm INTEGER, PRIMARY KEY (note, firm));
CREATE VIEW shown AS SELECT id, firm, text, data, tags, span, lower(text) AS made FROM notes
  WHERE firm < 10;
INSERT INTO firms SELECT value, 'firm', value < 10 FROM numbers;
INSERT INTO notes SELECT value, value, iif(value < 10, 'seen', 'hidden') || value,
  iif(value < 10, '{"a":"seen"}', '{"a":"hidden"}'), iif(value < 10, '["seen"]', '["hidden"]'),
  iif(value < 10, '[1,2)', '(hidden') FROM numbers;
INSERT INTO pairs SELECT a.value, b.value FROM numbers a, numbers b
  WHERE a.value < 10 OR b.value >= 10;
"""
COLUMNS = (
    column("id", Type.INTEGER, nullable=False),
    column("firm", Type.INTEGER),
    column("text"),
    column("data", Type.JSON),
    column("tags", Type.ARRAY, item=Type.TEXT),
    column("span", Type.INT4RANGE),
    column("made", generated="lower(text)"),
)
RULES = (
    "row.firm < 10",
    "row.firm.mine == True",
    "any(f.id == row.firm and f.mine for f in firms)",
    "row.id < 100 and any(f.id == row.firm and f.mine for f in firms)",
    "row.id == 1 or not any(f.id == row.firm and not f.mine for f in firms)",
)
FILTERS = (
    "text=like.*x*",
    "text=ilike.*x*",
    "text=match.x",
    "text=not.imatch.x",
    "text=fts.x",
    "text=wfts(simple).x",
    "made=eq.x",
    "made=gt.a",
    "data=eq.1",
    "data=isdistinct.1",
    "data=in.(1,2)",
    "data->a=eq.1",
    "data->>a=lt.x",
    "data->>a=is.null",
    "data=cs.{}",
    "tags=cs.{x}",
    "tags=cd.{x}",
    "tags=ov.{x}",
    "span=lt.[1,2)",
    "span=cs.[1,2)",
    "span=adj.[1,2)",
    "shout=eq.x",
    "or=(text.like.*x*,id.lt.0)",
    "not.or=(text.like.*x*,id.lt.0)",
    "text=like.*x*&text=gt.a&firm=gt.0",
    "text=like.*x*&order=text.desc&limit=3",
    "data->>a=eq.x&order=data->>a,span&limit=3",
    "select=id,said:shout,data->>a&order=shout&limit=3",
    "select=tags::text,data::text,span::text",
    "select=text.max(),data->>a&text=match.x",
    "select=id,kin!inner(id)",
    "select=id,kin(id)&kin=is.null",
)
INSIDE = (
    "firms?select=id,a:{0}!notes_firm_fkey!inner(id)&a.text=like.*x*",
    "firms?select=id,a:{0}!notes_firm_fkey(id,shout)&a.data->>a=eq.x",
    "firms?select=id,a:{0}!notes_firm_fkey(id)&a.text=match.x&a.order=text&a=not.is.null",
    "firms?select=id,a:{0}!pairs!inner(id)&a.text=like.*x*",
    "firms?select=id,a:{0}!pairs(id,data->a)&a.tags=ov.{{x}}&a.limit=2",
    "pairs?select=note,...{0}(text)&{0}.text=like.*x*",
    "pairs?select=note,{0}!inner(text)&{0}.tags=cs.{{x}}&order={0}(text)",
    "pairs?select=note.count(),...{0}(text.max(),data->>a)&{0}.text=like.*x*",
    "firms?select=id,a:{0}!notes_firm_fkey(text.max())&a.tags=cs.{{x}}&order=id.desc&limit=15",
    "pairs?select=note,{0}(firms!notes_firm_fkey(name))&{0}.data=cs.{{}}&{0}=not.is.null&or=(note.gt.1,{0}.is.null)",
)


def notes(name: str, rule: str, **more: Any) -> Table:
    """Return the notes, or the view of them, under a rule."""
    key = ForeignKey(f"{name}_firm_fkey", ("firm",), "firms", ("id",))
    indexes = (Index("notes_text", ("text",)), Index("notes_firm", ("firm",)))
    more = {"primary_key": ("id",), "foreign_keys": (key,), "indexes": indexes} | more
    access = {"select": rule, "update": "True", "delete": "True"}
    return table(name, *COLUMNS, access=access, **more)


def made(rule: str) -> Model:
    """Return the model; its functions of a row are a column and a relation of the notes."""
    origins = {one.name: ("notes", one.name) for one in COLUMNS if one.name != "made"}
    view = notes("shown", "row.id > 0", view="select", origins=origins, foreign_keys=())
    firms = table(
        "firms",
        column("id", Type.INTEGER, nullable=False),
        column("name"),
        column("mine", Type.BOOLEAN),
        primary_key=("id",),
        access={"select": "True"},
    )
    ends = tuple(
        ForeignKey(f"pairs_{own}_fkey", (own,), of, ("id",))
        for own, of in (("note", "notes"), ("firm", "firms"))
    )
    pairs = table(
        "pairs",
        column("note", Type.INTEGER, nullable=False),
        column("firm", Type.INTEGER, nullable=False),
        primary_key=("note", "firm"),
        foreign_keys=ends,
        access={"select": "True"},
    )
    extra = {
        "shout": Computed("shout", Column("shout", Type.TEXT, {}, nullable=True)),
        "kin": Computed("kin", Column("kin", Type.JSON, {}, nullable=True), "notes", to_one=False),
    }
    tables = {one.name: one for one in (notes("notes", rule), view, firms, pairs)}
    return Model(tables, {"notes": extra, "shown": extra})


@pytest.fixture
def spied() -> tuple[apsw.Connection, list[Any]]:
    """Give the database, and what every function in it that may leak is given."""
    plain, connection = apsw.Connection(":memory:"), apsw.Connection(":memory:")
    seen: list[Any] = []

    def spy(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            # That a text begins with another is a comparison, which an index serves.
            if not (arguments[2:] == ("\\",) and BEGINNING.fullmatch(str(arguments[0]))):
                seen.extend(arguments)
            return None if None in arguments else function(*arguments)

        return call

    def built_in(text: str) -> Callable[..., Any]:
        return lambda *arguments: plain.execute(text, arguments).get

    functions = {**SQL_FUNCTIONS, **CAST_FUNCTIONS, SQL_NAME: lambda *_: "[]"}
    for name, function in functions.items():
        connection.create_scalar_function(name, spy(function), deterministic=True)
    connection.create_scalar_function(
        "like", spy(built_in("SELECT ?2 LIKE ?1 ESCAPE ?3")), 3, deterministic=True
    )
    for name in ("json_valid", "json", "lower"):
        connection.create_scalar_function(
            name, spy(built_in(f"SELECT {name}(?)")), 1, deterministic=True
        )
    for name in ("->", "->>"):
        connection.create_scalar_function(
            name, spy(built_in(f"SELECT ? {name} ?")), 2, deterministic=True
        )
    connection.execute(TABLES)
    seen.clear()
    return connection, seen


def run(connection: apsw.Connection, line: str, model: Model) -> list[Any]:
    """Run a read, or the statement by which a write chooses its rows."""
    guard = RuleGuard(load_policy(model))
    question, values = shape(request(line))
    limits = PlanLimits(aggregates=True)
    ready = compile_shape(question, model, limits, SQLITE, guard)
    context = Context(values=values)
    if isinstance(ready.plan, ReadPlan):
        return connection.execute(ready.text, ready.bind(context)).fetchall()
    write_context = WriteContext(RowCheck(ready.plan.table), guard)
    statement = next(unit_factory(ready, b'{"firm":1}', context, write_context)())
    return connection.execute(statement.text, list(statement.params)).fetchall()


def leaking(
    spied: tuple[apsw.Connection, list[Any]], lines: Iterable[str], model: Model
) -> list[tuple[str, Any]]:
    """Return the requests of which a function saw, or an answer told, something hidden."""
    connection, seen = spied
    found: list[tuple[str, Any]] = []
    for line in lines:
        seen.clear()
        rows = run(connection, line, model)
        assert seen, line
        found.extend((line, one) for one in (*seen, *rows) if HIDDEN in str(one))
    return found


@pytest.mark.parametrize("rule", RULES)
def test_no_function_sees_what_a_rule_hides(
    spied: tuple[apsw.Connection, list[Any]], rule: str
) -> None:
    """Filters, orders, casts and aggregates meet what the rule shows, and nothing else."""
    lines = [f"GET /notes?{query}" for query in FILTERS]

    assert leaking(spied, lines, made(rule)) == []


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_no_function_sees_what_a_rule_hides_from_a_write(
    spied: tuple[apsw.Connection, list[Any]], method: str, rule: str
) -> None:
    """A write's filters choose among the rows that may be read and written."""
    queries = [query for query in FILTERS if "select=" not in query]

    assert leaking(spied, [f"{method} /notes?{query}" for query in queries], made(rule)) == []


def test_no_function_sees_what_a_view_hides(spied: tuple[apsw.Connection, list[Any]]) -> None:
    """A view's own condition is a barrier as well."""
    assert leaking(spied, [f"GET /shown?{query}" for query in FILTERS], made("True")) == []


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["notes", "shown"])
def test_no_function_sees_what_a_rule_hides_inside(
    spied: tuple[apsw.Connection, list[Any]], name: str, rule: str
) -> None:
    """Embedded relations, those that only filter, spreads, and what a junction leads to."""
    lines = ["GET /" + query.format(name) for query in INSIDE]

    assert leaking(spied, lines, made(rule)) == []


@pytest.mark.parametrize(
    ("query", "values", "found"),
    [
        ("text=eq.x&text=like.x*", ("x", "x%"), "text=?"),
        ("text=like.x*y", ("x%y",), "text>? AND text<?"),
        ("text=like.*y", ("%y",), None),
    ],
)
def test_an_index_still_serves(query: str, values: tuple[str, ...], found: str | None) -> None:
    """What is compared, and what a pattern begins with, beside the rule."""
    connection = apsw.Connection(":memory:")
    for name, function in SQL_FUNCTIONS.items():
        connection.create_scalar_function(name, function, deterministic=True)
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute(TABLES)
    model, plans = made(RULES[0]), PlanLimits(plans=True)
    headers = {"accept": "application/vnd.pgrst.plan+text"}
    question = shape(request(f"GET /notes?{query}", headers=headers))[0]
    ready = compile_shape(question, model, plans, SQLITE, RuleGuard(load_policy(model)))

    steps = connection.execute(ready.text, ready.bind(Context(values=values))).fetchall()

    told = [str(step[3]) for step in steps]
    assert any(f"INDEX notes_text ({found})" in one for one in told) is (found is not None)
