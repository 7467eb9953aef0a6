"""Looks that are shared by many rows or callers say what each look of its own says."""

from __future__ import annotations

import itertools
import random
from typing import Any

import apsw
import pytest
from tests.unit.expression.test_lookups import (
    ABOVE,
    IN_ORG,
    IN_TEAM,
    NOTES,
    OWN,
    TEAM,
    TEAMS,
    WHO,
    members,
)

from jotbase.access.language.rules import parse_rule
from jotbase.engines.base import bind
from jotbase.expression.expr import Context, Expr
from jotbase.expression.judge import Env, judge
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.expression.predicate import predicate
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.relational.queries import verdict_query, verdicts
from jotbase.schema.model.tables import Model, Table
from jotbase.sql.dialect import SQLITE
from jotbase.values import Change, Principal, Row

Tables = dict[str, list[Row]]
CALLERS = [
    Principal("authenticated", who, claims={"level": level})
    for who, level in (("a", 0), ("b", 2), ("c", None), ("d", 1), (None, 5))
]
TYPES = {"members": "team INTEGER, who TEXT, level INTEGER", "teams": "org INTEGER"}


def rows_of(seed: int) -> Tables:
    """Return rows of all tables, NULL among their values."""
    dice = random.Random(seed)

    def some(*values: Any) -> Any:
        return dice.choice([*values, None])

    return {
        "teams": [{"id": number, "org": some(1, 2)} for number in range(1, 6)],
        "notes": [{"id": n, "team": some(1, 2, 3, 9), "org": some(1, 2, 3)} for n in range(1, 9)],
        "members": [
            {"id": n, "team": some(1, 2, 3, 4), "who": some(*"abcd"), "level": some(0, 1, 2)}
            for n in range(1, 13)
        ],
    }


def database(tables: Tables) -> apsw.Connection:
    """Return a database that holds the rows, with an index on each column."""
    connection = apsw.Connection(":memory:")
    for name, function in SQL_FUNCTIONS.items():
        connection.create_scalar_function(name, function, deterministic=True)
    for name, rows in tables.items():
        columns = TYPES.get(name, "team INTEGER, org INTEGER")
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {columns})")
        marks = ", ".join("?" * len(rows[0]))
        for row in rows:
            connection.execute(f"INSERT INTO {name} VALUES ({marks})", tuple(row.values()))
            for column in row:
                connection.execute(
                    f"CREATE INDEX IF NOT EXISTS {name}_{column} ON {name} ({column})"
                )
    return connection


def rule_of(text: str, found: Table) -> Expr:
    """Return a rule of the notes."""
    model = Model({one.name: one for one in (NOTES, TEAMS, found)})
    return parse_rule(text, NOTES, "select", model)


CASES = [
    (text, found)
    for text in (OWN, IN_TEAM, IN_ORG, ABOVE)
    for found in (members(indexes=(TEAM,)), members(indexes=(WHO,)), members(indexes=(TEAM, WHO)))
] + [
    (f"not {OWN} or row.id == 1", members(indexes=(TEAM,))),
    (f"row.org == 1 and ({IN_TEAM} or not {IN_ORG})", members(indexes=(TEAM, WHO))),
    (
        "any(m.team == row.team and m.who == user.id"
        " and any(o.team == m.team and o.level > m.level for o in members) for m in members)",
        members(indexes=(TEAM,)),
    ),
]


@pytest.mark.parametrize(("text", "found"), CASES)
@pytest.mark.parametrize("seed", range(5))
def test_shared_looks_say_what_single_ones_say(text: str, found: Table, seed: int) -> None:
    """In the API's statements, and in the question about one change for all callers."""
    tables = rows_of(seed)
    connection = database(tables)
    rule = rule_of(text, found)
    said = {
        (number, row["id"]): judge(rule)(Env({"row": row}, Context(caller), tables.__getitem__))
        for (number, caller), row in itertools.product(enumerate(CALLERS), tables["notes"])
    }
    expected = {key for key, is_true in said.items() if is_true is True}

    asked = predicate(rule, SQLITE, many="rows")
    read = {
        (number, key)
        for number, caller in enumerate(CALLERS)
        for (key,) in connection.execute(
            f'SELECT id FROM notes AS "row" WHERE {asked.text}', bind(asked, Context(caller))
        )
    }
    made = select_rule(rule)
    facts = [made.bind(caller) for caller in CALLERS]
    told = set()
    for row in tables["notes"]:
        change = Change(1, "notes", "INSERT", None, row, "")
        fragment = verdict_query(change, made, facts, SQLITE)
        answer = verdicts(facts, list(connection.execute(fragment.text, bind(fragment, Context()))))
        told |= {(n, row["id"]) for n, one in enumerate(facts) if answer[one].new}

    assert (read, told) == (expected, expected)
