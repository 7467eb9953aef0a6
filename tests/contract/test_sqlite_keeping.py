"""The file under an engine: private, the one that was opened, and opened again if it fails."""

import logging
import os
import stat
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.contract.board import CREATE, post, run, run_all
from tests.contract.conftest import MakeEngine

from jotbase.engines.sqlite import SqliteEngine
from jotbase.errors import JotError

pytestmark = pytest.mark.anyio


def modes(folder: Path) -> dict[str, int]:
    """Return the modes of a folder's files, and of the folder itself."""
    found = {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}
    return found | {".": stat.S_IMODE(folder.stat().st_mode)}


async def made(make_engine: MakeEngine, path: Path) -> SqliteEngine:
    """Return an engine on that file, with the board's tables."""
    engine = await make_engine(str(path), lock_timeout=50)
    await engine.write(run_all(CREATE["sqlite"]))
    await engine.write(post("first"))
    return engine


async def code_of_a_write(engine: SqliteEngine) -> str:
    """Return the code that a write is refused with."""
    with pytest.raises(JotError) as caught:
        await engine.write(post("lost?"))
    assert caught.value.status == 503
    return caught.value.code


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
async def test_what_is_made_is_the_owners_alone(
    make_engine: MakeEngine, tmp_path: Path, umask: int
) -> None:
    """Folder, database and the files beside it, whatever the umask lets or takes."""
    before = os.umask(umask)
    try:
        await made(make_engine, tmp_path / "data" / "jot.db")
    finally:
        os.umask(before)

    assert modes(tmp_path / "data") == {
        ".": 0o700, "jot.db": 0o600, "jot.db-wal": 0o600, "jot.db-shm": 0o600
    }  # fmt: skip


async def test_what_is_there_is_made_private(
    make_engine: MakeEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Files that others may read lose these rights at the next start, and the log says so."""
    path = tmp_path / "jot.db"
    engine = await made(make_engine, path)
    for name in ("jot.db", "jot.db-wal", "jot.db-shm"):
        (tmp_path / name).chmod(0o644)
    caplog.set_level(logging.WARNING)
    again = await make_engine(str(path))
    found = modes(tmp_path)
    await again.close()
    await engine.close()

    assert {found[name] for name in ("jot.db", "jot.db-wal", "jot.db-shm")} == {0o600}
    assert "jot.db could be used by others (mode 644): now it is private" in caplog.text


async def test_a_database_that_was_moved_takes_no_writes(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """What goes into a file that nobody finds again is refused, until it is back."""
    path = tmp_path / "jot.db"
    engine = await made(make_engine, path)
    assert engine.unavailable_reason() is None
    path.rename(tmp_path / "away.db")

    assert [await code_of_a_write(engine) for _ in range(3)] == ["58P01"] * 3
    assert "moved or replaced" in (engine.unavailable_reason() or "")
    (tmp_path / "away.db").rename(path)
    await engine.write(post("kept"))
    assert engine.unavailable_reason() is None


def take_away(file: Path, *, replaced: bool) -> None:
    """Unlink a file; `replaced` puts a copy in its place."""
    content = file.read_bytes()
    file.unlink()
    if replaced:
        file.write_bytes(content)


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_no_write_counts_where_a_file_is_gone(
    make_engine: MakeEngine, tmp_path: Path, ending: str, replaced: bool
) -> None:
    """The database, its log and its index: unlinked, or another one in its place."""
    path = tmp_path / "jot.db"
    engine = await made(make_engine, path)
    take_away(Path(str(path) + ending), replaced=replaced)

    assert [await code_of_a_write(engine) for _ in range(2)] == ["58P01"] * 2


@pytest.mark.parametrize("error", [apsw.IOError, apsw.CorruptError])
async def test_a_disk_that_failed_is_asked_again(
    make_engine: MakeEngine, tmp_path: Path, error: type[apsw.Error]
) -> None:
    """After an error of the file both ways go on with fresh connections, and all rows are there."""
    failing = [True]

    def fail(value: Any) -> Any:
        if failing[0]:
            raise error("the disk")
        return value

    engine = await make_engine(str(tmp_path / "jot.db"), functions={"jot_fail": fail})
    await engine.write(run_all(CREATE["sqlite"]))
    with pytest.raises(JotError):
        await engine.write(run("INSERT INTO jobs (title) VALUES (jot_fail('a'))"))
    with pytest.raises(JotError):
        await engine.read("SELECT jot_fail('a')", ())
    failing[0] = False
    await engine.write(run("INSERT INTO jobs (title) VALUES (jot_fail('a'))"))

    assert await engine.read("SELECT jot_fail(title) FROM jobs", ()) == [("a",)]
    assert engine.unavailable_reason() is None


async def test_a_lock_of_others_is_told(
    make_engine: MakeEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Writes that another process keeps from the lock are refused; the log says so once."""
    path = tmp_path / "jot.db"
    engine = await made(make_engine, path)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    assert [await code_of_a_write(engine) for _ in range(3)] == ["55P03"] * 3
    other.execute("ROLLBACK")
    await engine.write(post("kept"))
    assert caplog.text.count("another process has kept the database locked") == 1
