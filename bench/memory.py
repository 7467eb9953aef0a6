"""The memory part: what one client's dearest requests add to the memory of a process that is idle.

Each request meets a server that has just started. Anonymous memory counts: pages of the database
file belong to the system. Must not know how a server keeps what it reads.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import Client, Refused
from listening import Listener
from processes import Child, stop
from servers import SERVERS, Launch, launch, run
from workloads import raw

COLUMNS = 200
#: The size of a large row; a body may have 10 MB.
LETTERS = 9_000_000
#: How many such rows are an answer of 54 MB, and what a function makes in one call.
ANSWER = 6
UNREAD = 10
UNREAD_SECONDS = 8.0
LOOK_SECONDS = 0.005
SETTLE_SECONDS = 0.5
OPEN = {"access": dict.fromkeys(("select", "insert", "update", "delete"), "True")}
CODE = f"""
from jotbase.functions import rpc


@rpc
def long() -> list[str]:
    return [letter * {LETTERS} for letter in "abcdef"]
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows there are: in the wide table, in the large one, and of these in an update."""

    wide: int
    large: int
    updated: int


FULL, QUICK = Sizes(60_000, 60, 40), Sizes(6_000, 12, 8)


def measure(folder: Path, *, sizes: Sizes, say: Callable[[str], None]) -> dict[str, Any]:
    """Bytes above idle, by request: the highest that was seen."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    _write(plan.folder / "project")
    child, _ = run(plan)
    try:
        service = dict(server.sign_up(plan).service)
        _seed(plan, service, sizes)
    finally:
        stop(child)
    _fill_wide(plan.folder / "project/data/jotbase.db", sizes.wide)
    above: dict[str, int] = {}
    for name, act in _requests(plan.port, service, sizes).items():
        child, _ = run(plan)
        try:
            Client(plan.port).need("GET", "/rest/v1/large?select=id&id=eq.1", service)
            time.sleep(SETTLE_SECONDS)
            with _watched(child) as seen:
                act()
        finally:
            stop(child, 10)
        above[name] = max(seen) - seen[0]
        say(f"{name}: {above[name] / 1e6:.0f} MB above {seen[0] / 1e6:.0f} MB")
    return {"above": above}


def _write(project: Path) -> None:
    key = {"id": {"type": "integer"}}
    text = {"type": ["string", "null"]}
    wide = {**key, **{f"c{number}": text for number in range(COLUMNS - 1)}}
    large = {**key, "text": text, "note": text}
    for name, columns in (("wide", wide), ("large", large)):
        table = {"type": "object", "properties": columns, "required": ["id"], "primaryKey": ["id"]}
        schema = {**table, **OPEN, "realtime": name == "large"}
        (project / f"schemas/{name}.json").write_text(json.dumps(schema))
    (project / "functions").mkdir()
    (project / "functions/__init__.py").write_text(CODE)


def _seed(plan: Launch, service: dict[str, str], sizes: Sizes) -> None:
    """Store the large rows as a client does, so that they stand in the change log too."""
    client = Client(plan.port)
    for number in range(1, sizes.large + 1):
        row = {"id": number, "text": f"{number:03}" + "x" * LETTERS}
        client.need("POST", "/rest/v1/large", service, row)
    client.close()


def _fill_wide(database: Path, rows: int) -> None:
    """Fill the wide table while nobody serves it; its rows stand in no log."""
    names = ", ".join(f"c{number}" for number in range(COLUMNS - 1))
    texts = ", ".join(f"'value ' || (n + {number})" for number in range(COLUMNS - 1))
    numbers = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"{numbers} INSERT INTO wide (id, {names}) SELECT n, {texts} FROM s")


def _requests(port: int, service: dict[str, str], sizes: Sizes) -> dict[str, Callable[[], None]]:
    """Return what is asked, by what it is."""
    answer = f"/rest/v1/large?id=lte.{ANSWER}"
    update = f"/rest/v1/large?id=lte.{sizes.updated}"
    note, key = {"note": "updated"}, service["apikey"]
    return {
        f"{COLUMNS} columns x {sizes.wide:,} rows": lambda: _read(port, "/rest/v1/wide", service),
        f"{UNREAD} answers of 54 MB, unread": lambda: _leave_unread(port, answer, service),
        f"joining at cursor 0, {sizes.large} rows of 9 MB": lambda: _join(port, key, 1, sizes),
        "the same, 4 sockets": lambda: _join(port, key, 4, sizes),
        f"an update of {sizes.updated} rows of 9 MB": lambda: _ask(
            port, "PATCH", update, service, note
        ),
        "an answer of 54 MB by rpc": lambda: _read(port, "/rest/v1/rpc/long", service),
    }


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: object) -> None:
    """Ask for a change; that it is too large is an answer, too."""
    client = Client(port)
    status, answer = client.ask(method, path, {**headers, "Prefer": "return=minimal"}, body)
    client.close()
    if status not in (204, 413):
        raise Refused(f"{method} {path} answered {status}: {str(answer)[:300]}")


def _read(port: int, path: str, headers: dict[str, str]) -> None:
    """Read an answer to its end, keeping none of it."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(raw(port, "GET", path, {**headers, "Connection": "close"}))
        first = connection.recv(1 << 16)
        while connection.recv(1 << 20):
            pass
    if not first.startswith(b"HTTP/1.1 200"):
        raise Refused(f"GET {path} answered {first[:300]!r}")


def _leave_unread(port: int, path: str, headers: dict[str, str]) -> None:
    """Ask from many connections, and read nothing for a while."""
    with contextlib.ExitStack() as stack:
        for _ in range(UNREAD):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            stack.enter_context(connection)
            connection.sendall(raw(port, "GET", path, headers))
        time.sleep(UNREAD_SECONDS)


def _join(port: int, apikey: str, sockets: int, sizes: Sizes) -> None:
    """Join at the beginning of the log, and read all that is missed."""

    def read_all(number: int) -> None:
        with Listener(port, apikey, 120) as listener:
            listener.join(f"memory{number}", "large", cursor=0)
            for _ in range(sizes.large):
                listener.told(b'"event":"postgres_changes"')

    with ThreadPoolExecutor(sockets) as threads:
        list(threads.map(read_all, range(sockets)))


@contextlib.contextmanager
def _watched(child: Child) -> Iterator[list[int]]:
    """Look at the anonymous memory of a process all the time: a list that grows, idle first."""
    seen, over = [_anonymous(child.process.pid)], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            seen.append(_anonymous(child.process.pid))

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(look)
        try:
            yield seen
        finally:
            over.set()
            looking.result()


def _anonymous(pid: int) -> int:
    """Return the bytes of anonymous memory of a process (proc(5): RssAnon, in KiB)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))
