"""The memory that a request takes, as the kernel counts it: far less than what it asks for.

The bounds are generous: an answer that was held whole would exceed them by far.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.postgres_server import Server
from tests.process.server import Served, serving, write_project

MB = 1_000_000
#: Rows of a megabyte, and how many are one answer.
ROWS = 60
LARGE = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "text": {"type": "string"}},
    "required": ["id"],
    "primaryKey": ["id"],
    "access": dict.fromkeys(("select", "insert", "update", "delete"), "True"),
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Serve a table of rows of a megabyte, on each engine."""
    project = write_project(tmp_path_factory.mktemp("memory"), {"large": LARGE})
    env = {"JOTBASE_STATEMENT_TIMEOUT": "60000", "JOTBASE_TRANSACTION_TIMEOUT": "60000"}
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        env["JOTBASE_DATABASE_URL"] = asyncio.run(server.create())
    with serving(project, env=env) as one:
        for first in range(0, ROWS, 5):
            rows = [{"id": first + n, "text": "x" * MB} for n in range(5)]
            assert asked(one, "POST", "large", rows) == (201, 0)
        yield one


def asked(
    served: Served, method: str, path: str, body: object = None, shown: str = ""
) -> tuple[int, int]:
    """Ask for it, and for the columns `shown` of what is written; return the answer's status and
    size, no more than a piece of which is held.
    """
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
    headers = {"apikey": served.keys["secret_key"], "content-type": "application/json"}
    if shown:
        path, headers["prefer"] = f"{path}&select={shown}", "return=representation"
    sent = None if body is None else json.dumps(body)
    connection.request(method, f"/rest/v1/{path}", sent, headers)
    answer, size = connection.getresponse(), 0
    while piece := answer.read(1 << 16):
        size += len(piece)
    connection.close()
    return answer.status, size


def grown(served: Served, act: Callable[[], object]) -> int:
    """Return by how many bytes the anonymous memory was larger than before, at most, while it
    acted: pages of the database's file belong to the system.
    """
    seen, over = [_anonymous(served)], threading.Event()

    def look() -> None:
        while not over.wait(0.002):
            seen.append(_anonymous(served))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        act()
    finally:
        over.set()
        looking.join()
    return max(seen) - seen[0]


def _anonymous(served: Served) -> int:
    """Return the bytes of anonymous memory of the process (proc(5): RssAnon, in KiB)."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def test_a_large_read(served: Served) -> None:
    """An answer of sixty megabytes takes some of its rows, and not three times its size."""
    sizes: list[tuple[int, int]] = []

    def read() -> None:
        sizes.append(asked(served, "GET", "large?select=text"))

    assert grown(served, read) < 60 * MB
    assert sizes == [(200, ROWS * (MB + 12) + 1)]


def test_what_writes_give_back_is_let_go(served: Served) -> None:
    """Of six answers of twenty megabytes at one time, hardly any is left when they are read."""
    before = _anonymous(served)
    with ThreadPoolExecutor(6) as threads:
        answers = list(
            threads.map(
                lambda _: asked(served, "PATCH", "large?id=lt.20", {"text": "y" * MB}, "text"),
                range(6),
            )
        )
    assert answers == [(200, 20 * (MB + 12) + 1)] * 6
    assert _anonymous(served) - before < 60 * MB
