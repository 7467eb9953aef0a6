"""Ready frames over real sockets: uvicorn's protocol class, extended, and a client library."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import uvicorn
from tests.api.live_world import ANON_KEY, World, note
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from jotbase.http.edge.asgi import Receive, Scope, Send
from jotbase.http.live.sending import replay
from jotbase.http.live.sending.frames import FrameProtocol

QUERY = f"/realtime/v1/websocket?apikey={ANON_KEY}"
JOIN = {
    "topic": "realtime:r",
    "event": "phx_join",
    "ref": "1",
    "payload": {"config": {"postgres_changes": [{"event": "*", "table": "open"}]}},
}
Scenario = Callable[[World, str], Awaitable[None]]


#: The connections of the server that a test has.
OPEN: list[FrameProtocol] = []


def opened(connection: FrameProtocol) -> FrameProtocol:
    """Note a connection."""
    OPEN.append(connection)
    return connection


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """Serve realtime on a port of the machine's choice; gives the URL."""
    await world.open()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await world.live(scope, receive, send)

    config = uvicorn.Config(
        application,
        log_config=None,
        ws_per_message_deflate=False,
        lifespan="off",
    )
    config.load()
    state = ServerState()
    OPEN.clear()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: opened(FrameProtocol(config, state, {})), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}{QUERY}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await world.feed.stop()


def play(scenario: Scenario) -> None:
    """Play a scenario against a served world."""

    async def run() -> None:
        world = World()
        async with served(world) as url:
            await asyncio.wait_for(scenario(world, url), 20)
        world.runner.close()

    asyncio.run(run())


async def follow(client: ClientConnection) -> None:
    """Follow the table, to the messages that say that it is live, and since when."""
    await client.send(orjson.dumps(JOIN).decode())
    await client.recv()
    await client.recv()
    await client.recv()


async def rest(client: ClientConnection) -> list[str | bytes]:
    """Return all that still comes, to the close."""
    heard: list[str | bytes] = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            heard.append(await client.recv())
    return heard


def test_changes_of_one_turn_arrive_one_by_one() -> None:
    """What is written to a socket at once is read as single messages, in order."""

    async def scenario(world: World, url: str) -> None:
        async with connect(url, compression=None) as client:
            await follow(client)
            for number in range(1, 51):
                world.engine.commit("open", None, note(number))
            told = [orjson.loads(await client.recv()) for _ in range(50)]

        assert [one["payload"]["cursor"] for one in told] == list(range(1, 51))

    play(scenario)


def test_a_reader_that_stops_reading_is_let_go_and_others_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gets what was sent before, then a close with code 1013 and the cursor to resume from."""
    monkeypatch.setattr(replay, "PATIENCE", 0.01)

    async def scenario(world: World, url: str) -> None:
        slow = await connect(url, compression=None, max_queue=1)
        quick = await connect(url, compression=None)
        await follow(slow)
        await follow(quick)
        for number in range(1, 61):
            world.engine.commit("open", None, note(number, title="x" * 500_000))
            heard: dict[str, Any] = orjson.loads(await quick.recv())
            assert heard["payload"]["cursor"] == number
        cursors = [orjson.loads(message)["payload"]["cursor"] for message in await rest(slow)]

        assert (slow.close_code, slow.close_reason) == (1013, f"cursor={cursors[-1]}")
        assert cursors == list(range(1, len(cursors) + 1))
        assert len(cursors) < 60
        await quick.close()

    play(scenario)


def test_a_burst_does_not_cut_a_reader_that_reads() -> None:
    """Twenty megabytes at one moment are told from the log as fast as they are read."""

    async def scenario(world: World, url: str) -> None:
        async with connect(url, compression=None, max_queue=1) as client:
            await follow(client)
            for number in range(1, 201):
                world.engine.commit("open", None, note(number, title="x" * 100_000))
            told = [orjson.loads(await client.recv())["payload"]["cursor"] for _ in range(200)]

        assert told == list(range(1, 201))

    play(scenario)


def test_a_server_that_stops_says_where_to_resume() -> None:
    """The close that uvicorn sends to every socket bears the cursor."""

    async def scenario(world: World, url: str) -> None:
        async with connect(url, compression=None) as client:
            await follow(client)
            world.engine.commit("open", None, note(1))
            await client.recv()
            for connection in tuple(OPEN):
                connection.shutdown()
            await rest(client)

            assert (client.close_code, client.close_reason) == (1012, "cursor=1")

    play(scenario)


def url_parts(url: str) -> tuple[str, int]:
    """Return the host and port of a URL."""
    host, _, port = url.removeprefix("ws://").partition("/")[0].partition(":")
    return host, int(port)


def test_a_refused_handshake_says_why_over_http() -> None:
    """The client sees status and body instead of an upgrade."""

    async def scenario(world: World, url: str) -> None:
        reader, writer = await asyncio.open_connection(*url_parts(url))
        writer.write(
            b"GET /realtime/v1/websocket HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

        assert answer.startswith(b"HTTP/1.1 401 ")
        assert answer.endswith(b'{"error":"API key is missing"}')

    play(scenario)


def test_no_log_tells_a_key(caplog: pytest.LogCaptureFixture) -> None:
    """The line that uvicorn writes for a connection would hold the query string."""
    caplog.set_level("DEBUG")

    async def scenario(world: World, url: str) -> None:
        async with connect(url, compression=None) as client:
            await follow(client)

    play(scenario)
    said = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert not any(ANON_KEY in record.getMessage() for record in said)
