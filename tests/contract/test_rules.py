"""The two readings of an expression, SQL and judge, agree whatever the program and the rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from tests.contract.pools import (
    ITEMS,
    MODEL,
    PATHS,
    PATTERNS,
    POOLS,
    REGEXES,
    THINGS,
    contexts,
    databases,
)
from tests.contract.programs import conditions

from jotbase.access.enforcement.checks import check_rows
from jotbase.access.language.coercion import identity
from jotbase.engines.sqlite.database.connection import ConnectionFactory
from jotbase.errors import AccessError
from jotbase.expression.data_types.documents import NULL
from jotbase.expression.expr import Apply, Context, Expr, Fact, Field, Literal, Or, rename_scope
from jotbase.expression.judge import Env, judge
from jotbase.expression.operators import OPERATORS, SQL_FUNCTIONS
from jotbase.expression.predicate import from_row, predicate
from jotbase.schema.ddl.tables import create
from jotbase.schema.model.tables import Type
from jotbase.schema.values.convert import stored
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import UnitOfWork
from jotbase.values import Row

Database = dict[str, list[Row]]

THINGS_IN_ORDER = ') FROM "things" AS "row" ORDER BY "row"."id"'

#: JOTBASE_EXAMPLES=20000 looks harder than every run of the suite needs to.
LOOK = settings(
    max_examples=int(os.environ.get("JOTBASE_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def connection() -> Iterable[apsw.Connection]:
    """Give an open database with the tables of the programs, as the engine opens it."""
    opened = ConnectionFactory(":memory:", SQL_FUNCTIONS, durable=False).connect(reader=False)
    for statement in create(MODEL, SQLITE):
        opened.execute(statement.text)
    opened.execute("PRAGMA foreign_keys = OFF")
    yield opened
    opened.close()


def fill(connection: apsw.Connection, database: Database) -> None:
    """Make the database hold those rows and no others."""
    for name, rows in database.items():
        table = MODEL.tables[name]
        connection.execute(f'DELETE FROM "{name}"')
        marks = ", ".join("?" * len(table.columns))
        for row in rows:
            values = [stored(column.type, row[column.name], SQLITE) for column in table.columns]
            connection.execute(f'INSERT INTO "{name}" VALUES ({marks})', values)


def run(connection: apsw.Connection, fragment: Fragment, context: Context) -> list[Any]:
    """Return the first column of what a statement gives, its slots filled."""
    values = [value.fill(context) if hasattr(value, "fill") else value for value in fragment.params]
    return [row[0] for row in connection.execute(fragment.text, values)]


def said(value: Any) -> bool | None:
    """Return SQLite's answer as the judge would say it."""
    return None if value is None else bool(value)


def judged(expression: Expr, database: Database, context: Context) -> list[bool | None]:
    """Return what the judge says of each thing."""
    say = judge(expression)
    return [say(Env({"row": row}, context, database.__getitem__)) for row in database["things"]]


def operands(operator: str, kind: Type) -> Iterable[Any]:
    """Return all values that the operator is tried with on the right."""
    every = POOLS.get(kind, tuple(items for pool in ITEMS.values() for items in pool))
    if OPERATORS[operator].takes[1:] == ("list",):
        return [(), *((value,) for value in every), every]
    special: dict[str, tuple[Any, ...]] = {
        **dict.fromkeys(("like", "ilike"), PATTERNS),
        **dict.fromkeys(("match", "imatch"), REGEXES),
        **dict.fromkeys(("fts", "plfts", "phfts", "wfts"), ("ab", "b", "1", "éa")),
        **dict.fromkeys(("json_get", "json_text"), PATHS),
        "is": (True, False) if kind is Type.BOOLEAN else (),
    }
    return special.get(operator, every)


def tried(operator: str) -> Iterable[Apply]:
    """Return the operator on each column of a type that it takes, with each operand."""
    takes = OPERATORS[operator].takes
    for column in THINGS.columns:
        if column.type not in OPERATORS[operator].types:
            continue
        left = Field("row", column.name, column.type, column.item)
        kind = column.item or Type.TEXT if operator == "holds" else column.type
        if len(takes) == 1:
            yield Apply(operator, (left,))
            continue
        extra = (Literal("english", Type.TEXT),) if len(takes) == 3 else ()
        for value in operands(operator, kind):
            yield Apply(operator, (left, Literal(value, kind), *extra))
        if takes[1] != "path":
            yield Apply(operator, (left, Fact(("claims", "none"), identity, kind), *extra))


