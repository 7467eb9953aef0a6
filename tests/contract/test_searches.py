"""Full-text indexes: a search finds with one what it finds without, whoever wrote the rows."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.made import drive, rows
from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.auth.accounts.ddl import create as create_accounts
from jotbase.engines.sqlite.database.catalog import introspect
from jotbase.engines.sqlite.database.connection import ConnectionFactory
from jotbase.errors import RequestError
from jotbase.expression.expr import And, Apply, Context, Expr, Field, Literal, Not, Or
from jotbase.expression.judge import Env, judge
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.expression.predicate import predicate
from jotbase.query.request.shape import SEARCHES
from jotbase.query.statement.narrowing import index_condition
from jotbase.schema.ddl.searches import index_pending, pending_query, set_tokenizer_version
from jotbase.schema.model.tables import Model, Type
from jotbase.schema.pulling.pull import pull
from jotbase.schema.upgrading.upgrade import upgrade
from jotbase.search.textsearch import parse_search
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import Fragment, parenthesized

NULLABLE = {"type": ["string", "null"]}
COLUMNS = {"id": TEXT, "a": NULLABLE, "b": NULLABLE}
INDEXES = [
    {"columns": ["a", "b"], "kind": "fulltext"},
    {"columns": ["b"], "kind": "fulltext", "language": "simple"},
]
PLAIN = model(t=table_file(COLUMNS, primaryKey=["id"], required=["id"]))
INDEXED = model(t=table_file(COLUMNS, primaryKey=["id"], required=["id"], indexes=INDEXES))

WORDS = ["cat", "Cats", "running", "runs", "the", "été", "ÉTÉS", "e\u0301t", "ΣΑΣ", "7"]
TEXTS = (
    st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=6)
    .map(" ".join)
    .filter(lambda text: "\0" not in text)
)
SINGLE = [*WORDS, "ca:*", "ru:*", "é:*", "!cat", "-cat", '"cat runs"', "cat runs", "σ:* | 7"]
TERMS = st.sampled_from(SINGLE)
JOINTS = st.sampled_from([" & ", " | ", " <-> ", " <2> ", " ", " or ", " & !", " -"])
QUERIES = (
    TERMS
    | st.builds("{}{}{}".format, TERMS, JOINTS, TERMS)
    | st.builds("{}{}({}{}{})".format, TERMS, JOINTS, TERMS, JOINTS, TERMS)
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """Give an empty database in a file, opened as the engine opens it."""
    opened = ConnectionFactory(str(tmp_path / "t.db"), SQL_FUNCTIONS, durable=False).connect(
        reader=False
    )
    for statement in create_accounts(SQLITE):
        opened.execute(statement.text)
    yield opened
    opened.close()


def bring(connection: apsw.Connection, wanted: Model) -> None:
    """Bring the database to a model."""
    drive(connection, upgrade(wanted))


def index_all(connection: apsw.Connection, wanted: Model = INDEXED) -> None:
    """Index rows until none waits."""
    while drive(connection, index_pending(wanted)):
        pass


def asked(form: str, query: str, column: str = "a", config: str = "english") -> Apply:
    """Return a search as a filter makes it."""
    text = Field("row", column, Type.TEXT)
    return Apply(form, (text, Literal(query, Type.TEXT), Literal(config, Type.TEXT)))


def found(connection: apsw.Connection, where: Expr, *, by_index: bool) -> list[str]:
    """Return the ids of the rows that a condition finds, with or without the indexes."""
    condition = parenthesized(predicate(where, SQLITE))
    few = index_condition(where, INDEXED.tables["t"], "row") if by_index else None
    if few is not None:
        condition = few + " AND " + condition
    statement: Fragment = 'SELECT "id" FROM "t" AS "row" WHERE ' + condition + ' ORDER BY "id"'
    return [row[0] for row in connection.execute(statement.text, statement.params)]


def put(connection: apsw.Connection, texts: list[str | None]) -> None:
    """Fill the table with rows of these texts."""
    connection.execute("DELETE FROM t")
    for number, text in enumerate(texts):
        other = texts[-1 - number]
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", (f"{number:03}", text, other))


def is_query(search: Apply) -> bool:
    """Whether the search's text is a query of its form."""
    _, query, config = search.arguments
    assert isinstance(query, Literal)
    assert isinstance(config, Literal)
    try:
        parse_search(search.operator, query.value, config.value)
    except RequestError:
        return False
    return True


