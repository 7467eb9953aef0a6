"""Connections on real sockets: how many there may be, and for how long one may keep us waiting."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable
from socket import SO_LINGER, SOL_SOCKET

import pytest
from tests.api.parser_line import connect, turn
from tests.api.raw_line import Door, door, read_all

from jotbase.http.edge.asgi import Receive, Scope, Send
from jotbase.http.edge.connections import BODY, HEAD, STEP, WRITE, Connections

GET = b"GET /rest/v1/x HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = (
    b"GET /realtime/v1/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
Scenario = Callable[[Door], Awaitable[None]]


def play(scenario: Scenario, connections: Connections | None = None) -> None:
    """Play a scenario against a new server."""

    async def run() -> None:
        async with door(connections=connections) as served, asyncio.timeout(20):
            await scenario(served)

    asyncio.run(run())


@pytest.mark.parametrize("path", [b"/x", b"/rest/v1/x"])
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"GET %b HTTP/1.1\r\nHo", b"HTTP/1.1 408 "),
        (b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab", b"HTTP/1.1 408 "),
        (b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5", b"HTTP/1.1 408 "),
    ],
)
def test_what_does_not_come_in_time_is_not_waited_for(
    path: bytes, sent: bytes, answer: bytes
) -> None:
    """Silent, half-head and half-body connections are closed, and no longer counted."""

    async def wait(served: Door) -> None:
        reader, writer = await served.connect()
        writer.write(sent.replace(b"%b", path))
        await turn()
        await noticed(served, len(sent))
        served.pass_time()
        said = await reader.read()
        assert said.startswith(answer)
        assert said == b"" or b"connection: close" in said
        await served.until(0)

    play(wait)


async def noticed(served: Door, size: int) -> None:
    """Wait until what was sent has been read: the loop reads it before its timers are due."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02 if size else 0, done.set)
    await done.wait()


@pytest.mark.parametrize(
    ("chunks", "seconds", "closed"),
    [
        ([], HEAD, False),
        ([], HEAD + 1, True),
        ([b"GET /x HTTP/1.1\r\nHo"], HEAD, False),
        ([b"GET /x HTTP/1.1\r\nHo", b"st: a\r\n"], HEAD + 1, True),
        ([b"POST /rest/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"], BODY, False),
        ([b"POST /rest/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"], BODY + 1, True),
    ],
)
def test_each_part_of_a_request_has_its_time(
    chunks: list[bytes], seconds: float, closed: bool
) -> None:
    """A byte now and then does not lengthen a head's; nothing is closed before its time."""

    async def wait() -> bool:
        line, protocol = connect()
        protocol.look(0)
        for chunk in chunks:
            protocol.data_received(chunk)
            protocol.look(0)
        protocol.look(seconds)
        return line.closed

    assert asyncio.run(wait()) is closed


def test_a_body_that_goes_on_is_waited_for() -> None:
    """Each 64 KiB of it begins the time anew."""

    async def upload() -> bool:
        line, protocol = connect()
        size = 5 * STEP
        protocol.data_received(
            b"POST /rest/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
        )
        for number in range(4):
            protocol.data_received(b"a" * STEP)
            protocol.look(number * BODY)
        return line.closed

    assert asyncio.run(upload()) is False


@pytest.mark.parametrize(("resumed", "cut"), [(False, True), (True, False)])
def test_who_reads_no_answer_is_let_go(resumed: bool, cut: bool) -> None:
    """What waits in memory is dropped at once, not when the client reads it at last."""

    async def wait() -> bool:
        line, protocol = connect()
        protocol.data_received(GET)
        while protocol.tasks:
            await asyncio.gather(*protocol.tasks)
            await turn()
        line.unread = 1000
        protocol.look(0)
        if resumed:
            protocol.resume_writing()
        protocol.look(WRITE + 1)
        return line.aborted

    assert asyncio.run(wait()) is cut


def test_who_does_not_read_a_last_answer_is_cut_off() -> None:
    """A connection that is closing still holds what was written to it."""

    async def wait(served: Door) -> None:
        _, writer = await served.connect()
        writer.write(b"no http\r\n\r\n")
        await served.until(0)

    play(wait)


def test_too_many_connections_are_told_so() -> None:
    """503 with Retry-After, and room again as soon as one has gone."""

    async def crowd(served: Door) -> None:
        first, _ = await served.connect(), await served.connect()
        said = await served.ask(GET)
        assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
        assert b'"code":"53300"' in said
        first[1].close()
        await served.until(1)
        assert (await served.ask(GET)).startswith(b"HTTP/1.1 200 ")

    play(crowd, Connections(2, 2))
    play(crowd, Connections(100, 2))


def test_one_too_many_that_is_silent_is_not_kept() -> None:
    """Those that are refused are few and leave soon, whatever they do."""

    async def crowd(served: Door) -> None:
        clients = [await served.connect() for _ in range(3)]
        served.pass_time(6)
        assert await clients[2][0].read() == b""
        await served.until(2)

    play(crowd, Connections(2, 2))


