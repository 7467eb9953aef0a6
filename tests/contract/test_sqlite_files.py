"""Opening SQLite: how each connection is set, and what is said of a file that cannot be used."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest
from tests.contract.board import CREATE, post, run, run_all
from tests.contract.conftest import MakeEngine
from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.engines.base import Engine
from jotbase.engines.sqlite import SqliteEngine, SqliteOptions
from jotbase.engines.sqlite.database.connection import ConnectionFactory, first_connection
from jotbase.errors import JotError, ProjectError
from jotbase.project.migration import migrate
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio


async def fault(path: Path) -> str:
    """Return what is said of a database that cannot be opened."""
    engine = SqliteEngine(str(path), SqliteOptions(lock_timeout=50))
    with pytest.raises(ProjectError) as caught:
        await engine.open()
    (only,) = caught.value.faults
    assert only.file == str(path)
    assert only.hint
    return only.reason


async def test_folder_and_file_are_made(make_engine: MakeEngine, tmp_path: Path) -> None:
    """A database is made where its folder is missing too, and is there when opened again."""
    path = str(tmp_path / "new" / "folder" / "jot.db")
    engine = await make_engine(path)
    await engine.write(run_all(CREATE["sqlite"]))
    await engine.write(post("kept"))
    await engine.close()
    again = await make_engine(path)

    assert await again.read("SELECT title FROM jobs", ()) == [("kept",)]


async def test_commits_are_durable_and_keys_hold(make_engine: MakeEngine, tmp_path: Path) -> None:
    """The writer runs in WAL mode with synchronous=FULL and foreign keys on."""
    engine = await make_engine(str(tmp_path / "jot.db"))
    found = [
        (await engine.write(run(f"PRAGMA {name}")))[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    ]

    assert found == ["wal", 2, 1, 1]


async def test_reads_cannot_write(make_engine: MakeEngine) -> None:
    """A statement given to `read` changes nothing, even where it should have gone to `write`."""
    engine = await make_engine()
    with pytest.raises(JotError):
        await engine.read("CREATE TABLE t (a)", ())

    assert await engine.read("SELECT name FROM sqlite_schema", ()) == []


async def test_like_minds_the_case_and_names_are_no_text(make_engine: MakeEngine) -> None:
    """LIKE is PostgreSQL's, and a misspelt quoted name is an error, not a text."""
    engine = await make_engine()

    assert await engine.read("SELECT 'A' LIKE 'a', 'a' LIKE 'a'", ()) == [(0, 1)]
    with pytest.raises(JotError):
        await engine.read('SELECT "nowhere"', ())


async def test_functions_are_there_and_never_see_null(make_engine: MakeEngine) -> None:
    """Application functions work in reads, writes and views, and answer NULL with NULL."""
    engine = await make_engine(functions={"jot_twice": lambda text: text * 2})
    await engine.write(run("CREATE VIEW v AS SELECT jot_twice('b') AS b"))

    assert await engine.read("SELECT jot_twice(?), jot_twice(NULL), b FROM v", ("a",)) == [
        ("aa", None, "bb")
    ]
    assert await engine.write(run("SELECT jot_twice('c')")) == [("cc",)]


async def test_an_image_fills_a_new_database(engine: SqliteEngine, make_engine: MakeEngine) -> None:
    """A copy begins with the image's tables and rows, and goes its own way."""
    await engine.write(post("both"))
    copy = await make_engine(image=await engine.image())
    await copy.write(post("copy's"))
    text = "SELECT title FROM jobs ORDER BY id"

    assert await copy.read(text, ()) == [("both",), ("copy's",)]
    assert await engine.read(text, ()) == [("both",)]


async def test_a_database_in_memory_leaves_nothing_behind() -> None:
    """The folder of a database that is not to last is gone after `close`."""
    engine = SqliteEngine(":memory:")
    await engine.open()
    ((_, _, path),) = await engine.read("PRAGMA database_list", ())
    before = os.access(path, os.R_OK)
    await engine.close()

    assert before
    assert not os.access(Path(path).parent, os.R_OK)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Any other file is refused and left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary " * 1000)

    assert await fault(path) == "the database is not an SQLite database"
    assert path.read_text() == "dear diary " * 1000