searches = st.builds(
    asked,
    st.sampled_from(SEARCHES),
    QUERIES,
    st.sampled_from("ab"),
    st.sampled_from(["english", "simple", "german"]),
).filter(is_query)
conditions = st.recursive(
    searches,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=5,
)


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.none() | TEXTS, min_size=1, max_size=8),
    conditions,
    st.integers(0, 8),
)
def test_an_index_changes_nothing_that_is_found(
    connection: apsw.Connection, texts: list[str | None], where: Expr, indexed: int
) -> None:
    """Whatever the texts and the question, with some rows indexed and others still waiting."""
    bring(connection, INDEXED)
    put(connection, texts[:indexed])
    index_all(connection)
    put(connection, texts)
    plainly, say = found(connection, where, by_index=False), judge(where)

    assert found(connection, where, by_index=True) == plainly
    index_all(connection)
    assert found(connection, where, by_index=True) == plainly
    table = [dict(zip("ab", row, strict=True)) for row in rows(connection, "SELECT a, b FROM t")]
    verdicts = [say(Env({"row": row}, Context())) for row in table]
    assert [f"{place:03}" for place, one in enumerate(verdicts) if one is True] == plainly


@pytest.mark.parametrize("form", SEARCHES)
@pytest.mark.parametrize("config", ["english", "simple", "german"])
def test_every_single_search_agrees(connection: apsw.Connection, form: str, config: str) -> None:
    """Each word, prefix and negation finds with the index what it finds without."""
    bring(connection, INDEXED)
    put(connection, [None, "", *WORDS, "cat runs", "The Cats Running", "7 cats σας"])
    index_all(connection)
    for query in SINGLE:
        for column in "ab":
            search = asked(form, query, column, config)
            if is_query(search):
                plainly = found(connection, search, by_index=False)
                assert found(connection, search, by_index=True) == plainly, search


def test_the_index_is_what_finds(connection: apsw.Connection) -> None:
    """SQLite looks rows up by their numbers, those that the index names and no others."""
    bring(connection, INDEXED)
    put(connection, ["cats", "dogs", "a cat"])
    index_all(connection)
    few = index_condition(asked("fts", "cat"), INDEXED.tables["t"], "row")
    assert few is not None
    text = 'SELECT "id" FROM "t" AS "row" WHERE ' + few
    plan = rows(connection, f"EXPLAIN QUERY PLAN {text.text}", *text.params)

    assert plan[0][3] == "SEARCH row USING INTEGER PRIMARY KEY (rowid=?)"
    assert rows(connection, text.text, *text.params) == [("000",), ("002",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE t SET a = 'a dog' WHERE id = '001'",
        "UPDATE OR FAIL t SET a = 'a dog', b = 'dogs'",
        "REPLACE INTO t VALUES ('001', 'dogs', 'x')",
        "DELETE FROM t WHERE id = '000'; INSERT INTO t VALUES ('009', 'dogged', '')",
        "UPDATE t SET rowid = rowid + 100; UPDATE t SET a = 'dog' WHERE id = '002'",
        "DELETE FROM t; INSERT INTO t (rowid, id, a) VALUES (2, '5', 'dog'), (1, '6', 'cat')",
        "VACUUM; UPDATE t SET a = 'dog' WHERE id = '002'",
        "INSERT INTO t VALUES ('001', 'x', '') ON CONFLICT DO UPDATE SET a = 'the dog'",
    ],
)
def test_any_program_may_write(connection: apsw.Connection, change: str) -> None:
    """Another program, without a word of ours, writes as it likes, and searches stay right."""
    bring(connection, INDEXED)
    put(connection, ["cats", "mice", "a cat", None])
    index_all(connection)
    path = connection.filename
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.executescript(change)

    for look in ("dog", "cat", "mice", "!cat"):
        plainly = found(connection, asked("fts", look), by_index=False)
        assert found(connection, asked("fts", look), by_index=True) == plainly
    index_all(connection)
    for look in ("dog", "cat", "mice", "!cat"):
        plainly = found(connection, asked("fts", look), by_index=False)
        assert found(connection, asked("fts", look), by_index=True) == plainly


