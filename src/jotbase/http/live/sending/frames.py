"""uvicorn's WebSocket protocol extended by sending encoded frames, and the sinks for frames.

In charge of writing the same bytes to many sockets with one `transport.write` each, and of limiting
the unsent bytes of a slow client. Must not know the content of frames.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from jotbase.http.edge.asgi import Scope, Send
from jotbase.http.edge.connections import BODY, CLOSING, STEP, WRITE, Connections, Stopwatch
from jotbase.realtime.messages.wire import unframe

log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)

#: The key of the connection in `scope["extensions"]`.
EXTENSION = "jotbase.transport"
#: The most unsent bytes of a connection; beyond, its channels are replayed from the log at the
#: client's speed.
MOST_WAITING = 4 * 1024 * 1024
#: The most further unsent bytes of messages that are not in the log; beyond, the connection is
#: closed with the cursor to resume from.
MOST_BESIDE = 4 * 1024 * 1024
#: «Try again later» (IANA's registry of close codes): clients reconnect, which 1000 forbids them.
TOO_SLOW = 1013
#: «Service restart»: clients come back, which they do not after 1000.
RESTART = 1012
#: Seconds that a closed connection may take to read what still waits, and when the server stops.
_PATIENCE, _LAST_PATIENCE = 10.0, 2.0
#: «Policy violation» (RFC 6455 7.4.1).
UNFAIR = 1008
#: «Invalid frame payload data»
NO_TEXT = 1007
#: Bytes taken from a connection before others get the loop: a thousand pings at most.
AT_ONCE = 8192
#: Pings that a client may send between two looks at it; the protocol's own are one in 25 seconds.
MOST_PINGS = 50
#: Frames that one message may be made of.
MOST_FRAGMENTS = 1024


class FrameSink(Protocol):
    """Where the frames of one connection are written; only `drained` waits."""

    def write(self, ready: bytes) -> None:
        """Send an encoded frame; reports lagging channels if too many bytes are unsent."""

    def waiting(self) -> int:
        """Return the number of unsent bytes."""

    def let_go(self) -> None:
        """Close the connection of a client that reads too slowly; the reason is its cursor."""

    async def drained(self) -> None:
        """Wait until few enough bytes are unsent for another bulk write."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind all that waits, and end the connection."""


