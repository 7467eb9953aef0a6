"""`jotbase pull`, then `serve`: a database that knew nothing of us answers with its own rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import pytest
from tests.contract.served import ask

from jotbase.cli import main
from jotbase.sql.dialect import SQLITE

#: All that makes a database hard to take over, a statement each.
NASTY = r"""
CREATE TABLE people (
  id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL COLLATE NOCASE,
  boss INTEGER REFERENCES people(id) ON DELETE SET NULL, active BOOLEAN NOT NULL DEFAULT 1,
  born DATE, seen DATETIME, epoch DATETIME, made DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  meta JSON DEFAULT '{}', uid UUID, price DECIMAL(10, 2) DEFAULT 9.5,
  kind TEXT CHECK (kind IN ('a', 'b''c')), age INT CHECK (age >= 0 AND age < 200), pic BLOB,
  anything, score FLOAT DEFAULT -1.5,
  full TEXT GENERATED ALWAYS AS (name || ' (' || kind || ')') VIRTUAL,
  twice INT AS (age * 2) STORED, CHECK (name <> kind));
CREATE UNIQUE INDEX people_name ON people (name);
CREATE INDEX people_age ON people (age) WHERE age > 5;
INSERT INTO people (id, name, boss, born, seen, epoch, uid, kind, age, pic, anything, made) VALUES
  (7, 'Ada', NULL, '1815-12-10', '2026-01-01T10:00:00+00:00', 1700000000,
   '7f0c35a4-6a3f-4b2e-9b8f-2d4c1a0e5d11', 'a', 36, x'00ff', 1, '2026-01-01 00:00:00'),
  (9, 'Bob', 7, NULL, NULL, 1, NULL, 'b''c', NULL, NULL, 'text', '2026-01-01 00:00:00');
CREATE TABLE "odd ""name" ("select" TEXT PRIMARY KEY, "a b" INTEGER, "é/~" REAL, [from] TEXT);
INSERT INTO "odd ""name" VALUES ('k', 5, 1.5, 'f'), (NULL, 6, 2, 'g');
CREATE TABLE pair (a INTEGER, b TEXT, note TEXT, PRIMARY KEY (b, a));
INSERT INTO pair VALUES (1, 'x', 'one'), (2, 'x', 'two');
CREATE TABLE child (x INTEGER, y TEXT, p INTEGER REFERENCES PEOPLE,
  CONSTRAINT to_pair FOREIGN KEY (y, x) REFERENCES pair);