def test_an_index_comes_and_goes(connection: apsw.Connection) -> None:
    """Added to a table with rows it is filled, taken away nothing of it is left."""
    bring(connection, PLAIN)
    put(connection, ["cats", "dogs"])
    before = rows(connection, "SELECT name FROM sqlite_schema ORDER BY 1")
    bring(connection, INDEXED)
    assert rows(connection, pending_query(INDEXED)) == [(1,)]
    index_all(connection)
    assert rows(connection, pending_query(INDEXED)) == [(0,)]
    assert found(connection, asked("fts", "dog"), by_index=True) == ["001"]
    bring(connection, PLAIN)

    assert rows(connection, "SELECT name FROM sqlite_schema ORDER BY 1") == before


def test_a_table_made_anew_is_indexed_anew(connection: apsw.Connection) -> None:
    """Its rows may have other numbers then."""
    bring(connection, INDEXED)
    put(connection, ["cats", "dogs", "cat"])
    connection.execute("DELETE FROM t WHERE id = '000'")
    index_all(connection)
    shorter = {**NULLABLE, "maxLength": 100}
    file = table_file({**COLUMNS, "a": shorter}, primaryKey=["id"], required=["id"])
    bring(connection, model(t={**file, "indexes": INDEXES}))

    assert found(connection, asked("fts", "cat"), by_index=True) == ["002"]
    index_all(connection)
    assert found(connection, asked("fts", "cat"), by_index=True) == ["002"]


def test_an_index_dropped_by_hand_is_made_again(connection: apsw.Connection) -> None:
    """A start finds what is missing."""
    bring(connection, INDEXED)
    put(connection, ["cats"])
    connection.execute('DROP TABLE "jotbase.search.t.english.a.b"')
    bring(connection, INDEXED)

    assert found(connection, asked("fts", "cat"), by_index=True) == ["000"]


def test_long_texts_are_indexed_one_by_one(connection: apsw.Connection) -> None:
    """Other writes wait for a batch, so that it is short in characters too."""
    bring(connection, INDEXED)
    put(connection, ["cat " * 20_000, "dog " * 20_000, None, "mouse"])
    steps = 1
    while drive(connection, index_pending(INDEXED)):
        steps += 1

    assert steps == 4
    for look in ("cat", "dog", "mouse"):
        plainly = found(connection, asked("fts", look), by_index=False)
        assert len(plainly) == 1
        assert found(connection, asked("fts", look), by_index=True) == plainly


def test_pull_leaves_the_index_where_it_is(connection: apsw.Connection) -> None:
    """What keeps an index is no table of the project, and its shadows are none."""
    bring(connection, INDEXED)
    pulled = pull(introspect(connection.filename, {}))

    assert pulled.files.keys() == {"t.json"}
    assert pulled.model.tables["t"].searches == INDEXED.tables["t"].searches
    assert pulled.notes == []


def test_other_words_mean_another_index(connection: apsw.Connection) -> None:
    """A release that makes other words of texts finds rows by them from the first search on."""
    bring(connection, INDEXED)
    put(connection, ["cats"])
    drive(connection, set_tokenizer_version(INDEXED, "1"))
    index_all(connection)
    drive(connection, set_tokenizer_version(INDEXED, "1"))
    assert rows(connection, pending_query(INDEXED)) == [(0,)]
    drive(connection, set_tokenizer_version(INDEXED, "2"))

    assert rows(connection, pending_query(INDEXED)) == [(1,)]
