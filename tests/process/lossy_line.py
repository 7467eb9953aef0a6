"""A line between clients and a server that can be cut: every connection through it ends at once.

In charge of forwarding bytes. Must not know what they mean.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class LossyLine:
    """Forwards connections to a server, which may be away; `url` is where clients connect."""

    def __init__(self) -> None:
        self.url = ""
        self.target = ""
        self.cuts = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """End every connection without a word, as a lost network does."""
        self.cuts += 1
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends."""
        parts = urlsplit(self.target)
        with contextlib.suppress(OSError):
            try:
                there, back = await asyncio.open_connection(parts.hostname, parts.port)
            except OSError:
                writer.transport.abort()
                return
            self._writers |= {writer, back}
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        self._writers -= {writer, back}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def lossy_line() -> AsyncIterator[LossyLine]:
    """Open a line on a free port."""
    line = LossyLine()
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    line.url = f"http://{host}:{port}"
    try:
        yield line
    finally:
        line.cut()
        server.close()
