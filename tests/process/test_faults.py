"""The real server where the system gives no thread, no file, no room or no disk, and afterwards."""

from __future__ import annotations

import http.client
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.process.server import NOTES, Served, serving, write_project

OPEN = {**NOTES, "access": {"select": "True", "insert": "True"}}


class Asker:
    """One connection, kept open."""

    def __init__(self, served: Served) -> None:
        url = urlsplit(served.url)
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
        self._key = served.keys["publishable_key"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return the status of an answer and its code, if it has one."""
        headers = {"apikey": self._key, "content-type": "application/json"}
        self._connection.request(method, path, body and json.dumps(body), headers)
        answer = self._connection.getresponse()
        text = answer.read()
        said = json.loads(text) if text[:1] == b"{" else {}
        return answer.status, str(said.get("code", ""))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def lacking(served: Served, what: int, most: int) -> Iterator[None]:
    """Leave a running process so much of a resource (prlimit(2)), and then what it had."""
    before = resource.prlimit(served.process.pid, what)
    resource.prlimit(served.process.pid, what, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(served.process.pid, what, before)


def stopped(served: Served) -> str:
    """Stop the server and return all that it said since it was ready."""
    served.process.terminate()
    assert served.process.stdout is not None
    said = served.process.stdout.read()
    assert served.process.wait(20) == 0
    return said


def rows(served: Served) -> int:
    with closing(sqlite3.connect(served.project / "data/jotbase.db")) as database:
        count: int = database.execute("SELECT count(*) FROM notes").fetchone()[0]
        return count


def address_space(served: Served) -> int:
    """Return the bytes of memory that the process has mapped (proc(5))."""
    pages = int(Path(f"/proc/{served.process.pid}/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_without_a_thread_a_request_is_refused_and_the_next_is_not(tmp_path: Path) -> None:
    """Where no thread's stack can be had, what needs one is answered 503, all else as ever."""
    project = write_project(tmp_path, {"notes": OPEN})
    with serving(project, merged=True) as served, closing(Asker(served)) as asker:
        sign_up = {"email": "a@example.com", "password": "a good password"}
        assert asker.ask("POST", "/rest/v1/notes", {"text": "a"})[0] == 201
        with lacking(served, resource.RLIMIT_AS, address_space(served) + 4 * 2**20):
            refused = asker.ask("POST", "/auth/v1/signup", sign_up)[0]
            meanwhile = asker.ask("GET", "/rest/v1/notes?id=eq.1")[0]
        later = asker.ask("POST", "/auth/v1/signup", sign_up)[0]
        said = stopped(served)

    assert (refused, meanwhile, later) == (503, 200, 200)
    assert "Traceback" not in said


def test_without_a_file_those_who_are_connected_are_answered(tmp_path: Path) -> None:
    """Where no file can be opened, open connections are served; new ones come in afterwards."""
    project = write_project(tmp_path, {"notes": OPEN})
    with serving(project, merged=True) as served, closing(Asker(served)) as asker:
        assert asker.ask("POST", "/rest/v1/notes", {"text": "a"})[0] == 201
        opened = len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))
        url = urlsplit(served.url)
        with lacking(served, resource.RLIMIT_NOFILE, opened):
            kept = asker.ask("POST", "/rest/v1/notes", {"text": "b"})[0]
            found = asker.ask("GET", "/rest/v1/notes?id=eq.2")[0]
            waiting = socket.create_connection((url.hostname, url.port), timeout=20)
            waiting.close()
            again = asker.ask("GET", "/rest/v1/notes?id=eq.1")[0]
        with closing(Asker(served)) as late:
            later = late.ask("GET", "/rest/v1/notes")[0]
        said = stopped(served)

    assert (kept, found, again, later) == (201, 200, 200, 200)
    assert "Traceback" not in said


