"""uvicorn's HTTP protocol with limits: malformed heads, trailers, pipelines, body sizes, timeouts.

In charge of refusing malformed requests, of the memory of bodies, and of the time that a client has
for each part of a request. Must not know the handlers. The numbers are in docs/reference/limits.md.
"""

from __future__ import annotations

import math
from asyncio import BaseTransport, TimerHandle
from collections.abc import Callable, Mapping
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jotbase.auth.tokens.client_address import client_name, client_of
from jotbase.engines.base import ROOM
from jotbase.http.edge.asgi import joined_headers
from jotbase.http.edge.connections import (
    BODY,
    CLOSING,
    HEAD,
    LARGE_STEP,
    MOST_PIPELINED,
    PARTING,
    REST,
    SMALL_BODY,
    STEP,
    WRITE,
    Connections,
    Stopwatch,
)
from jotbase.http.edge.large_responses import LargeResponseSlot, UnreadResponses
from jotbase.http.live.sending.frames import FrameProtocol
from jotbase.http.server.message_heads import (
    MAX_HEAD,
    MAX_HEADERS,
    NO_HTTP,
    TOO_LATE,
    TOO_LONG,
    TOO_MANY,
    overload_response,
    rejection_reason,
    rejection_response,
)

#: (what the client must send or read next, its time limit in seconds, the action after it).
Owed = tuple[object, float, Callable[[], None]]

_NO_ROOM = overload_response(
    "too many connections", "Close what is idle, or raise JOTBASE_MAX_CONNECTIONS."
)
_NO_ROOM_FOR_BODIES = overload_response(
    "too many large request bodies at one time", "Send them one after another."
)
_PIPELINE_FULL = overload_response(
    "too many requests on one connection", f"Send {MOST_PIPELINED} at a time, or wait for answers."
)