class TurnFlush:
    """Flushes sinks at the end of a loop iteration: one write for each socket.

    A write is a system call, which costs ten times as much as the rest of sending.
    """

    def __init__(self) -> None:
        self._due: list[TransportSink] = []

    def add(self, sink: TransportSink) -> None:
        """Flush the sink at the end of this iteration."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._end)
        self._due.append(sink)

    def _end(self) -> None:
        due, self._due = self._due, []
        for sink in due:
            sink.flush()


class TransportSink:
    """Writes straight to the transport. `close_reason` gives the reason of a close; `lagging` is
    called where more waits than may.
    """

    __slots__ = ("_connection", "_due", "_farewell", "_lagging", "_turn")

    def __init__(
        self,
        connection: FrameProtocol,
        turn: TurnFlush,
        close_reason: Callable[[], str],
        lagging: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._turn = turn
        self._farewell = close_reason
        self._lagging = lagging
        self._due: list[bytes] = []
        connection.on_shutdown = lambda: self.close(RESTART, close_reason())

    def write(self, ready: bytes) -> None:
        """Send an encoded frame at the end of the iteration."""
        if not self._due:
            self._turn.add(self)
        self._due.append(ready)

    def flush(self) -> None:
        """Write the collected frames; report lagging if too many bytes are unsent."""
        due, self._due = self._due, []
        connection = self._connection
        transport = connection.transport
        if not due or connection.close_sent or transport.is_closing():
            return
        transport.write(due[0] if len(due) == 1 else b"".join(due))
        if connection.paused and transport.get_write_buffer_size() > MOST_WAITING:
            self._lagging()
            if transport.get_write_buffer_size() > MOST_WAITING + MOST_BESIDE:
                self.let_go()

    def waiting(self) -> int:
        """Return how many bytes wait; see `Outlet.waiting`."""
        return self._connection.transport.get_write_buffer_size()

    def let_go(self) -> None:
        """Close the connection of a slow reader."""
        self._connection.end(TOO_SLOW, self._farewell())

    async def drained(self) -> None:
        """Wait until the transport no longer buffers."""
        self.flush()
        await self._connection.writable.wait()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind all that waits, and end the connection."""
        self.flush()
        self._connection.end(code, reason)


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol, whose applications find it in their scope."""

    paused = False
    services: Connections | None = None
    on_shutdown: Callable[[], None] | None = None
    _resumed = 0
    _pings = 0
    _messages = 0
    _received = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # uvicorn's own log notes each connection with its query string, where the API key stands.
        self.logger = log
        self.conn.debug = False
        self._stopwatch = Stopwatch()
        self._unheard: deque[bytes] = deque()

    async def run_asgi(self) -> None:
        """Run the application with the connection itself among its extensions."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop unprocessed data."""
        self._unheard.clear()
        if self.services is not None:
            self.services.leave(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close with the cursor to resume from; the client has a short time to respond."""
        if self.on_shutdown is None or self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.on_shutdown()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(_LAST_PATIENCE, self.transport.abort)

    # What comes, a little at a time --------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Process received data, in portions, since it may have thousands of frames."""
        if not self._unheard and len(data) <= AT_ONCE:
            self._hear(data)
            return
        if not self._unheard:
            self.loop.call_soon(self._hear_on)
        starts = range(0, len(data), AT_ONCE)
        self._unheard.extend(data[start : start + AT_ONCE] for start in starts)
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def _hear_on(self) -> None:
        if not self._unheard or self.transport.is_closing():
            self._unheard.clear()
            return
        if not self.queue.empty() and not self.close_sent:
            return  # `receive` goes on, when that has been answered
        self._hear(self._unheard.popleft())
        if self.queue.empty() or self.close_sent:
            self._read_on()

    def _read_on(self) -> None:
        if self._unheard:
            self.loop.call_soon(self._hear_on)
        elif self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def _hear(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)

    async def send(self, message: Any) -> None:
        """Send, and note that a handshake that was refused is over: uvicorn would log an error."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    async def receive(self) -> Any:
        """Return the next message; reading from the socket resumes once none is queued."""
        message = await self.queue.get()
        if self.queue.empty():
            self._read_on()
        return message

    def send_receive_event_to_app(self) -> None:
        """Count the message, which is whole."""
        self._messages += 1
        if self.curr_msg_data_type == "text" and not _is_text(self.frames):
            self.frames = []
            self.end(NO_TEXT, "text is UTF-8")
            return
        super().send_receive_event_to_app()

    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message, if there are not too many."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self.end(UNFAIR, f"a message has at most {MOST_FRAGMENTS} frames")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Respond to a ping, unless there are too many."""
        self._pings += 1
        if self._pings > MOST_PINGS:
            self.end(UNFAIR, f"at most {MOST_PINGS} pings a second are answered")
            return
        super().handle_ping()

    # How long the client may keep us waiting -----------------------------------------------------

    def look(self, now: float) -> None:
        """Close the connection if the client has exceeded a timeout."""
        self._pings = 0
        what, limit, end = self._owed()
        if self._stopwatch.seconds(what, now) > limit:
            end()

    def _owed(self) -> tuple[object, float, Callable[[], None]]:
        transport = self.transport
        if transport.is_closing():
            return "closing", CLOSING, transport.abort
        if self.paused:
            unread = transport.get_write_buffer_size()
            return ("reading", self._resumed, unread // STEP), WRITE, transport.abort
        if (self.frames or self.conn.reader.buffer) and not self.read_paused:
            message = ("message", self._messages, self._received // STEP)
            return message, BODY, self._too_late
        return "nothing", math.inf, transport.close

    def _too_late(self) -> None:
        self.end(UNFAIR, "a message did not come in time")

    def pause_writing(self) -> None:
        """Record that the transport buffers, so that its buffer size must be checked."""
        super().pause_writing()
        self.paused = True

    def resume_writing(self) -> None:
        """Record that the transport no longer buffers."""
        super().resume_writing()
        self.paused = False
        self._resumed += 1

    def end(self, code: int, reason: str) -> None:
        """Close the connection once; a client that reads nothing for ten seconds is cut off."""
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


def _is_text(parts: Sequence[bytes]) -> bool:
    """Whether the parts are UTF-8 together (RFC 6455 8.1)."""
    try:
        b"".join(parts).decode()
    except UnicodeDecodeError:
        return False
    return True


class SendSink:
    """The same over ASGI's `send` alone, for servers and tests without the extension.

    `run` is to run beside the application until it is cancelled.
    """

    def __init__(
        self, send: Send, close_reason: Callable[[], str], lagging: Callable[[], None]
    ) -> None:
        self._send = send
        self._farewell = close_reason
        self._lagging = lagging
        self._waiting: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()
        self._bytes = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    def write(self, ready: bytes) -> None:
        """Queue a frame; report lagging if too many bytes are queued."""
        if self._closed:
            return
        self._bytes += len(ready)
        self._empty.clear()
        self._waiting.put_nowait(ready)
        if self._bytes > MOST_WAITING:
            asyncio.get_running_loop().call_soon(self._lag)

    def _lag(self) -> None:
        if self._bytes > MOST_WAITING:
            self._lagging()
        if self._bytes > MOST_WAITING + MOST_BESIDE:
            self.let_go()

    def waiting(self) -> int:
        """Return how many bytes wait; see `Outlet.waiting`."""
        return self._bytes

    def let_go(self) -> None:
        """Close the connection of a slow reader."""
        self.close(TOO_SLOW, self._farewell())

    async def drained(self) -> None:
        """Wait until the queue is empty."""
        await self._empty.wait()

    def close(self, code: int, reason: str) -> None:
        """Queue the close after all queued frames."""
        if not self._closed:
            self._closed = True
            self._waiting.put_nowait((code, reason))

    async def run(self) -> None:
        """Send what is queued, in order, until the close or a cancellation."""
        while isinstance(item := await self._waiting.get(), bytes):
            message, binary = unframe(item)
            key, value = ("bytes", message) if binary else ("text", message.decode())
            await self._send({"type": "websocket.send", key: value})
            self._bytes -= len(item)
            if not self._bytes:
                self._empty.set()
        code, reason = item
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def connection_of(scope: Scope) -> FrameProtocol | None:
    """Return the connection if the server supports encoded frames, else None."""
    connection: FrameProtocol | None = scope.get("extensions", {}).get(EXTENSION)
    return connection
