"""uvicorn's WebSocket class, extended to take ready frames, and the outlet they go through.

In charge of writing the same bytes to many sockets for one `transport.write` each, and of
bounding what waits for a slow one. Must not know what the frames say.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from jotbase.http.asgi import Scope, Send
from jotbase.realtime.wire import message_of

log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)

#: The key in `scope["extensions"]` under which the connection stands.
EXTENSION = "jotbase.transport"
#: Bytes that may wait for one connection; beyond, it is closed and told where to resume.
MOST_WAITING = 4 * 1024 * 1024
#: «Try again later» (IANA's registry of close codes): clients reconnect, which 1000 forbids them.
TOO_SLOW = 1013
#: Seconds that a closed connection may take to read what still waits.
_PATIENCE = 10.0


class Outlet(Protocol):
    """Where frames for one connection go; nothing here waits but `drained`."""

    def write(self, ready: bytes) -> None:
        """Send a ready frame, or let the connection go if too much waits for it already."""

    async def drained(self) -> None:
        """Wait until little enough waits that more may be written in bulk."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind all that waits, and end the connection."""


class Turn:
    """What is due when the loop's turn ends: each socket is written once, however much it is told.

    A write to a socket is a call into the kernel, which costs ten times what the rest of it does.
    """

    def __init__(self) -> None:
        self._due: list[TransportOutlet] = []

    def add(self, outlet: TransportOutlet) -> None:
        """Have the outlet flushed at the end of this turn."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._end)
        self._due.append(outlet)

    def _end(self) -> None:
        due, self._due = self._due, []
        for outlet in due:
            outlet.flush()


class TransportOutlet:
    """Writes straight to the transport. `farewell` gives the close reason for a slow reader."""

    __slots__ = ("_connection", "_due", "_farewell", "_turn")

    def __init__(self, connection: FrameProtocol, turn: Turn, farewell: Callable[[], str]) -> None:
        self._connection = connection
        self._turn = turn
        self._farewell = farewell
        self._due: list[bytes] = []

    def write(self, ready: bytes) -> None:
        """Send a ready frame when the turn ends."""
        if not self._due:
            self._turn.add(self)
        self._due.append(ready)

    def flush(self) -> None:
        """Write what is due, and let the connection go if too much waits for it by now."""
        due, self._due = self._due, []
        connection = self._connection
        transport = connection.transport
        if not due or connection.close_sent or transport.is_closing():
            return
        transport.write(due[0] if len(due) == 1 else b"".join(due))
        if connection.paused and transport.get_write_buffer_size() > MOST_WAITING:
            connection.end(TOO_SLOW, self._farewell())

    async def drained(self) -> None:
        """Wait until the transport takes more without buffering it."""
        self.flush()
        await self._connection.writable.wait()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind all that waits, and end the connection."""
        self.flush()
        self._connection.end(code, reason)


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol, whose applications find it in their scope."""

    paused = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # uvicorn's own log notes each connection with its query string, where the API key stands.
        self.logger = log
        self.conn.debug = False

    async def run_asgi(self) -> None:
        """Run the application with the connection itself among its extensions."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()

    def pause_writing(self) -> None:
        """Remember that the transport buffers, which is when looking at its size is worth it."""
        super().pause_writing()
        self.paused = True

    def resume_writing(self) -> None:
        """Forget that the transport buffered."""
        super().resume_writing()
        self.paused = False

    def end(self, code: int, reason: str) -> None:
        """Close from our side, once; a peer that reads nothing for ten seconds is cut off."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.close_timer = self.loop.call_later(_PATIENCE, self.transport.abort)


class SendOutlet:
    """The same over ASGI's `send` alone, for servers and tests without the extension.

    `run` is to run beside the application until it is cancelled.
    """

    def __init__(self, send: Send, farewell: Callable[[], str]) -> None:
        self._send = send
        self._farewell = farewell
        self._waiting: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()
        self._bytes = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    def write(self, ready: bytes) -> None:
        """Queue a frame, or let the connection go if too much waits for it already."""
        if self._closed:
            return
        if self._bytes > MOST_WAITING:
            self.close(TOO_SLOW, self._farewell())
            return
        self._bytes += len(ready)
        self._empty.clear()
        self._waiting.put_nowait(ready)

    async def drained(self) -> None:
        """Wait until nothing waits."""
        await self._empty.wait()

    def close(self, code: int, reason: str) -> None:
        """Queue the close behind all that waits."""
        if not self._closed:
            self._closed = True
            self._waiting.put_nowait((code, reason))

    async def run(self) -> None:
        """Send what is queued, in order, until the close or a cancellation."""
        while isinstance(item := await self._waiting.get(), bytes):
            message, binary = message_of(item)
            key, value = ("bytes", message) if binary else ("text", message.decode())
            await self._send({"type": "websocket.send", key: value})
            self._bytes -= len(item)
            if not self._bytes:
                self._empty.set()
        code, reason = item
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def connection_of(scope: Scope) -> FrameProtocol | None:
    """Return the connection, if the server is one that takes ready frames."""
    connection: FrameProtocol | None = scope.get("extensions", {}).get(EXTENSION)
    return connection