def test_a_websocket_counts_as_the_connection_that_it_was() -> None:
    """From the handshake to its end."""

    async def upgrade(served: Door) -> None:
        reader, writer = await served.connect()
        writer.write(UPGRADE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert (await served.ask(UPGRADE)).startswith(b"HTTP/1.1 503 ")
        writer.close()
        await served.until(0)

    play(upgrade, Connections(1, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"GET ", b"POST "),
        (b"Host: a\r\n", b"Host: a\r\nContent-Length: 2\r\n"),
        (b"Host: a\r\n", b"Host: a\r\nTransfer-Encoding: chunked\r\n"),
        (b"Sec-WebSocket-Key", b"X-Key"),
        (b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_handshake_that_is_none_is_answered(old: bytes, new: bytes) -> None:
    """A WebSocket begins with a GET without a body; nothing is waited for that will not come."""

    async def upgrade(served: Door) -> None:
        reader, writer = await served.connect()
        writer.write(UPGRADE.replace(old, new, 1))
        assert (await reader.read()).startswith(b"HTTP/1.1 4")
        await served.until(0)

    play(upgrade, Connections(1, 1))


@pytest.mark.parametrize("behind", [b"", b"no http\r\n\r\n", UPGRADE])
def test_a_pipeline_that_is_cut_off_leaves_no_trace(
    behind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody hears what was still being answered, and nobody has to read of it in the log."""
    gate = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await read_all(scope, receive, send)

    async def cut() -> None:
        async with door(slow) as served, asyncio.timeout(20):
            _, writer = await served.connect()
            one = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
            writer.write(one + GET + one + GET + behind)
            await noticed(served, 1)
            socket = writer.get_extra_info("socket")
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            gate.set()  # the loop sees that a client has gone when it writes: it reads no further
            await served.until(0)
            while served.state.tasks:
                await asyncio.gather(*served.state.tasks)

    with caplog.at_level(logging.WARNING):
        asyncio.run(cut())

    assert [record for record in caplog.records if record.exc_info] == []


def test_no_socket_opens_in_the_midst_of_an_answer() -> None:
    """A handshake behind a request that is not answered yet is refused."""

    async def ask(served: Door) -> None:
        said = await served.ask(GET + UPGRADE)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 400 " in said
        assert b"HTTP/1.1 101" not in said

    play(ask)


@pytest.mark.parametrize("path", [b"/x", b"/rest/v1/x"])
def test_large_bodies_have_a_budget(path: bytes) -> None:
    """One address holds at most half of it; more is told so, and room comes back."""

    async def fill(served: Door) -> None:
        head = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n"
        served.connections.bodies.most_of_one = 1_000_000
        reader, writer = await served.connect()
        writer.write(head + b"a" * 800_000)
        await held(served, 700_000)
        assert (await served.ask(head + b"a" * 900_000)).startswith(b"HTTP/1.1 503 ")
        writer.write(b"a" * 100_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await served.until(0)
        assert served.connections.bodies.taken == 0

    play(fill)


async def held(served: Door, size: int) -> None:
    """Wait until so much of bodies has come."""
    while served.connections.bodies.taken < size:
        await noticed(served, 0)


def test_behind_a_proxy_clients_are_told_apart() -> None:
    """By the word of `JOTBASE_PROXIES` proxies, at each request; the proxy has no limit of one."""

    def of(client: bytes, request: bytes) -> bytes:
        return request.replace(b"Host: a", b"Host: a\r\nX-Forwarded-For: 1.1.1.1, " + client)

    async def crowd(served: Door) -> None:
        reader, writer = await served.connect()
        writer.write(of(b"10.0.0.1", UPGRADE))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        for request in (UPGRADE, GET, GET.replace(b"/rest/v1", b"")):
            assert (await served.ask(of(b"10.0.0.1", request))).startswith(b"HTTP/1.1 503 ")
            if request is not UPGRADE:
                assert (await served.ask(of(b"10.0.0.2", request))).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await served.until(0)
        assert (await served.ask(of(b"10.0.0.1", GET))).startswith(b"HTTP/1.1 200 ")

    play(crowd, Connections(100, 1, proxies=1))


def test_a_connection_is_whose_it_was_last() -> None:
    """A proxy sends one client's request behind another's; what is given back is what was taken."""
    house = Connections(100, 1, proxies=1)
    first, second = _Nobody(), _Nobody()

    assert house.enter(first, "proxy")
    assert house.enter(second, "proxy")
    assert house.rename(first, "10.0.0.1")
    assert not house.rename(second, "10.0.0.1")
    assert house.rename(first, "10.0.0.2")
    assert house.rename(second, "10.0.0.1")
    house.leave(first)
    assert house.rename(second, "10.0.0.2")


class _Nobody:
    """A connection that is never looked at."""

    def look(self, now: float) -> None:
        """Do nothing."""
