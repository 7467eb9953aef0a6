"""The change log's history: epochs, and the rows that other programs replace."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.conftest import MakeEngine
from tests.contract.made import made
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.engines.sqlite import SqliteEngine
from jotbase.project.migration import migrate
from jotbase.realtime.messages.cursors import Cursor, Timeline, read_cursor
from jotbase.schema.model.tables import Model

COLUMNS = {"id": ID, "a": NUMBER, "b": {**NUMBER, "type": ["integer", "null"]}, "c": TEXT}
FILE = table_file(COLUMNS, primaryKey=["id"], unique=[["a"], ["b", "c"]], realtime=True)
FOLLOWED = model(t=FILE)
SILENT = model(t={**FILE, "realtime": False})
KEYED = model(
    t=table_file(
        {**COLUMNS, "id": NUMBER},
        primaryKey=["id"],
        unique=[["a"], ["b", "c"]],
        realtime=True,
        withoutRowid=True,
    )
)


async def opened(make_engine: MakeEngine, path: Path, served: Model) -> SqliteEngine:
    """Return an engine as a start leaves it."""
    engine = await make_engine(str(path))
    await migrate(engine, served)
    return engine


async def line(engine: SqliteEngine) -> Timeline:
    """Return the engine's history."""
    return Timeline(await engine.timeline())


#: A program of somebody else's, in a process of its own: file locks hold between processes.
THEIRS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for text in sys.argv[2:]:
    database.execute(text)
"""


def by_hand(path: Path, *texts: str) -> None:
    """Write as another program does."""
    subprocess.run([sys.executable, "-c", THEIRS, str(path), *texts], check=True)


ONE = "INSERT INTO t (a, c) SELECT ifnull(max(a), 0) + 1, 'x' FROM t"


@pytest.mark.anyio
async def test_a_restored_backup_does_not_know_later_cursors(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """What was told up to the backup holds on; what came later, under equal numbers, does not."""
    path, backup = tmp_path / "jot.db", tmp_path / "backup.db"
    first = await opened(make_engine, path, FOLLOWED)
    by_hand(path, *[ONE] * 4)
    early = read_cursor((await line(first)).mark(4)) or Cursor(-1)
    by_hand(path, f"VACUUM INTO '{backup}'")
    by_hand(path, *[ONE] * 5)
    late = read_cursor((await line(first)).mark(9)) or Cursor(-1)
    restored = await opened(make_engine, backup, FOLLOWED)
    by_hand(backup, *[ONE] * 20)
    now = await line(restored)

    assert (await line(first)).holds(late)
    assert now.holds(early)
    assert not now.holds(late)


@pytest.mark.anyio
async def test_realtime_switched_off_and_on_ends_what_was_told_before(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """What was written in between stands in no log, though the numbers show no gap."""
    path = tmp_path / "jot.db"
    engine = await opened(make_engine, path, FOLLOWED)
    by_hand(path, ONE)
    before = read_cursor((await line(engine)).mark(1)) or Cursor(-1)
    await migrate(engine, FOLLOWED, started=False)
    assert (await line(engine)).holds(before)
    await migrate(engine, SILENT, started=False)
    by_hand(path, ONE)
    await migrate(engine, FOLLOWED, started=False)

    assert not (await line(engine)).holds(before)


def replaying(log: list[tuple[str, str | None, str | None]]) -> list[str]:
    """Return the rows that the log's changes lead to, each by what it says."""
    rows: list[str] = []
    for kind, old, new in log:
        if kind != "INSERT":
            rows.remove(str(old))
        if kind != "DELETE":
            rows.append(str(new))
    return sorted(rows)


_ROW = st.tuples(
    st.integers(1, 4), st.integers(1, 4), st.none() | st.integers(1, 3), st.sampled_from("xy")
)
_WRITE = st.tuples(
    st.sampled_from(
        (
            "INSERT OR REPLACE INTO t (id, a, b, c) VALUES (?, ?, ?, ?)",
            "INSERT OR IGNORE INTO t (id, a, b, c) VALUES (?, ?, ?, ?)",
            "INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)",
            "INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            "INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET a = excluded.a, c = excluded.c",
            "UPDATE OR REPLACE t SET id = ?1, a = ?2, b = ?3 WHERE c = ?4",
            "UPDATE OR IGNORE t SET id = ?1, a = ?2, b = ?3 WHERE c = ?4",
            "DELETE FROM t WHERE id = ?1 AND ?2 AND ?3 IS ?3 AND ?4 <> ''",
        )
    ),
    _ROW,
)


@contextlib.contextmanager
def elsewhere(served: Model, recursive: bool) -> Iterator[Any]:
    """Give a database of the model, as a program that knows nothing of it opens it."""
    made_here = made(served)
    made_here.execute(f"PRAGMA recursive_triggers = {int(recursive)}")
    yield made_here
    made_here.close()


@given(st.lists(_WRITE, max_size=12), st.booleans(), st.sampled_from((FOLLOWED, KEYED)))
def test_the_log_leads_to_the_rows_that_are_there(
    writes: list[tuple[str, tuple[Any, ...]]], recursive: bool, served: Model
) -> None:
    """Whatever other programs replace, ignore or merge, with recursive triggers or without."""
    with elsewhere(served, recursive) as database:
        for text, values in writes:
            with contextlib.suppress(Exception):
                database.execute(text, values)
        log = database.execute('SELECT kind, old, new FROM "jotbase.changes" ORDER BY number')
        told = replaying(log.fetchall())
        rows = database.execute("SELECT json_object('id', id, 'a', a, 'b', b, 'c', c) FROM t")

        assert told == sorted(row for (row,) in rows.fetchall())


@pytest.mark.anyio
async def test_a_new_table_has_no_changes_of_an_earlier_one(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """What was logged of a table that was dropped is not told under the rules of its successor."""
    path, other = tmp_path / "jot.db", table_file(COLUMNS, primaryKey=["id"])
    engine = await opened(make_engine, path, model(t=FILE, other=other))
    by_hand(path, ONE, "INSERT INTO \"jotbase.meta\" VALUES ('drop t', '')")
    await migrate(engine, model(other=other))
    kept = await engine.changes(0)
    await migrate(engine, model(t=FILE, other=other))
    forgotten = await engine.changes(0)
    by_hand(path, ONE)

    assert ([one.table for one in kept], forgotten) == (["t"], [])
    assert [one.kind for one in await engine.changes(0)] == ["INSERT"]
