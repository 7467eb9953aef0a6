"""Writers: by the data API from threads, and directly by SQLite from processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from tests.process.torture.ledger import Ledger

SIZES = (10, 10, 10, 10, 1000, 1000, 100_000, 1_000_000)


class ApiWriter:
    """One client that writes rows of its own, and remembers what it was told of each."""

    def __init__(self, url: str, key: str, ledger: Ledger, dice: Random) -> None:
        self._address = urlsplit(url)
        self._headers = {"apikey": key, "content-type": "application/json"}
        self._ledger = ledger
        self._dice = dice
        self._own: list[int] = []
        self._connection: HTTPConnection | None = None

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop; while no server is there, wait for one."""
        while not stop.is_set():
            try:
                self._write()
            except (OSError, HTTPException):
                self._close()
                stop.wait(0.05)
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self) -> None:
        kind = self._dice.random()
        value = self._dice.randrange(1 << 30)
        if kind < 0.6 or not self._own:
            self._insert(value)
        elif kind < 0.85:
            row = self._dice.choice(self._own)
            self._ledger.tried(row, value)
            if self._ask("PATCH", f"?id=eq.{row}", {"n": value})[0] < 300:
                self._ledger.done(row, value)
        else:
            row = self._own.pop(self._dice.randrange(len(self._own)))
            self._ledger.tried(row, None)
            if self._ask("DELETE", f"?id=eq.{row}", None)[0] < 300:
                self._ledger.done(row, None)

    def _insert(self, value: int) -> None:
        body = {"n": value, "body": "x" * self._dice.choice(SIZES)}
        status, rows = self._ask("POST", "?select=id", body)
        if status == 201:
            self._own.append(rows[0]["id"])
            self._ledger.done(rows[0]["id"], value)

    def _ask(self, method: str, query: str, body: Any) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = HTTPConnection(
                self._address.hostname or "", self._address.port, timeout=30
            )
        headers = {**self._headers, "prefer": "return=representation"}
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, "/rest/v1/t" + query, sent, headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


#: Writes rows of its own numbers, replaces and deletes some; says what it tries and what is done.
DIRECT = """
import random, sqlite3, sys
path, seed, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
dice, own = random.Random(seed), []
database = sqlite3.connect(path, timeout=30, isolation_level=None)
for number in range(first, first + 1_000_000):
    value, kind = dice.randrange(1 << 30), dice.random()
    row = number if kind < 0.6 or not own else dice.choice(own)
    gone = kind > 0.9 and row != number
    print("tried", row, "gone" if gone else value, flush=True)
    if gone:
        database.execute("DELETE FROM t WHERE id = ?", (row,))
    elif kind > 0.75 and row != number:
        database.execute("UPDATE t SET n = ? WHERE id = ?", (value, row))
        if not database.execute("SELECT changes()").fetchone()[0]:
            continue
    else:
        body = "y" * dice.choice((10, 1000, 50_000))
        insert = "INSERT OR REPLACE INTO t (id, n, body) VALUES (?, ?, ?)"
        database.execute(insert, (row, value, body))
        own.append(row)
    print("done", row, "gone" if gone else value, flush=True)
    if dice.random() < 0.2:
        import time
        time.sleep(dice.random() / 20)
"""


class DirectWriter:
    """Another program that has the same database open."""

    def __init__(self, path: Path, ledger: Ledger, seed: int, first: int) -> None:
        arguments = [sys.executable, "-c", DIRECT, str(path), str(seed), str(first)]
        self._ledger = ledger
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        note: dict[str, Callable[[int, int | None], None]] = {
            "tried": self._ledger.tried,
            "done": self._ledger.done,
        }
        for line in self.process.stdout:
            if not line.endswith("\n"):
                return  # killed in the middle of it
            verb, row, value = line.split()
            note[verb](int(row), None if value == "gone" else int(value))

    def kill(self) -> None:
        """End the process in the middle of whatever it does."""
        self.process.kill()
        self.process.wait(30)
        self._reader.join(30)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
