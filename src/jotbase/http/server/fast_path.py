"""uvicorn's HTTP protocol with a fast path for the data API, which bypasses ASGI.

In charge of building a `Request` straight from the parser's callbacks and of writing the response
at once: ASGI's scope, task and messages would cost more than the request itself. All other requests
take uvicorn's way. Must not know the handlers. Decision 14 has figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jotbase.engines.base import ROOM
from jotbase.engines.spool import KEPT_IN_MEMORY, kept_in_file
from jotbase.errors import JotError
from jotbase.http.edge.asgi import joined_headers
from jotbase.http.edge.connections import LARGE_STEP, STEP, WRITE, Connections
from jotbase.http.edge.large_responses import READ, LargeResponseSlot
from jotbase.http.server.body_sender import BodySender
from jotbase.http.server.limited_protocol import LimitedProtocol, Owed
from jotbase.http.server.message_heads import head, is_valid_host, overload_response
from jotbase.values import Request, Response, SpooledBody

#: Bodies up to this size are written together with their head; copying larger ones costs memory.
COPIED = 65_536

_METHODS = {name.encode(): name for name in ("GET", "POST", "PATCH", "PUT", "DELETE")}
#: Headers of requests that take uvicorn's way.
_ODD = ("transfer-encoding", "expect", "upgrade")


@dataclass(frozen=True, slots=True)
class FastPath:
    """The handlers of requests whose path begins with `prefix`, with bodies up to `max_body` bytes.

    `now` answers a request without a body at once, or says None; `later` answers any. Both give
    all headers that are to be sent, and raise nothing.
    """

    prefix: bytes
    max_body: int
    now: Callable[[Request], Response | None]
    later: Callable[[Request], Awaitable[Response]]


#: (pieces of a response, large body after them or None).
_Answer = tuple[tuple[bytes, ...], SpooledBody | None]


class _Exchange:
    """Replaces uvicorn's request-response cycle; pipelined requests are queued meanwhile."""

    __slots__ = ("disconnected", "grant", "keep_alive", "response_complete")

    def __init__(self) -> None:
        self.grant: LargeResponseSlot | None = None
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False

    @property
    def message_event(self) -> _Exchange:
        """Nobody waits for this request's body: it is here."""
        return self

    def set(self) -> None:
        """Send nothing."""

    def gone(self) -> bool:
        """Return whether the client has disconnected."""
        return self.disconnected


