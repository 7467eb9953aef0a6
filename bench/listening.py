"""A WebSocket that joins one channel and reads what it is told: plain, blocking, one at a time.

Knows RFC 6455 as far as it needs to. Must not know what is measured.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from broadcast.clients import text_frame

JOIN = {"event": "phx_join", "ref": "1", "join_ref": "1"}
LARGE = 1 << 16


class Listener:
    """One socket of one caller."""

    def __init__(self, port: int, apikey: str, timeout: float = 60.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._file = self._socket.makefile("rb", buffering=1 << 16)
        path = f"/realtime/v1/websocket?apikey={quote(apikey)}&vsn=1.0.0"
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        if b" 101 " not in self._file.readline():
            raise ConnectionError("the server took no WebSocket")
        while self._file.readline().strip():
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._socket.close()

    def join(self, topic: str, table: str, **config: object) -> None:
        """Ask to be told the changes of a table; `token` is the caller's, `cursor` where to begin.

        Does not wait for the answer: see `told`.
        """
        token = config.pop("token", None)
        bindings = [{"event": "*", "schema": "public", "table": table}]
        payload: dict[str, Any] = {"config": {"postgres_changes": bindings, **config}}
        if token is not None:
            payload["access_token"] = token
        frame = {**JOIN, "topic": f"realtime:{topic}", "payload": payload}
        self._socket.sendall(_long_frame(json.dumps(frame).encode()))

    def told(self, event: bytes) -> bytes:
        """Read on until a message with these bytes near an end of it comes; return the message."""
        while True:
            message = self._message()
            if event in message[:500] or event in message[-500:]:
                return message

    def _message(self) -> bytes:
        parts: list[bytes] = []
        while True:
            first, length = self._file.read(2) or _ended()
            if length >= 126:
                length = int.from_bytes(self._file.read(2 if length == 126 else 8), "big")
            payload = self._file.read(length)
            kind = first & 0x0F
            if kind == 0x9:  # a ping wants its pong
                self._socket.sendall(b"\x8a" + text_frame(payload)[1:])
            elif kind == 0x8:
                raise ConnectionError(f"closed: {payload[:200]!r}")
            else:
                parts.append(payload)
                if first & 0x80:
                    return b"".join(parts)


def token_of(headers: Mapping[str, str]) -> str:
    """Return the bare token of a caller's headers."""
    return headers["Authorization"].removeprefix("Bearer ")


def _long_frame(text: bytes) -> bytes:
    if len(text) >= LARGE:
        raise ValueError("a longer frame than this client can make")
    return text_frame(text)


def _ended() -> bytes:
    raise ConnectionError("the server ended the WebSocket")