INSERT INTO child VALUES (1, 'x', 7), (2, 'x', 9), (1, 'x', 999);
CREATE TABLE docs (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE docs_fts USING fts5(body, content=docs, content_rowid=id);
CREATE TRIGGER docs_added AFTER INSERT ON docs BEGIN
  INSERT INTO docs_fts (rowid, body) VALUES (new.id, new.body); END;
INSERT INTO docs (body) VALUES ('hello world');
CREATE VIEW found AS SELECT rowid AS id, body FROM docs_fts;
CREATE VIEW counts (kind, n) AS SELECT kind, count(*) FROM people GROUP BY kind;
CREATE VIEW adults AS SELECT id, name, age FROM people WHERE age > 18;
CREATE VIEW broken AS SELECT * FROM nothing_here;
CREATE TABLE mixed (b, t TEXT);
INSERT INTO mixed VALUES (x'01', 't'), ('text', 'u');
CREATE TABLE kv (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO kv VALUES ('a', 1);
CREATE TABLE "my.table" (a);
"""

#: What a user made; not what the server adds for itself.
MADE = (
    "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'jotbase.%' AND name NOT LIKE 'auth.%'"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Make the database in a file."""
    path = tmp_path / "old.db"
    with apsw.Connection(str(path)) as connection:
        connection.execute(NASTY)
    connection.close()
    return path


@pytest.fixture
def pulled(database: Path, tmp_path: Path) -> Path:
    """Pull the database into a project."""
    assert main(["pull", f"sqlite:///{database}", "--out", str(tmp_path / "project")]) == 0
    return tmp_path / "project"


def content(path: Path) -> list[Any]:
    """Return all that a database's user made, and all rows."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    made = [(str(name), str(text)) for name, text in connection.execute(MADE)]
    readable = [name for name, text in made if text.startswith("CREATE TABLE")]
    rows = [
        connection.execute(f"SELECT * FROM {SQLITE.identifier(name)}").fetchall()
        for name in readable
    ]
    connection.close()
    return [made, rows]


def rows(project: Path, target: str) -> Any:
    """Return what a read gives."""
    [response] = ask(project, ("GET", target, ""))
    assert response.status == 200, response.body
    return json.loads(response.body)


def test_nothing_in_the_database_changes(database: Path, pulled: Path) -> None:
    """Neither the pull nor the start that follows touches a table, index, view, trigger or row."""
    untouched = database.with_name("untouched.db")
    with apsw.Connection(str(untouched)) as connection:
        connection.execute(NASTY)
    connection.close()

    ask(pulled)

    assert content(database) == content(untouched)


def test_values_of_each_kind_are_served_as_they_are(pulled: Path) -> None:
    """Booleans, dates, documents, bytes, decimals and generated columns are JSON's."""
    assert rows(pulled, "people?id=eq.7") == [
        {
            "id": 7,
            "name": "Ada",
            "boss": None,
            "active": True,
            "born": "1815-12-10",
            "seen": "2026-01-01T10:00:00+00:00",
            "epoch": 1700000000,
            "made": "2026-01-01 00:00:00",
            "meta": {},
            "uid": "7f0c35a4-6a3f-4b2e-9b8f-2d4c1a0e5d11",
            "price": 9.5,
            "kind": "a",
            "age": 36,
            "pic": "AP8=",
            "anything": 1,
            "score": -1.5,
            "full": "Ada (a)",
            "twice": 72,
        }
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (quote('odd "name', safe="") + "?select=select,%22a%20b%22,from",
         [{"select": "k", "a b": 5, "from": "f"}, {"select": None, "a b": 6, "from": "g"}]),
        ("pair?b=eq.x&a=eq.2", [{"a": 2, "b": "x", "note": "two"}]),
        ("child?select=x,pair(note),people(name)&p=eq.9",
         [{"x": 2, "pair": {"note": "two"}, "people": {"name": "Bob"}}]),
        ("people?select=name,boss(name)&id=eq.9", [{"name": "Bob", "boss": {"name": "Ada"}}]),
        ("counts?order=kind", [{"kind": "a", "n": 1}, {"kind": "b'c", "n": 1}]),
        ("adults", [{"id": 7, "name": "Ada", "age": 36}]),
        ("found", [{"id": 1, "body": "hello world"}]),
        ("mixed", [{"t": "t"}, {"t": "u"}]),
    ],
)  # fmt: skip
def test_tables_and_views_of_each_kind_are_served(
    pulled: Path, target: str, expected: list[Any]
) -> None:
    """Odd names, keys of several columns, references to itself, views of all sorts."""
    assert rows(pulled, target) == expected


def test_writes_meet_the_databases_own_defaults_and_triggers(pulled: Path) -> None:
    """What the files cannot say, the database goes on to do."""
    person, refused, _, found = ask(
        pulled,
        ("POST", "people?select=id,active,price,score,meta", '{"name": "Cy"}'),
        ("POST", "people", '{"name": "Di", "kind": "q"}'),
        ("POST", "docs", '{"body": "brave new world"}'),
        ("GET", "found?select=body", ""),
    )

    assert json.loads(person.body) == [
        {"id": 10, "active": True, "price": 9.5, "score": -1.5, "meta": {}}
    ]
    assert (refused.status, json.loads(refused.body)["code"]) == (400, "23514")
    assert json.loads(found.body) == [{"body": "hello world"}, {"body": "brave new world"}]


def test_a_table_without_row_numbers_is_served(pulled: Path) -> None:
    """Its file says that it is one, and its rows are written like any other's."""
    said = json.loads((pulled / "schemas" / "kv.json").read_text())
    answers = ask(
        pulled,
        ("POST", "kv", '[{"k": "c", "v": 3}, {"k": "b", "v": 2}]'),
        ("PATCH", "kv?k=in.(a,b)&select=k,v::text", '{"v": 7}'),
        ("DELETE", "kv?v=eq.3", ""),
        ("GET", "kv", ""),
    )

    assert (said["withoutRowid"], said["primaryKey"], said["required"]) == (True, ["k"], ["k"])
    assert [json.loads(one.body) for one in answers] == [
        [{"k": "c", "v": 3}, {"k": "b", "v": 2}],
        [{"k": "a", "v": "7"}, {"k": "b", "v": "7"}],
        [{"k": "c", "v": 3}],
        [{"k": "a", "v": 7}, {"k": "b", "v": 7}],
    ]


def test_conditions_that_no_file_can_say_still_hold(pulled: Path) -> None:
    """The database refuses, and says that it was a condition."""
    [response] = ask(pulled, ("POST", "people", '{"name": "a", "kind": "a"}'))

    assert (response.status, json.loads(response.body)["code"]) == (400, "23514")


def test_what_cannot_be_served_is_told(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each table left out has its line, and each thing that a file could not say."""
    assert main(["pull", str(database), "--out", str(tmp_path / "x"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    left_out = {note.split(": ")[0] for note in told["notes"] if ": left out: " in note}
    assert left_out == {"broken", "docs_fts", "my.table"}
    assert "child: 1 rows refer to rows that are not there" in told["notes"]
    assert any(note.startswith("people: made holds times as SQLite") for note in told["notes"])
    assert len(told["files"]) == 10


def test_pulling_again_changes_nothing(database: Path, pulled: Path) -> None:
    """Not after the server has added its own tables either."""
    ask(pulled)
    before = {path.name: path.read_bytes() for path in (pulled / "schemas").iterdir()}

    assert main(["pull", f"sqlite:///{database}", "--out", str(pulled)]) == 0
    assert {path.name: path.read_bytes() for path in (pulled / "schemas").iterdir()} == before


def test_a_file_that_says_something_else_is_never_written_over(
    database: Path, pulled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person may have added rules to it; nothing at all is written."""
    edited = pulled / "schemas" / "pair.json"
    edited.write_text("{}")
    (pulled / "schemas" / "docs.json").unlink()

    assert main(["pull", f"sqlite:///{database}", "--out", str(pulled)]) == 1
    assert edited.read_text() == "{}"
    assert not (pulled / "schemas" / "docs.json").exists()
    assert "pair.json: the file is there already" in capsys.readouterr().err


def _nothing(path: Path) -> str:
    return f"sqlite:///{path / 'none.db'}"


def _no_database(path: Path) -> str:
    (path / "text.db").write_text("not a database, but long enough to be looked at " * 20)
    return f"sqlite:///{path / 'text.db'}"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_nothing, "there is no such database"),
        (_no_database, "file is not a database"),
        (lambda _: "postgresql://ada:secret@db/x", "only SQLite databases can be pulled yet"),
    ],
)
def test_what_cannot_be_pulled(
    make: Callable[[Path], str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is told, nothing is made, and no password is shown."""
    assert main(["pull", make(tmp_path), "--out", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().err
    assert said in shown
    assert "secret" not in shown
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "none.db").exists()