def test_without_room_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Where files may not grow, writes are refused, reads go on, and later writes are stored."""
    project = write_project(tmp_path, {"notes": OPEN})
    with serving(project, merged=True) as served, closing(Asker(served)) as asker:
        note = {"text": "x" * 20_000}
        stored = [asker.ask("POST", "/rest/v1/notes", note)[0] for _ in range(5)]
        size = max(file.stat().st_size for file in (project / "data").iterdir())
        with lacking(served, resource.RLIMIT_FSIZE, size + 50_000):
            tried = [asker.ask("POST", "/rest/v1/notes", note) for _ in range(10)]
            read = asker.ask("GET", "/rest/v1/notes?id=eq.1")[0]
        later = asker.ask("POST", "/rest/v1/notes", note)[0]
        acknowledged = [*stored, *(status for status, _ in tried), later].count(201)
        said = stopped(served)

    assert (read, later) == (200, 201)
    assert set(tried) - {(201, "")} == {(503, "58030")}
    assert rows(served) == acknowledged
    assert "Traceback" not in said


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system of that size there; skip the test where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_refuses_writes_until_there_is_room_again(tmp_path: Path) -> None:
    """ENOSPC in the middle is 507 for writes, reads go on, and nothing acknowledged is lost."""
    project = write_project(tmp_path, {"notes": OPEN})
    with small_disk(project / "data", "3m"):
        with serving(project, merged=True) as served, closing(Asker(served)) as asker:
            note = {"text": "x" * 20_000}
            tried = [asker.ask("POST", "/rest/v1/notes", note) for _ in range(200)]
            read = asker.ask("GET", "/rest/v1/notes?id=eq.1")[0]
            larger = ["mount", "-o", "remount,size=30m", str(project / "data")]
            subprocess.run(larger, check=True)
            later = [asker.ask("POST", "/rest/v1/notes", note) for _ in range(3)]
            said = stopped(served)
        acknowledged = tried.count((201, "")) + 3
        assert rows(served) == acknowledged

    assert set(tried) == {(201, ""), (507, "53100")}
    assert (read, later) == (200, [(201, "")] * 3)
    assert "Traceback" not in said


def test_a_disk_that_fails_for_a_while_loses_nothing(tmp_path: Path) -> None:
    """While reads and writes of the disk fail, writes are refused; then all goes on as before."""
    project, switch = write_project(tmp_path / "p", {"notes": OPEN}), tmp_path / "fails"
    through = (sys.executable, str(Path(__file__).with_name("faulty_disk.py")), str(switch))
    with serving(project, merged=True, through=through) as served, closing(Asker(served)) as asker:
        stored = [asker.ask("POST", "/rest/v1/notes", {"text": "a"})[0] for _ in range(3)]
        switch.touch()
        failed = [asker.ask("POST", "/rest/v1/notes", {"text": "b"}) for _ in range(3)]
        switch.unlink()
        later = [asker.ask("POST", "/rest/v1/notes", {"text": "c"})[0] for _ in range(3)]
        found = asker.ask("GET", "/rest/v1/notes?limit=100")[0]
        health = asker.ask("GET", "/health")[0]
        said = stopped(served)

    assert (stored, later, found, health) == ([201] * 3, [201] * 3, 200, 200)
    assert failed == [(503, "58030")] * 3
    assert rows(served) == 6
    assert "Traceback" not in said


@pytest.mark.parametrize("how", ["unlinked", "replaced", "overwritten"])
def test_a_database_that_is_taken_away_is_told(tmp_path: Path, how: str) -> None:
    """No write is acknowledged that the next start would not find, and `/health` says so."""
    project = write_project(tmp_path, {"notes": OPEN})
    with serving(project, merged=True) as served, closing(Asker(served)) as asker:
        assert asker.ask("POST", "/rest/v1/notes", {"text": "a"})[0] == 201
        path = project / "data/jotbase.db"
        if how == "overwritten":
            path.write_bytes(b"no database" * 10_000)
        else:
            path.unlink()
            if how == "replaced":
                sqlite3.connect(path).close()
                path.write_bytes(b"")
        wrote = [asker.ask("POST", "/rest/v1/notes", {"text": "b"})[0] for _ in range(3)]
        health = asker.ask("GET", "/health")[0]
        said = stopped(served)

    assert (wrote, health) == ([503] * 3, 503)
    assert "Traceback" not in said


def test_what_other_programs_do_beside_the_server_breaks_nothing(tmp_path: Path) -> None:
    """A reader that stays for long, VACUUM, another journal mode asked for: writes go on."""
    project = write_project(tmp_path, {"notes": OPEN})
    with serving(project, merged=True) as served, closing(Asker(served)) as asker:
        with closing(sqlite3.connect(project / "data/jotbase.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            seen = other.execute("SELECT count(*) FROM notes").fetchall()
            first = [asker.ask("POST", "/rest/v1/notes", {"text": "a"})[0] for _ in range(20)]
            assert other.execute("SELECT count(*) FROM notes").fetchall() == seen
            other.execute("COMMIT")
            other.execute("VACUUM")
            second = asker.ask("POST", "/rest/v1/notes", {"text": "b"})[0]
            with pytest.raises(sqlite3.OperationalError):
                other.execute("PRAGMA journal_mode = DELETE")
            third = asker.ask("POST", "/rest/v1/notes", {"text": "c"})[0]
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        said = stopped(served)

    assert (first, second, third) == ([201] * 20, 201, 201)
    assert rows(served) == 22
    assert "Traceback" not in said
