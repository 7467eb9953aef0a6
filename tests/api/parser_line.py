"""The protocol class on a connection of the test's own: bytes in, bytes out, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import uvicorn
from uvicorn.server import ServerState

from jotbase.http.edge.asgi import Receive, Scope, Send
from jotbase.http.edge.connections import Connections
from jotbase.http.server.fast_path import FastPath, FastPathProtocol, fast_path_protocol
from jotbase.values import Request, Response

MAX_BODY = 1_000_000


class Line(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.aborted = False
        self.unread = 0
        self.ended = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True
        self.ended.set()

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def get_write_buffer_size(self) -> int:
        """What the test says that the client has not read."""
        return self.unread

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """The test decides what is read."""

    def resume_reading(self) -> None:
        """As above."""


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": [(b"x-way", b"long")]})
    await send({"type": "http.response.body", "body": b""})


def no_answer(request: Request) -> None:
    """Answer nothing at once."""


async def turn() -> None:
    """Wait until the loop has done what it was to do next."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_soon(done.set)
    await done.wait()


async def echo(request: Request) -> Response:
    """Answer with what was asked, a turn of the loop later."""
    await turn()
    text = f"{request.method} {request.path} {request.query} ".encode() + request.body
    return Response(200, (("Content-Length", str(len(text))),), text)


def connect(
    now: Callable[[Request], Response | None] = no_answer,
    later: Callable[[Request], Awaitable[Response]] = echo,
    keep_alive: float = 5,
    house: Connections | None = None,
) -> tuple[Line, FastPathProtocol]:
    """Return a new connection and its protocol; `keep_alive` is in seconds."""
    config = uvicorn.Config(_application, log_config=None, ws="none")
    config.timeout_keep_alive = keep_alive  # type: ignore[assignment]
    config.load()
    line = Line()
    direct = FastPath(b"/rest/v1/", MAX_BODY, now, later)
    kind = fast_path_protocol(direct, Connections(100, 100) if house is None else house)
    protocol = kind(config, ServerState(), {})
    protocol.connection_made(line)
    return line, protocol


async def _served(
    chunks: Iterable[bytes],
    now: Callable[[Request], Response | None],
    later: Callable[[Request], Awaitable[Response]],
) -> tuple[Line, int]:
    line, protocol = connect(now, later)
    taken = 0
    for chunk in chunks:
        if not line.closed:
            protocol.data_received(chunk)
            taken += len(chunk)
    await turn()
    while protocol.tasks:
        await asyncio.gather(*protocol.tasks)
        await turn()
    return line, taken


def serve(
    *chunks: bytes,
    now: Callable[[Request], Response | None] = no_answer,
    later: Callable[[Request], Awaitable[Response]] = echo,
) -> tuple[Line, int]:
    """Return the connection after those chunks came and were answered, and how many bytes came.

    Paths of the data API are answered by `now` and `later`, others by 204 of an ASGI application.
    """
    return asyncio.run(_served(chunks, now, later))
