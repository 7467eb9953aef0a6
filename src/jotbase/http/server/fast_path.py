"""uvicorn's HTTP class, with a short way for the data API: bytes to `Request`, `Response` to bytes.

In charge of reading a request of the data API straight from the parser and of writing its answer at
once, where ASGI's scope, task and messages would cost more than the answer itself; all other
requests, and odd ones, go uvicorn's way. Must not know what is answered. Figures:
docs/decisions/0014-the-short-way.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from jotbase.engines.base import ROOM
from jotbase.http.edge.asgi import joined_headers
from jotbase.http.edge.connections import Connections
from jotbase.http.edge.large_responses import LargeResponseSlot
from jotbase.http.server.limited_protocol import LimitedProtocol
from jotbase.http.server.message_heads import head, is_valid_host
from jotbase.values import Request, Response

#: Bodies up to this size are written in one piece with their head; a copy of more costs memory.
COPIED = 65_536

_METHODS = {name.encode(): name for name in ("GET", "POST", "PATCH", "PUT", "DELETE")}
#: Headers of requests that go uvicorn's way: it knows what they ask of a connection.
_ODD = ("transfer-encoding", "expect", "upgrade")


@dataclass(frozen=True, slots=True)
class FastPath:
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
        self._waiting: list[tuple[FastPathProtocol, _Exchange, tuple[bytes, ...]]] = []

    def put(
        self, protocol: FastPathProtocol, exchange: _Exchange, answer: tuple[bytes, ...]
    ) -> None:
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


class FastPathProtocol(LimitedProtocol):
    """Takes the requests of the data API the short way, and all others uvicorn's way."""

    direct: FastPath
    outbox: _Outbox
    _request: Request | None = None
    _parts: list[bytes]

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._request = self._short()
        if self._request is None:
            self._is_short = False
            super().on_headers_complete()
        else:
            self._is_short = self._in_body = True
            self.end_head()

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
        if not headers.keys().isdisjoint(_ODD) or not is_valid_host(headers.get("host")):
            return None
        size = headers.get("content-length")
        if size is not None and not (size.isdigit() and int(size[:20]) <= self.direct.max_body):
            return None
        path, _, query = url.decode().partition("?")
        self._parts = []
        return Request(method, path, query, headers)

    def _is_free(self) -> bool:
        """Whether nothing on this connection waits to be answered, or to be read by the client."""
        return not self.owes() and not self.flow.write_paused

    def on_body(self, body: bytes) -> None:
        """Keep what came; content-length has bounded it."""
        if self._request is None:
            super().on_body(body)
        else:
            self.count(body)
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Answer at once what can be."""
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
            request.method, request.path, request.query, request.headers, body, exchange.gone
        )
        task = self.loop.create_task(self._answer(request, exchange))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _answer(self, request: Request, exchange: _Exchange) -> None:
        exchange.grant = LargeResponseSlot(self.services.grants, self._address)
        ROOM.set(exchange.grant.enter)
        self._put(await self.direct.later(request), exchange)

    def _put(self, response: Response, exchange: _Exchange) -> None:
        try:
            start = head(response.status, response.headers, keep_alive=exchange.keep_alive)
        except ValueError:
            self.logger.exception("an answer could not be written")
            start, response = _FAILED, _EMPTY
        if len(response.body) < COPIED:
            self.outbox.put(self, exchange, (start + response.body,))
        else:
            self.outbox.put(self, exchange, (start, response.body))

    def send(self, exchange: _Exchange, answer: tuple[bytes, ...]) -> None:
        """Write an answer, and go on to what was queued behind its request."""
        for part in answer:
            self.transport.write(part)
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()


def fast_path_protocol(direct: FastPath, services: Connections) -> type[FastPathProtocol]:
    """Return the protocol class of a server that answers so, and counts its connections there."""
    own = {"direct": direct, "outbox": _Outbox(), "services": services}
    return type("FastPathProtocol", (FastPathProtocol,), own)


_EMPTY = Response(500)
_FAILED = head(500, (("Content-Length", "0"),), keep_alive=True)
