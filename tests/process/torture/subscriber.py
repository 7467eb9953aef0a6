"""A client that keeps a copy of a table by what it is told, comes and goes, and may read slowly."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from random import Random
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

JOIN = {"event": "*", "schema": "public", "table": "t"}


class Subscriber:
    """`rows` is the copy; `faults` what contradicts the protocol; `seen` is set by a row of the
    number `awaited`.
    """

    def __init__(self, url: str, key: str, dice: Random) -> None:
        self._url = url
        self._key = key
        self._dice = dice
        self._slow = dice.choice((0.0, 0.0, 0.002, 0.02))
        self._cursor: str | None = None
        self._is_whole = False
        self.rows: dict[int, int] = {}
        self.told = 0
        self.resyncs = 0
        self.faults: list[str] = []
        self.seen = threading.Event()
        self.awaited = -1

    def run(self, stop: threading.Event) -> None:
        """Follow the table, over as many connections as it takes."""
        address = self._url.replace("http", "ws", 1)
        address += f"/realtime/v1/websocket?apikey={self._key}&vsn=2.0.0"
        while not stop.is_set():
            with (
                suppress(OSError, WebSocketException, URLError, TimeoutError),
                connect(address, compression=None, max_size=None, max_queue=4) as socket,
            ):
                self._follow(socket, stop)
            stop.wait(0.05)

    def _follow(self, socket: Connection, stop: threading.Event) -> None:
        config: dict[str, Any] = {"postgres_changes": [JOIN]}
        if self._cursor is not None:
            config["cursor"] = self._cursor
        socket.send(json.dumps(["1", "1", "realtime:r", "phx_join", {"config": config}]))
        left = self._dice.choice((20, 200, 2000, 1 << 30))
        try:
            while left and not stop.is_set():
                with suppress(TimeoutError):
                    self._hear(json.loads(socket.recv(timeout=0.2)))
                    left -= 1
        except ConnectionClosed as closed:
            reason = closed.rcvd.reason if closed.rcvd is not None else ""
            if reason.startswith("cursor=") and self._dice.random() < 0.5:
                # What the server says was sent: where that is not true, the copy lacks rows.
                self._cursor = reason.removeprefix("cursor=")
            raise

    def _hear(self, message: list[Any]) -> None:
        _, _, _, event, payload = message
        if event == "system":
            self._note(payload)
        elif event == "postgres_changes":
            self._take(payload)
            if self._slow and self._dice.random() < 0.2:
                threading.Event().wait(self._slow)

    def _note(self, payload: dict[str, Any]) -> None:
        if payload["message"].startswith("resync"):
            self.resyncs += 1
            self._is_whole = False
            self._cursor = payload["cursor"]
        if not self._is_whole and (payload["status"] == "ok" or "resync" in payload["message"]):
            self._read_rows()

    def _read_rows(self) -> None:
        request = Request(f"{self._url}/rest/v1/t?select=id,n", headers={"apikey": self._key})
        with urlopen(request, timeout=30) as answer:
            self.rows = {row["id"]: row["n"] for row in json.load(answer)}
        self._is_whole = True
        self._look()

    def _take(self, payload: dict[str, Any]) -> None:
        cursor, data = payload["cursor"], payload["data"]
        if self._cursor is not None and cursor <= self._cursor:
            self.faults.append(f"{cursor} was told after {self._cursor}")
        self._cursor = cursor
        self.told += 1
        if data["type"] == "DELETE":
            self.rows.pop(data["old_record"]["id"], None)
        else:
            self.rows[data["record"]["id"]] = data["record"]["n"]
        self._look()

    def _look(self) -> None:
        if self._is_whole and self.awaited in self.rows.values():
            self.seen.set()