def everything() -> Database:
    """Return things that have each value of each column's pool, and null."""
    pools = {
        column.name: [None, *ITEMS.get(column.name, POOLS.get(column.type, ()))]
        for column in THINGS.columns
    }
    length = max(map(len, pools.values()))
    rows = [
        {name: pool[number] if number < len(pool) else None for name, pool in pools.items()}
        | {"id": number, "kind": None}
        for number in range(length)
    ]
    return {"things": rows, "kinds": [], "links": []}


def shown(value: Any) -> Any:
    """Return a document out of SQLite as the judge has it."""
    if value is None:
        return None
    document = json.loads(value)
    return NULL if document is None else document


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_agree_on_every_pair(connection: apsw.Connection, operator: str) -> None:
    """An operator on a column says the same in SQL and in the judge for all pairs of the pools."""
    database, context, result = everything(), Context(), OPERATORS[operator].result
    fill(connection, database)
    for expression in tried(operator):
        statement = "SELECT (" + predicate(expression, SQLITE) + THINGS_IN_ORDER

        found = run(connection, statement, context)

        read = said if result is Type.BOOLEAN else shown if result is Type.JSON else identity
        assert [*map(read, found)] == judged(expression, database, context), expression


@LOOK
@given(conditions, databases(), contexts)
def test_sql_and_judge_agree(
    connection: apsw.Connection, expression: Expr, database: Database, context: Context
) -> None:
    """SQL over rows that stand in a table says what the judge says, unknown included."""
    fill(connection, database)
    statement = "SELECT (" + predicate(expression, SQLITE) + THINGS_IN_ORDER

    found = run(connection, statement, context)

    assert [*map(said, found)] == judged(expression, database, context)


@LOOK
@given(conditions, databases(), contexts)
def test_sql_over_bound_rows_agrees(
    connection: apsw.Connection, expression: Expr, database: Database, context: Context
) -> None:
    """A row that stands in no table any more is judged alike with its values bound."""
    fill(connection, database)
    row = database["things"][0]
    statement = "SELECT (" + predicate(expression, SQLITE, from_row({"row": row}, SQLITE)) + ")"

    found = run(connection, statement, context)

    assert said(found[0]) == judged(expression, database, context)[0]


def passes(connection: apsw.Connection, work: UnitOfWork[None]) -> bool:
    """Return whether a check lets its rows be written."""
    try:
        statement = next(work)
        while True:
            found = connection.execute(statement.text, statement.params).fetchall()
            statement = work.send(found)
    except StopIteration:
        return True
    except AccessError:
        return False


@LOOK
@given(conditions, databases(), contexts)
def test_checks_of_new_rows_agree(
    connection: apsw.Connection, expression: Expr, database: Database, context: Context
) -> None:
    """Rows to be inserted pass if the judge says yes of each, on the tables as they stand."""
    rows, before = database["things"], {**database, "things": []}
    fill(connection, before)
    condition = rename_scope(expression, "row", "new")

    passed = passes(connection, check_rows(condition, rows, None, context, SQLITE, THINGS))

    say = judge(condition)
    verdicts = [say(Env({"new": row}, context, before.__getitem__)) for row in rows]
    assert passed == all(verdict is True for verdict in verdicts)


@LOOK
@given(conditions, conditions, databases(), databases(), contexts)
def test_checks_of_changed_rows_agree(
    connection: apsw.Connection,
    of_old: Expr,
    of_new: Expr,
    before: Database,
    other: Database,
    context: Context,
) -> None:
    """Rows to be changed are judged beside their old ones, on the tables as they stand."""
    olds = before["things"][: len(other["things"])]
    news = other["things"][: len(olds)]
    fill(connection, before)
    condition = Or((of_old, rename_scope(of_new, "row", "new")))

    passed = passes(connection, check_rows(condition, news, olds, context, SQLITE, THINGS))

    say = judge(condition)
    rows = [{"new": new, "row": old} for new, old in zip(news, olds, strict=True)]
    verdicts = [say(Env(row, context, before.__getitem__)) for row in rows]
    assert passed == all(verdict is True for verdict in verdicts)
