"""The protocol class on real sockets: what is sent byte by byte, and all that comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from tests.api.parser_line import MAX_BODY, echo, no_answer
from uvicorn.server import ServerState

from jotbase.http.edge.asgi import Application, Receive, Scope, Send
from jotbase.http.edge.connections import Connections
from jotbase.http.live.sending.frames import FrameProtocol
from jotbase.http.server.fast_path import FastPath, fast_path_protocol

#: Of loop time, later than any deadline.
LATER = 1000.0


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the names of the headers, and with the body."""
    if scope["type"] != "http":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            """Hear all, and say nothing."""
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    told = b",".join(name for name, _ in scope["headers"]) + b"|" + body
    headers = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


@dataclass
class Door:
    """A server on a port of its own; `connections` counts what is connected."""

    port: int
    connections: Connections
    state: ServerState
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a client that has connected and been noticed."""
        before = len(self.connections)
        client = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(client[1])
        await self.until(before + 1)
        return client

    async def ask(self, data: bytes) -> bytes:
        """Return all that comes for those bytes, to the end of the connection, however it ends."""
        reader, writer = await self.connect()
        writer.write(data)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while some := await reader.read(65_536):
                answer += some
        return answer

    async def until(self, count: int) -> None:
        """Wait until so many are connected."""
        async with asyncio.timeout(20):
            while len(self.connections) != count:
                done = asyncio.Event()
                asyncio.get_running_loop().call_later(0.001, done.set)
                await done.wait()

    def pass_time(self, seconds: float = LATER) -> None:
        """Look at all connections now and that much later."""
        now = asyncio.get_running_loop().time()
        self.connections.look(now)
        self.connections.look(now + seconds)


@asynccontextmanager
async def door(
    application: Application = read_all, connections: Connections | None = None
) -> AsyncIterator[Door]:
    """Serve on a port of the machine's choice."""
    config = uvicorn.Config(application, log_config=None, ws=FrameProtocol, lifespan="off")
    config.ws_per_message_deflate = False
    config.timeout_keep_alive = 0  # what is answered is closed, so that reading has an end
    config.load()
    house = Connections(100, 100) if connections is None else connections
    state = ServerState()
    kind = fast_path_protocol(FastPath(b"/rest/v1/", MAX_BODY, no_answer, echo), house)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: kind(config, state, {}), "127.0.0.1", 0)
    try:
        served = Door(server.sockets[0].getsockname()[1], house, state)
        yield served
    finally:
        server.close()
        for writer in served.writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in state.tasks:
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
