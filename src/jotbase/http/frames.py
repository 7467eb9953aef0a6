"""uvicorn's WebSocket class, extended to take ready frames, and the outlet they go through.

In charge of writing the same bytes to many sockets for one `transport.write` each, and of
bounding what waits for a slow one. Must not know what the frames say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from jotbase.http.asgi import Scope, Send
from jotbase.realtime.wire import message_of

#: The key in `scope["extensions"]` under which the connection's `Outlet` stands.
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


class TransportOutlet:
    """Writes straight to the transport. `farewell` gives the close reason for a slow reader."""

    def __init__(self, connection: FrameProtocol) -> None:
        self._connection = connection
        self._transport = connection.transport
        self.farewell: Callable[[], str] = str

    def write(self, ready: bytes) -> None:
        """Send a ready frame, or let the connection go if too much waits for it already."""
        transport = self._transport
        if transport.is_closing() or self._connection.close_sent:
            return
        if self._connection.paused and transport.get_write_buffer_size() > MOST_WAITING:
            self.close(TOO_SLOW, self.farewell())
            return
        transport.write(ready)

    async def drained(self) -> None:
        """Wait until the transport takes more without buffering it."""
        await self._connection.writable.wait()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind all that waits, and end the connection."""
        self._connection.end(code, reason)


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol, whose applications find an `Outlet` in their scope."""

    paused = False

    async def run_asgi(self) -> None:
        """Run the application with the outlet among its extensions."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = TransportOutlet(self)
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

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()
        self._bytes = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.farewell: Callable[[], str] = str

    def write(self, ready: bytes) -> None:
        """Queue a frame, or let the connection go if too much waits for it already."""
        if self._closed:
            return
        if self._bytes > MOST_WAITING:
            self.close(TOO_SLOW, self.farewell())
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


def ready_outlet(scope: Scope) -> TransportOutlet | None:
    """Return the connection's own outlet, if the server has given it one."""
    outlet: TransportOutlet | None = scope.get("extensions", {}).get(EXTENSION)
    return outlet
