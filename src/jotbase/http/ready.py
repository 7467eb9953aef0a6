"""uvicorn's HTTP class, with a short way for the data API: bytes to `Request`, `Response` to bytes.

In charge of reading a request of the data API straight from the parser and of writing its answer at
once, where ASGI's scope, task and messages would cost more than the answer itself; all other
requests, and odd ones, go uvicorn's way. Must not know what is answered. Figures:
docs/decisions/0014-the-short-way.md.
"""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jotbase.http.asgi import joined_headers
from jotbase.values import Request, Response

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}

#: The most bytes of a request line and headers; a loop reads up to 256 KiB at one time.
MAX_HEAD = 512 * 1024
_TOO_LONG = "The request's headers are too long."

_METHODS = {name.encode(): name for name in ("GET", "POST", "PATCH", "PUT", "DELETE")}
#: Headers of requests that go uvicorn's way: it knows what they ask of a connection.
_ODD = ("transfer-encoding", "expect", "upgrade")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Direct:
    """What answers requests whose path begins with `prefix`, with bodies up to `max_body` bytes.

    `now` answers a request without a body at once, or says None; `later` answers any. Both give
    all headers that are to be sent, and raise nothing.
    """

    prefix: bytes
    max_body: int
    now: Callable[[Request], Response | None]
    later: Callable[[Request], Awaitable[Response]]


class _Exchange:
    """Stands for uvicorn's cycle from a request to its answer: what comes meanwhile is queued."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")

    def __init__(self) -> None:
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False

    @property
    def message_event(self) -> _Exchange:
        """Nobody waits for this request's body: it is here."""
        return self

    def set(self) -> None:
        """Tell nobody."""

    def gone(self) -> bool:
        """Say whether the client has hung up."""
        return self.disconnected


class _Outbox:
    """Answers that were made in one turn of the loop, written one after another in the next.

    A write may have to wake its reader, which costs more than the write; of many at one time only
    the first one does.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[ReadyProtocol, _Exchange, bytes]] = []

    def put(self, protocol: ReadyProtocol, exchange: _Exchange, answer: bytes) -> None:
        if not self._waiting:
            protocol.loop.call_soon(self._send)
        self._waiting.append((protocol, exchange, answer))

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for protocol, exchange, answer in waiting:
            if not exchange.disconnected:
                try:
                    protocol.send(exchange, answer)
                except Exception:  # one connection's trouble is not the others'
                    protocol.logger.exception("an answer could not be sent")
                    protocol.transport.abort()


class ReadyProtocol(HttpToolsProtocol):
    """Takes the requests of the data API the short way, and all others uvicorn's way."""

    direct: Direct
    outbox: _Outbox
    _unfinished: int | None = None
    _idle_since: float | None = None
    _idle_timer: TimerHandle | None = None
    _request: Request | None = None
    _parts: list[bytes]

    def on_message_begin(self) -> None:
        """Begin to count what a head takes."""
        self._unfinished = 0
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._unfinished = None
        self._request = self._short()
        if self._request is None:
            self._take_the_long_way()

    def _short(self) -> Request | None:
        """Return the request, if it can go the short way."""
        url = self.url
        method = _METHODS.get(self.parser.get_method())
        if method is None or not url.startswith(self.direct.prefix) or not self._is_free():
            return None
        if not url.isascii() or b"#" in url:
            return None
        if self.parser.get_http_version() != "1.1" or not self.parser.should_keep_alive():
            return None
        headers = joined_headers(self.headers)
        if not headers.keys().isdisjoint(_ODD):
            return None
        size = headers.get("content-length")
        if size is not None and not (size.isdigit() and int(size[:20]) <= self.direct.max_body):
            return None
        path, _, query = url.decode().partition("?")
        self._parts = []
        return Request(method, path, query, headers)

    def _is_free(self) -> bool:
        """Whether nothing on this connection waits to be answered, or to be read by the client."""
        cycle: Any = self.cycle  # None before the first request
        return (cycle is None or cycle.response_complete) and not self.flow.write_paused

    def _take_the_long_way(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep what came; content-length has bounded it."""
        if self._request is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Answer at once what can be."""
        request, self._request = self._request, None
        if request is None:
            super().on_message_complete()
            return
        exchange: Any = _Exchange()
        self.cycle = exchange
        body = b"".join(self._parts)
        if request.method == "GET" and not body:
            response = self.direct.now(request)
            if response is not None:
                self._put(response, exchange)
                return
        request = Request(
            request.method, request.path, request.query, request.headers, body, exchange.gone
        )
        task = self.loop.create_task(self._answer(request, exchange))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _answer(self, request: Request, exchange: _Exchange) -> None:
        self._put(await self.direct.later(request), exchange)

    def _put(self, response: Response, exchange: _Exchange) -> None:
        try:
            start = head(response.status, response.headers, keep_alive=exchange.keep_alive)
        except ValueError:
            self.logger.exception("an answer could not be written")
            start, response = _FAILED, _EMPTY
        self.outbox.put(self, exchange, start + response.body)

    def send(self, exchange: _Exchange, answer: bytes) -> None:
        """Write an answer, and go on to what was queued behind its request."""
        self.transport.write(answer)
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Go on to what was queued, or be idle from now on.

        As uvicorn does, with one timer that looks when it is due at how long the connection was
        idle: a timer made and taken back for each request costs 3 µs.
        """
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._time(self.timeout_keep_alive)

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

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and refuse a head that does not end: it is kept whole in memory."""
        self._idle_since = None
        super().data_received(data)
        if self._unfinished is not None:
            self._unfinished += len(data)
            if self._unfinished > MAX_HEAD:
                self._unfinished = None
                self.send_400_response(_TOO_LONG)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close."""
        body = orjson.dumps({"message": msg})
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
        self.transport.write(head(400, headers, keep_alive=False) + body)
        self.transport.close()


def ready_protocol(direct: Direct) -> type[ReadyProtocol]:
    """Return the protocol class of a server that answers so."""
    return type("ReadyProtocol", (ReadyProtocol,), {"direct": direct, "outbox": _Outbox()})


def head(status: int, headers: Headers, *, keep_alive: bool) -> bytes:
    """Return status line and headers as bytes; header values are UTF-8. A status may be any.

    Raises ValueError for a line break in a header, which could begin another one (RFC 9110 5.5).
    """
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    text = "".join((_STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n", *lines))
    if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
        raise ValueError("a header holds a line break")
    return (text if keep_alive else text + "connection: close\r\n").encode() + b"\r\n"


_EMPTY = Response(500)
_FAILED = head(500, (("Content-Length", "0"),), keep_alive=True)