async def test_a_damaged_database(tmp_path: Path) -> None:
    """A file with SQLite's head and a broken body is called damaged."""
    path = tmp_path / "jot.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE a (b); CREATE TABLE c (d)")
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)

    assert await fault(path) == "the database is damaged"


async def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """A folder is no database."""
    assert await fault(tmp_path) == "the database is a folder"


async def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    """A path through a file cannot be made."""
    (tmp_path / "file").write_text("")

    assert (await fault(tmp_path / "file" / "jot.db")).startswith("the database cannot be made")


async def test_a_locked_database(tmp_path: Path) -> None:
    """A file that somebody else keeps to himself is called locked."""
    path = tmp_path / "jot.db"
    with contextlib.closing(apsw.Connection(str(path))) as other:
        other.execute("CREATE TABLE a (b)")
        other.execute("BEGIN EXCLUSIVE")

        assert await fault(path) == "the database is locked by another process"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", ["jot.db", "new/jot.db"])
async def test_a_folder_that_cannot_be_written(locked_folder: Path, name: str) -> None:
    """A folder without the right to write is named as the reason."""
    assert await fault(locked_folder / name) in {
        "the database cannot be opened",
        "the database cannot be made: its folder cannot be written",
    }


@pytest.fixture
def locked_folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in which nothing can be made."""
    tmp_path.chmod(0o500)
    yield tmp_path
    tmp_path.chmod(0o700)


async def test_a_value_that_a_read_cannot_use(engine: Engine) -> None:
    """What a read refuses is the caller's mistake, with PostgreSQL's code."""
    with pytest.raises(JotError) as caught:
        await engine.read("SELECT value FROM json_each(?)", ("{",))

    assert (caught.value.code, caught.value.status) == ("22P02", 400)


def test_a_file_that_is_being_set_up_by_another_process_is_waited_for(tmp_path: Path) -> None:
    """Every statement of the opening waits, those too that set the connection."""
    path, opened = tmp_path / "a.db", threading.Event()
    place = ConnectionFactory(str(path), {}, lock_ms=10_000)

    def open_it() -> str:
        try:
            with contextlib.closing(first_connection(place, None)) as connection:
                return str(connection.execute("PRAGMA journal_mode").fetchall()[0][0])
        finally:
            opened.set()

    with contextlib.closing(apsw.Connection(str(path))) as other, ThreadPoolExecutor(1) as threads:
        other.execute("CREATE TABLE theirs (a)")
        other.execute("BEGIN EXCLUSIVE")
        mode = threads.submit(open_it)
        waits = not opened.wait(0.2)
        other.execute("COMMIT")

        assert (waits, mode.result(10)) == (True, "wal")


async def test_a_database_whose_tables_are_damaged_is_called_so(tmp_path: Path) -> None:
    """Overwritten in the middle: no schema file is blamed for it, and nothing is a traceback."""
    path = tmp_path / "a.db"
    engine = SqliteEngine(str(path))
    await engine.open()
    before = model(t=table_file({"id": ID, "a": TEXT}, primaryKey=["id"]))
    await migrate(engine, before)

    def filled() -> UnitOfWork[None]:
        for number in range(500):
            yield Statement("INSERT INTO t (a) VALUES (?)", [f"{number} " * 50])

    await engine.write(filled)
    await engine.close()
    data = bytearray(path.read_bytes())
    first, last = data.find(b"100 100 "), data.rfind(b"400 400 ")  # the rows' pages alone
    data[first:last] = b"\xff" * (last - first)
    path.write_bytes(data)

    engine = SqliteEngine(str(path))
    await engine.open()
    changed = {**TEXT, "pattern": "^[0-9 ]*$"}
    with pytest.raises(ProjectError) as caught:
        await migrate(engine, model(t=table_file({"id": ID, "a": changed}, primaryKey=["id"])))
    await engine.close()
    assert caught.value.faults[0].file == "database"
    assert caught.value.faults[0].reason.startswith("it cannot be used: the database file is dam")
