"""ASGI messages to `Request`, and `Response` to ASGI messages.

In charge of reading a complete request within a size limit, and of sending a response. Must not
know the routes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import orjson

from jotbase.errors import RequestError
from jotbase.values import Request, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Bytes of a spooled body that are sent at a time.
PIECE = 32_768
_BODILESS = frozenset((204, 304))
_WITHOUT_BODY = frozenset(("GET", "HEAD", "OPTIONS"))


class ClientDisconnected(Exception):
    """The client disconnected before its request was complete."""


def read_headers(scope: Scope) -> dict[str, str]:
    """Return the headers, names in lower case, repeated lines joined (RFC 9110 section 5.3)."""
    return joined_headers(scope["headers"])


def joined_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return header lines, names in lower case already, as one value a name."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def raw_path(scope: Scope) -> str:
    """Return the path as sent, percent-encoded."""
    raw: bytes | None = scope.get("raw_path")
    path: str = scope["path"]
    return raw.decode("latin-1") if raw else path


async def read_request(scope: Scope, receive: Receive, limit: int) -> Request:
    """Read a request with its complete body.

    Raises RequestError (53400, 413) beyond `limit` bytes, and ClientDisconnected.
    """
    headers = read_headers(scope)
    method = scope["method"]
    body = b""
    if method not in _WITHOUT_BODY or "content-length" in headers or "transfer-encoding" in headers:
        body = await _read_body(headers, receive, limit)
    query = scope["query_string"].decode("latin-1")
    client = scope.get("client")
    return Request(
        method, raw_path(scope), query, headers, body, client=client[0] if client else ""
    )


async def _read_body(headers: dict[str, str], receive: Receive, limit: int) -> bytes:
    receive = limit_body(receive, headers, limit)
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def limit_body(receive: Receive, headers: Mapping[str, str], limit: int) -> Receive:
    """Return what receives a body of at most `limit` bytes.

    Raises RequestError (53400, 413) at once for a longer one that was announced; what it returns
    raises it as soon as more has come.
    """
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise _too_large(limit)
        return message

    return receiving


def _too_large(limit: int) -> RequestError:
    return RequestError(
        "53400",
        "The request body is too large",
        details=f"The limit is {limit} bytes.",
        hint="Send fewer rows at a time, or raise JOTBASE_MAX_BODY.",
    )


async def send_response(
    response: Response, scope: Scope, send: Send, *, head: bool = False
) -> None:
    """Send a response; with `head`, without its body."""
    headers = with_content_length(response, head=head)
    pairs = [(name.lower().encode("latin-1"), value.encode("utf-8")) for name, value in headers]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    if head or response.size <= PIECE:
        await send({"type": "http.response.body", "body": b"" if head else response.content()})
    else:
        for piece in _pieces(response):  # the server waits in `send` until the client has read
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    if response.spooled is not None:
        response.spooled.close()


def _pieces(response: Response) -> Iterator[bytes]:
    spooled = response.spooled
    for start in range(0, response.size, PIECE):
        if spooled is None:
            yield response.body[start : start + PIECE]
        else:
            yield spooled.read(start, PIECE)


def with_content_length(response: Response, *, head: bool = False) -> tuple[tuple[str, str], ...]:
    """Add Content-Length (RFC 9110 section 8.6): never to a 204 or 304, nor to an unknown HEAD."""
    if response.status in _BODILESS or (head and not response.size):
        return response.headers
    if any(name == "Content-Length" for name, _ in response.headers):
        return response.headers
    return (*response.headers, ("Content-Length", str(response.size)))


async def refuse_handshake(scope: Scope, send: Send, status: int, text: str) -> None:
    """Respond to a WebSocket handshake instead of upgrading.

    A server that does not support that sends 403 itself.
    """
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    body = orjson.dumps({"error": text})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})
