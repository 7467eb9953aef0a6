"""Upserts into tables that others made: whatever makes two keys one, nobody's row is touched."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.served import ask

from jotbase.cli import main
from jotbase.values import Principal, Response

ANN = "00000000-0000-4000-8000-00000000000a"
BOB = "00000000-0000-4000-8000-00000000000b"
#: Texts that some collation, conversion or computed column makes one.
KEYS = ("a", "A", "a ", "1", "1.0", "01", " 1", "b", "B")
DECLARED = ("TEXT", "TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM", "VARCHAR(9)", "STRING", "NUMERIC")
OPEN = {
    "select": "row.owner == user.id",
    "insert": "new.owner == user.id",
    "update": "row.owner == user.id",
    "delete": "False",
}
MERGE = "resolution=merge-duplicates,return=representation"
IGNORE = "resolution=ignore-duplicates,return=representation"

tables = st.builds(
    "CREATE TABLE notes (id {id}, k {k}, owner TEXT NOT NULL, n INTEGER,"
    " low TEXT AS (lower(trim(k))) {kept}{more}); {index}".format,
    id=st.sampled_from(["INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "INT UNIQUE"]),
    k=st.sampled_from([f"{one} UNIQUE" for one in DECLARED]),
    kept=st.sampled_from(["STORED UNIQUE", "VIRTUAL UNIQUE", "VIRTUAL"]),
    more=st.sampled_from(["", ", UNIQUE (k, n)"]),
    index=st.sampled_from(
        [
            "",
            "CREATE UNIQUE INDEX odd ON notes (lower(k))",
            "CREATE UNIQUE INDEX some ON notes (n) WHERE n > 1",
            "CREATE UNIQUE INDEX folded ON notes (k COLLATE NOCASE)",
        ]
    ),
)
bodies = st.lists(
    st.fixed_dictionaries(
        {"k": st.sampled_from(KEYS), "n": st.integers(0, 3)},
        optional={"id": st.integers(1, 4)},
    ),
    min_size=1,
    max_size=3,
)
asked = st.tuples(st.sampled_from([MERGE, IGNORE, ""]), st.sampled_from(["", "k", "low", "id"]))


def project(folder: Path, made: str, hidden: list[str]) -> Path:
    """Return a project that pulled a table, in which Bob has a row of each hidden key."""
    folder.mkdir()
    database = folder / "old.db"
    with apsw.Connection(str(database)) as connection:
        connection.execute(made)
        for number, key in enumerate(hidden, 1):
            text = "INSERT OR IGNORE INTO notes (id, k, owner, n) VALUES (?, ?, ?, ?)"
            connection.execute(text, (number, key, BOB, number))
    connection.close()
    assert main(["pull", f"sqlite:///{database}", "--out", str(folder)]) == 0
    file = folder / "schemas/notes.json"
    schema = json.loads(file.read_text())
    schema.pop("$comment", None)
    file.write_text(json.dumps(schema | {"access": OPEN}))
    return folder


def rows(folder: Path) -> list[tuple[Any, ...]]:
    """Return all that is in the table."""
    with apsw.Connection(str(folder / "old.db")) as connection:
        found = connection.execute("SELECT * FROM notes ORDER BY owner, k, n").fetchall()
    connection.close()
    return found


def put(folder: Path, owner: str, sent: list[Any], way: tuple[str, str]) -> Response:
    """Have Ann send rows in somebody's name."""
    prefer, key = way
    body = json.dumps([row | {"owner": owner} for row in sent])
    target = "notes?columns=k,n,owner" + (",id" if any("id" in row for row in sent) else "")
    target += f"&on_conflict={key}" if key else ""
    principal = Principal("authenticated", ANN)
    return ask(folder, ("POST", target, body), caller=principal, prefer=prefer)[0]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root, numbers = tmp_path_factory.mktemp("merges"), itertools.count()
    return lambda: root / str(next(numbers))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables, st.lists(st.sampled_from(KEYS), min_size=1, max_size=3), bodies, asked)
def test_nobody_elses_row_is_touched_or_told(
    folders: Any, made: str, hidden: list[str], sent: list[Any], way: tuple[str, str]
) -> None:
    """Whatever Ann sends in her own name, Bob's rows stay as they are and are not given back."""
    folder = project(folders(), made, hidden)
    before = rows(folder)

    answer = put(folder, ANN, sent, way)

    assert answer.status < 500 or b'"21000"' in answer.body
    assert [row for row in rows(folder) if BOB in row] == before
    assert BOB.encode() not in answer.body


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables, st.lists(st.sampled_from(KEYS), min_size=1, max_size=3), bodies, asked)
def test_who_is_refused_learns_nothing_of_hidden_rows(
    folders: Any, made: str, hidden: list[str], sent: list[Any], way: tuple[str, str]
) -> None:
    """The answer to rows in another's name is the same whether any row is there or not."""
    full, empty = project(folders(), made, hidden), project(folders(), made, hidden)
    with apsw.Connection(str(empty / "old.db")) as connection:
        connection.execute("DELETE FROM notes")
    connection.close()

    one, other = put(full, BOB, sent, way), put(empty, BOB, sent, way)

    assert (one.status, one.headers, one.body) == (other.status, other.headers, other.body)
    assert one.status >= 400
    assert rows(empty) == []