class _Refused(Exception):
    """Stops the parser; never leaves `data_received`."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection. `running` is the current request-response cycle, `cycle` the newest one."""

    services: Connections
    running: Any = None
    _is_short = False
    _number = 0
    _unfinished: int | None = None
    _in_head = False
    _in_body = False
    _received = 0
    _held = 0
    _holder = ""
    _resumed = 0
    _deaf = False
    _is_let_in = True
    _last_words: bytes | None = None
    _refused: bytes | None = None
    _idle_since: float | None = None
    _idle_timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Count the connection; one beyond the limit is refused at its first byte."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._address = client_name(_peer(self))
        self._stopwatch = Stopwatch()
        self._unread = UnreadResponses()
        self._is_let_in = self.services.enter(self, self._address)
        if not self._is_let_in and self.services.is_overrun:
            self.transport.abort()

    # What the parser says ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Start counting the bytes of a head."""
        self._number += 1
        self._unfinished = 0
        self._in_head = True
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; trailers are dropped (RFC 9110 section 6.5.1)."""
        if not self._in_head:
            return
        if len(self.headers) == MAX_HEADERS:
            self.stop(rejection_response(TOO_MANY))
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Start handling the request if its head is valid."""
        self.end_head()
        headers = self.headers
        refusal = rejection_reason(self.parser.get_http_version(), headers)
        if refusal is not None:
            self.stop(rejection_response(refusal))
        if len(self.pipeline) >= MOST_PIPELINED:
            self.stop(_PIPELINE_FULL)
        if self.services.proxies:
            self.name(joined_headers(headers))
        url = self.url
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        before = self.cycle
        super().on_headers_complete()
        self._in_body = self.cycle is not before  # the request for a WebSocket has no cycle
        self._unfinished = 0 if any(name == b"transfer-encoding" for name, _ in headers) else None

    def name(self, headers: Mapping[str, str]) -> None:
        """Count the connection for the client that the proxies name."""
        self._address = client_of(headers, _peer(self), self.services.proxies)
        if not self.services.rename(self, self._address):
            self.stop(_NO_ROOM)

    def end_head(self) -> None:
        """Record that the head is complete."""
        self._unfinished = None
        self._in_head = False
        self._received = 0

    def on_chunk_header(self) -> None:
        """Restart counting the bytes of chunk extensions and trailers."""
        self._unfinished = 0

    def on_body(self, body: bytes) -> None:
        """Collect a part of the body within the limits."""
        self.count(body)
        super().on_body(body)

    def count(self, body: bytes) -> None:
        """Count a part of a body; large bodies share a budget."""
        self._received += len(body)
        if self._unfinished is not None:
            self._unfinished = 0
        if self._received > SMALL_BODY:
            if not self._held:
                self._holder = self._address
            if not self.services.bodies.take(self._holder, len(body)):
                self.stop(_NO_ROOM_FOR_BODIES)
            self._held += len(body)

    def on_message_complete(self) -> None:
        """Record that the request is complete."""
        self._in_body = False
        self._unfinished = None
        super().on_message_complete()

    def stop(self, answer: bytes) -> None:
        """Stop the parser. httptools tells only that a callback failed, so the answer is kept."""
        self._refused = answer
        raise _Refused

    # What comes, and goes ------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse received data; refuse a head that is too long, since it is kept in memory."""
        self._idle_since = None
        if self._deaf:
            return
        if not self._is_let_in:
            self.refuse(_NO_ROOM)
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self.refuse(self._refused or rejection_response(NO_HTTP))
        else:
            if self._unfinished is not None:
                self._unfinished += len(data)
                if self._unfinished > MAX_HEAD:
                    self.refuse(rejection_response(TOO_LONG))

    def _upgrade(self) -> None:
        """Switch to a WebSocket, unless a response is pending, which would be sent in between."""
        if not self._should_upgrade():
            return
        if self.owes() or not _is_handshake(self):
            self.refuse(rejection_response(NO_HTTP))
            return
        self._in_body = False
        self.handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        if isinstance(protocol, FrameProtocol):
            if self._idle_timer is not None:
                self._idle_timer.cancel()
            self.services.become(self, protocol)
            protocol.services = self.services

    def owes(self) -> bool:
        """Whether a response is pending."""
        running = self.running
        return not (running is None or running.response_complete or running.disconnected)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.running = cycle
        cycle.grant = LargeResponseSlot(self.services.grants, self._address)
        before = ROOM.set(cycle.grant.enter)  # the task has a copy of this context
        super()._start_asgi_task(cycle, app)
        ROOM.reset(before)

    def refuse(self, answer: bytes) -> None:
        """Stop reading, and close with this response after the pending ones."""
        self._deaf = True
        self._unfinished = None
        half_read: Any = self.cycle if self._in_body and not self._is_short else None
        self._in_body = False
        if half_read is not None and half_read.more_body:
            if half_read.response_started:  # it has its answer, or the beginning of one
                self.transport.close()
                return
            self._give_up(half_read)
        if self.owes():
            self._last_words = answer
        else:
            self._say(answer)

    def _give_up(self, cycle: Any) -> None:
        cycle.disconnected = True
        cycle.message_event.set()
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()

    def _say(self, answer: bytes) -> None:
        self._let_go()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _let_go(self) -> None:
        if self._held:
            self.services.bodies.give_back(self._holder, self._held)
            self._held = 0

    def on_response_complete(self) -> None:
        """Continue with the next pipelined request, or become idle.

        As uvicorn does, with one timer that looks when it is due at how long the connection was
        idle: a timer made and taken back for each request costs 3 µs.
        """
        self._let_go()
        if (grant := self.running.grant) is not None and grant.is_held:
            self._unread.keep(grant, self.transport.get_write_buffer_size())
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        if self._last_words is not None:
            self._say(self._last_words)
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._time(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything: the client has disconnected."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self.services.leave(self)
        self._let_go()
        self._unread.clear()
        if self.running is not None and self.running.grant is not None:
            self.running.grant.end()
        for cycle, _ in self.pipeline:
            cycle.disconnected = True
        self.pipeline.clear()
        if self.owes():
            self.running.disconnected = True
            self.running.message_event.set()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close; unread responses are cut off after a short time."""
        super().shutdown()
        self.loop.call_later(PARTING, self._cut_off)

    def _cut_off(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()

    def resume_writing(self) -> None:
        """Record that the client has read."""
        self._resumed += 1
        self._unread.clear()
        super().resume_writing()

    # How long the client may keep us waiting -----------------------------------------------------

    def _time(self, seconds: float) -> None:
        self._idle_timer = self.loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Close what was idle for long enough; look again later at what was not."""
        self._idle_timer = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._time(left)
        else:
            self.transport.close()

    def look(self, now: float) -> None:
        """End the connection if it has kept us waiting for too long."""
        what, limit, end = self._owed()
        if self._stopwatch.seconds(what, now) > limit:
            end()

    def _owed(self) -> Owed:
        transport = self.transport
        unread = transport.get_write_buffer_size()
        if transport.is_closing():
            return "closing", CLOSING, transport.abort
        if unread:
            step = LARGE_STEP if self._unread else STEP
            return ("reading", self._resumed, unread // step), WRITE, transport.abort
        if not self._is_let_in:
            return "leaving", REST, transport.abort
        if self._in_body:
            return self._owed_of_body()
        if self.owes():
            return "us", math.inf, transport.close
        if self._unfinished is not None:
            return ("head", self._number), HEAD, self._too_late
        return ("request", self._number), HEAD, transport.close

    def _owed_of_body(self) -> Owed:
        if self.flow.read_paused:
            return "us", math.inf, self.transport.close
        cycle: Any = self.cycle
        if not self._is_short and (cycle is None or cycle.response_complete):
            return ("rest", self._number), REST, self.transport.close
        return ("body", self._number, self._received // STEP), BODY, self._too_late

    def _too_late(self) -> None:
        self.refuse(rejection_response(TOO_LATE))


def _peer(connection: HttpToolsProtocol) -> str:
    return connection.client[0] if connection.client else ""


def _is_handshake(connection: HttpToolsProtocol) -> bool:
    # RFC 6455 4.1: a GET of HTTP/1.1, bodyless; the WebSocket's parser would wait on for good.
    if connection.parser.get_http_version() != "1.1" or connection.scope["method"] != "GET":
        return False
    return not any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in connection.headers
    )
