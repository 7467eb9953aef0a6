"""The bare loop: a WebSocket server that knows how to write one ready frame to every socket.

The ceiling for a broadcast in one Python process: no protocol, no rule, no change log.
`POST /frame` takes the text of the frame, `POST /fire` writes it to all, `GET /health` says ok.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
from typing import cast

import uvloop

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Hub:
    """The sockets that are open, and the frame for all of them."""

    def __init__(self) -> None:
        self.sockets: set[asyncio.WriteTransport] = set()
        self.frame = text_frame(b"{}")

    def fire(self) -> None:
        """Writes the frame to every socket: this is the loop."""
        frame = self.frame
        for transport in self.sockets:
            transport.write(frame)


class Connection(asyncio.Protocol):
    """One connection: HTTP/1.1 until it asks for a WebSocket, after that it only listens."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.buffer = b""
        self.upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not of asyncio's classes.
        self.transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.hub.sockets.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        if self.upgraded:
            return
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end].split(b"\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (x.partition(b":") for x in lines)
            }
            whole = end + 4 + int(headers.get(b"content-length", b"0"))
            if len(self.buffer) < whole:
                return
            body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
            self._answer(lines[0].split(b" ")[1], headers, body)

    def _answer(self, path: bytes, headers: dict[bytes, bytes], body: bytes) -> None:
        key = headers.get(b"sec-websocket-key")
        if key is not None:
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            self.transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            self.upgraded = True
            self.hub.sockets.add(self.transport)
            return
        if path == b"/frame":
            self.hub.frame = text_frame(body)
        elif path == b"/fire":
            self.hub.fire()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def text_frame(text: bytes) -> bytes:
    """One unmasked text frame (RFC 6455, section 5.2), for payloads below 64 KiB."""
    size = len(text)
    head = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return b"\x81" + head + text


async def serve(port: int) -> None:
    hub = Hub()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(hub), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
