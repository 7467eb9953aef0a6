"""Many WebSockets in one process that count what they are told; driven by lines on stdin.

First line, JSON: port, path, sockets, joins (frames to send after the handshake, in turn), joined
(bytes that stand in the answer to a join) and counts (bytes that stand in the frames to count).
Then `expect N`: answers {"last": t, "frames": n, "uneven": m} once every socket has N frames more,
where t is CLOCK_MONOTONIC. `sample`: answers the text of the last counted frame. `quit` ends it, as
does end of input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial
from typing import Any, cast

import uvloop

AT_ONCE = 50
LINE = 16 << 20
HEARTBEAT_SECONDS = 20
HEARTBEAT = b'{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"hb"}'


class Crowd:
    """All sockets of this process, and what they have counted together."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.counts: bytes = plan["counts"].encode()
        self.joined: bytes = plan["joined"].encode()
        self.sockets: list[Socket] = []
        self.total = 0
        self.goal = 0
        self.last = 0.0
        self.lost = 0
        self.sample = b""
        self.done = asyncio.Event()

    def count(self, payload: bytes) -> None:
        self.total += 1
        if self.total == self.goal:
            self.last = time.monotonic()
            self.sample = payload
            self.done.set()

    def expect(self, each: int) -> None:
        self.done.clear()
        self.total = 0
        self.goal = each * len(self.sockets)
        for socket in self.sockets:
            socket.counted = 0


class Socket(asyncio.Protocol):
    """One client: handshake, one join, then counting."""

    def __init__(self, crowd: Crowd, join: bytes | None) -> None:
        self.crowd = crowd
        self.join = join
        self.buffer = b""
        self.upgraded = False
        self.counted = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not of asyncio's classes.
        self.transport = cast(asyncio.WriteTransport, transport)
        plan = self.crowd.plan
        self.transport.write(
            f"GET {plan['path']} HTTP/1.1\r\nHost: 127.0.0.1:{plan['port']}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.lost += 1
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"closed: {self.buffer[-300:]!r}"))

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.upgraded and not self._upgrade():
            return
        buffer, start, size = self.buffer, 0, len(self.buffer)
        while size - start >= 2:
            length, head = buffer[start + 1], 2
            if length >= 126:
                head = 4 if length == 126 else 10
                if size - start < head:
                    break
                length = int.from_bytes(buffer[start + 2 : start + head], "big")
            end = start + head + length
            if end > size:
                break
            self._frame(buffer[start], buffer[start + head : end])
            start = end
        self.buffer = buffer[start:]

    def _upgrade(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self.buffer.startswith(b"HTTP/1.1 101"):
            self.ready.set_exception(ConnectionError(repr(self.buffer[:300])))
            self.transport.close()
            return False
        self.buffer = self.buffer[end + 4 :]
        self.upgraded = True
        if self.join is None:
            self.ready.set_result(None)
        else:
            self.transport.write(text_frame(self.join))
        return True

    def _frame(self, first: int, payload: bytes) -> None:
        if first == 0x89:  # a ping wants its pong
            self.transport.write(b"\x8a" + text_frame(payload)[1:])
        elif self.crowd.counts in payload:
            self.counted += 1
            self.crowd.count(payload)
        elif not self.ready.done() and self.crowd.joined in payload:
            self.ready.set_result(None)


def text_frame(text: bytes) -> bytes:
    """One text frame of a client, under the mask 0 (RFC 6455, section 5.3)."""
    size = len(text)
    head = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + head + b"\0\0\0\0" + text


async def connect(crowd: Crowd) -> None:
    loop = asyncio.get_running_loop()
    joins = [join.encode() for join in crowd.plan["joins"]] or [None]
    for first in range(0, crowd.plan["sockets"], AT_ONCE):
        batch: list[Socket] = []
        for number in range(first, min(first + AT_ONCE, crowd.plan["sockets"])):
            join = joins[number % len(joins)]
            made = partial(Socket, crowd, join)
            _, socket = await loop.create_connection(made, "127.0.0.1", crowd.plan["port"])
            batch.append(socket)
        await asyncio.wait_for(asyncio.gather(*(socket.ready for socket in batch)), 30)
        crowd.sockets.extend(batch)


async def heartbeats(crowd: Crowd) -> None:
    while crowd.plan["joins"]:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        for socket in crowd.sockets:
            socket.transport.write(text_frame(HEARTBEAT))


async def obey(crowd: Crowd, line: str) -> None:
    if line.startswith("expect"):
        each = int(line.split()[1])
        crowd.expect(each)
        answer({"expecting": each})
        await crowd.done.wait()
        uneven = sum(socket.counted != each for socket in crowd.sockets)
        answer({"last": crowd.last, "frames": crowd.total, "uneven": uneven, "lost": crowd.lost})
    elif line.startswith("sample"):
        answer({"sample": crowd.sample.decode()})


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


async def main() -> None:
    reader = asyncio.StreamReader(limit=LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    crowd = Crowd(json.loads(await reader.readline()))
    try:
        await connect(crowd)
    except (OSError, TimeoutError) as error:
        answer({"failed": f"{type(error).__name__}: {error}"})
        return
    answer({"connected": len(crowd.sockets)})
    beating = asyncio.create_task(heartbeats(crowd))
    while (line := (await reader.readline()).decode().strip()) and line != "quit":
        await obey(crowd, line)
    beating.cancel()


if __name__ == "__main__":
    uvloop.run(main())
