"""WebSockets byte by byte: what a client may send, and for how long it may keep us waiting."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable

import pytest
from tests.api.raw_line import Door, door

from jotbase.http.edge.asgi import Receive, Scope, Send
from jotbase.http.live.sending.frames import connection_of

UPGRADE = (
    b"GET /realtime/v1/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
CONTINUED, TEXT, PING = 0, 1, 9
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def frame(opcode: int, payload: bytes = b"", *, last: bool = True) -> bytes:
    """Return a short client's frame under the mask of zeros."""
    assert len(payload) < 126
    return bytes((opcode | (128 if last else 0), 128 | len(payload), 0, 0, 0, 0)) + payload


async def close_code(reader: asyncio.StreamReader) -> int:
    """Return the code of the close frame among what still comes."""
    while True:
        kind, size = await reader.readexactly(2)
        payload = await reader.readexactly(size)
        if kind == 0x88:
            return int.from_bytes(payload[:2])


def play(scenario: Callable[[Door, Client, list[str]], Awaitable[None]]) -> None:
    """Play a scenario with a socket that is open; what the server hears is collected."""
    heard: list[str] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["text"])
            if message["text"] == "talk":
                connection = connection_of(scope)
                assert connection is not None
                connection.transport.write(b"\0" * 50_000_000)
                heard.append("talked")

    async def run() -> None:
        async with door(listen) as served, asyncio.timeout(20):
            client = await served.connect()
            client[1].write(UPGRADE)
            await client[0].readuntil(b"\r\n\r\n")
            await scenario(served, client, heard)

    asyncio.run(run())


async def echoed(client: Client) -> None:
    """Wait until all that was sent has been heard: a ping comes back."""
    client[1].write(frame(PING, b"here"))
    assert await client[0].readexactly(6) == b"\x8a\x04here"


@pytest.mark.parametrize("sent", [frame(TEXT, b"abc")[:-1], frame(TEXT, b"abc", last=False)])
def test_half_a_message_is_not_waited_for(sent: bytes) -> None:
    """A frame that does not end, and a message that does not."""

    async def wait(served: Door, client: Client, heard: list[str]) -> None:
        await echoed(client)
        client[1].write(sent)
        if sent[0] < 128:
            await echoed(client)
        else:
            await until(lambda: b"ab" in buffered(served))
        served.pass_time()
        assert await close_code(client[0]) == 1008

    play(wait)


def buffered(served: Door) -> bytes:
    """Return what of a frame has come."""
    (connection,) = served.state.connections
    return bytes(connection.conn.reader.buffer)  # type: ignore[union-attr]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    while not holds():
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(0.001, done.set)
        await done.wait()


def test_an_open_socket_may_be_silent() -> None:
    """Whoever has nothing to say owes nothing."""

    async def wait(served: Door, client: Client, heard: list[str]) -> None:
        served.pass_time()
        await echoed(client)

    play(wait)


def test_pings_are_answered_in_measure() -> None:
    """Fifty between two looks; a flood ends the socket."""

    async def flood(served: Door, client: Client, heard: list[str]) -> None:
        for _ in range(50):
            await echoed(client)
        served.connections.look(0)
        await echoed(client)
        client[1].write(frame(PING) * 20_000)
        assert await close_code(client[0]) == 1008

    play(flood)


def test_a_message_has_few_parts() -> None:
    """Empty ones cost memory all the same."""

    async def split(served: Door, client: Client, heard: list[str]) -> None:
        client[1].write(frame(TEXT, b"a", last=False) + frame(CONTINUED, last=False) * 2000)
        assert await close_code(client[0]) == 1008

    play(split)


def test_a_compressed_frame_is_refused() -> None:
    """No extension is agreed on, whatever is offered: RFC 6455 section 5.2, RFC 7692."""
    offered = UPGRADE.replace(
        b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            """A message that nobody may have sent."""

    async def run() -> None:
        async with door(listen) as served, asyncio.timeout(20):
            reader, writer = await served.connect()
            writer.write(offered)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"extensions" not in head.lower()
            bomb = zlib.compress(b"a" * 50_000)[:120]
            writer.write(frame(TEXT | 64, bomb))
            assert await close_code(reader) == 1002

    asyncio.run(run())


def test_many_messages_at_once_are_all_heard_in_order() -> None:
    """However they are cut; others have their turns between them."""

    async def send(served: Door, client: Client, heard: list[str]) -> None:
        client[1].write(b"".join(frame(TEXT, b"%d" % number) for number in range(20_000)))
        await echoed(client)
        await until(lambda: len(heard) == 20_000)
        assert heard == [str(number) for number in range(20_000)]

    play(send)


def test_who_stops_reading_is_let_go() -> None:
    """Also when what waits is less than may wait; what was written is dropped with it."""

    async def stop(served: Door, client: Client, heard: list[str]) -> None:
        client[1].write(frame(TEXT, b"talk"))
        await until(lambda: "talked" in heard)
        served.pass_time()
        await served.until(0)

    play(stop)


def test_a_close_that_is_not_read_is_not_waited_for() -> None:
    """A ping without an answer closes the socket; what waits then has its time as well."""

    async def stop(served: Door, client: Client, heard: list[str]) -> None:
        client[1].write(frame(TEXT, b"talk"))
        await until(lambda: "talked" in heard)
        (connection,) = served.state.connections
        connection.keepalive_timeout()  # type: ignore[union-attr]
        assert len(served.connections) == 1
        served.pass_time()
        await served.until(0)

    play(stop)


def test_text_that_is_none_closes(caplog: pytest.LogCaptureFixture) -> None:
    """With the code of the protocol, and without a traceback in the log."""

    async def send(served: Door, client: Client, heard: list[str]) -> None:
        client[1].write(frame(TEXT, b"\xff\xfe"))
        assert await close_code(client[0]) == 1007

    play(send)
    assert [record for record in caplog.records if record.exc_info] == []