class _Outbox:
    """Responses of one iteration of the event loop, written together in the next one.

    A write may wake the reading process, which costs more than the write; of several only the first
    one does.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[FastPathProtocol, _Exchange, _Answer]] = []

    def put(self, protocol: FastPathProtocol, exchange: _Exchange, answer: _Answer) -> None:
        if not self._waiting:
            protocol.loop.call_soon(self._send)
        self._waiting.append((protocol, exchange, answer))

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for protocol, exchange, answer in waiting:
            if exchange.disconnected:
                _drop(answer)
            else:
                try:
                    protocol.send(exchange, answer)
                except Exception:  # a failure of one connection must not affect the others
                    protocol.logger.exception("an answer could not be sent")
                    protocol.transport.abort()


class FastPathProtocol(LimitedProtocol):
    """Handles requests of the data API on the fast path, and all others as uvicorn does."""

    direct: FastPath
    outbox: _Outbox
    _request: Request | None = None
    _sender: BodySender | None = None
    _in_files = 0
    _unread_bytes = 0
    _parts: list[bytes]

    def on_headers_complete(self) -> None:
        """Choose between the fast path and uvicorn's way."""
        self._request = self._short()
        if self._request is None:
            self._is_short = False
            super().on_headers_complete()
        else:
            self._is_short = self._in_body = True
            self.end_head()
            if self.services.proxies:
                self.name(self._request.headers)

    def _short(self) -> Request | None:
        """Return the request if it can take the fast path, else None."""
        url = self.url
        method = _METHODS.get(self.parser.get_method())
        if method is None or not url.startswith(self.direct.prefix) or not self._is_free():
            return None
        if not url.isascii() or b"#" in url:
            return None
        if self.parser.get_http_version() != "1.1" or not self.parser.should_keep_alive():
            return None
        headers = joined_headers(self.headers)
        if not headers.keys().isdisjoint(_ODD) or not is_valid_host(headers.get("host")):
            return None
        if "event-stream" in headers.get("accept", ""):
            return None
        size = headers.get("content-length")
        if size is not None and not (size.isdigit() and int(size[:20]) <= self.direct.max_body):
            return None
        path, _, query = url.decode().partition("?")
        self._parts = []
        peer = self.client[0] if self.client else ""
        return Request(method, path, query, headers, client=peer)

    def _is_free(self) -> bool:
        """Whether no request is pending, and no response unread, on this connection."""
        return not self.owes() and not self.flow.write_paused

    def on_body(self, body: bytes) -> None:
        """Collect the body, whose size Content-Length has limited."""
        if self._request is None:
            super().on_body(body)
        else:
            self.count(body)
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Handle the request, at once if possible."""
        request, self._request = self._request, None
        if request is None:
            super().on_message_complete()
            return
        self._in_body = False
        exchange: Any = _Exchange()
        self.cycle = self.running = exchange
        body = b"".join(self._parts)
        if request.method == "GET" and not body:
            response = self.direct.now(request)
            if response is not None:
                self._put(response, exchange)
                return
        request = Request(
            request.method,
            request.path,
            request.query,
            request.headers,
            body,
            exchange.gone,
            request.client,
        )
        task = self.loop.create_task(self._answer(request, exchange))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _answer(self, request: Request, exchange: _Exchange) -> None:
        exchange.grant = LargeResponseSlot(self.services.grants, self._address)
        if exchange.disconnected:
            exchange.grant.end()
        ROOM.set(exchange.grant.enter)
        response = await self.direct.later(request)
        if len(response.body) > KEPT_IN_MEMORY:
            with suppress(RuntimeError):  # no thread to be had: it stays in memory
                response = await asyncio.to_thread(_in_file, response)
        self._put(response, exchange)

    def _put(self, response: Response, exchange: _Exchange) -> None:
        try:
            start = head(response.status, response.headers, keep_alive=exchange.keep_alive)
        except ValueError:
            self.logger.exception("an answer could not be written")
            start, response = _FAILED, _EMPTY
        if response.spooled is not None:
            self.outbox.put(self, exchange, ((start,), response.spooled))
        elif len(response.body) < COPIED:
            self.outbox.put(self, exchange, ((start + response.body,), None))
        else:
            self.outbox.put(self, exchange, ((start, response.body), None))

    def send(self, exchange: _Exchange, answer: _Answer) -> None:
        """Write a response; a large body at the client's speed."""
        parts, spooled = answer
        if len(parts) > 1 and not self._has_room(len(parts[1])):
            parts, spooled = parts[:1], kept_in_file(parts[1])
        if spooled is not None:
            self._send_on(exchange, parts[0], spooled)
            return
        for part in parts:
            self.transport.write(part)
        if self._unread_bytes and self.transport.get_write_buffer_size() <= READ:
            self._let_unread_go()
        self.end(exchange)

    def _has_room(self, size: int) -> bool:
        """Return whether a body of that size may be buffered in memory, and count it if so."""
        if not self.services.unread.take(self._address, size):
            return False
        self._unread_bytes += size
        return True

    def _let_unread_go(self) -> None:
        if self._unread_bytes:
            self.services.unread.give_back(self._address, self._unread_bytes)
            self._unread_bytes = 0

    def _send_on(self, exchange: _Exchange, start: bytes, spooled: SpooledBody) -> None:
        files, size = self.services.in_files, spooled.size
        if not files.take(self._address, size):
            spooled.close()
            self.transport.write(_NO_ROOM_IN_FILES)
            self.transport.close()
            self.end(exchange)
            return
        self._in_files = size

        def end() -> None:
            self._drop_sender()
            self.end(exchange)

        awaited = exchange.grant is not None and exchange.grant.is_held
        step = LARGE_STEP if awaited else STEP
        self.transport.write(start)
        self._sender = BodySender(spooled, self.transport, self.flow, self.loop, step, end)
        self._sender.send()

    def _drop_sender(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None
            self.services.in_files.give_back(self._address, self._in_files)

    def resume_writing(self) -> None:
        """Continue sending after the transport's buffer has drained."""
        super().resume_writing()
        self._let_unread_go()
        if self._sender is not None:
            self._sender.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the body that was being sent, too."""
        self._drop_sender()
        self._let_unread_go()
        super().connection_lost(exc)

    def _owed(self) -> Owed:
        owed = super()._owed()
        if self._sender is None or owed[0] == "closing":
            return owed
        unread = self.transport.get_write_buffer_size()
        return (self._sender.progress(), WRITE, self.transport.abort) if unread else owed

    def _cut_off(self) -> None:
        if self._sender is not None:
            self.transport.abort()
        super()._cut_off()

    def end(self, exchange: _Exchange) -> None:
        """Continue with the next pipelined request."""
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _in_file(response: Response) -> Response:
    """Return the response with its body in a file; unchanged if no file can be created."""
    try:
        kept = kept_in_file(response.body)
    except JotError:
        return response
    return Response(response.status, response.headers, b"", kept)


def _drop(answer: _Answer) -> None:
    if answer[1] is not None:
        answer[1].close()


def fast_path_protocol(direct: FastPath, services: Connections) -> type[FastPathProtocol]:
    """Return the protocol class of a server with this fast path and these connection limits."""
    own = {"direct": direct, "outbox": _Outbox(), "services": services}
    return type("FastPathProtocol", (FastPathProtocol,), own)


_EMPTY = Response(500)
_NO_ROOM_IN_FILES = overload_response(
    "too many large answers are not read", "The request was carried out. Read what was answered."
)
_FAILED = head(500, (("Content-Length", "0"),), keep_alive=True)
