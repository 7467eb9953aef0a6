"""The WebSocket endpoint: who may open one, and what ends them from outside.

In charge of the handshake, of the loop that reads one socket, and of telling all sockets when
sessions, rules or the server end. Must not know what is said on them (`channels`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qs

import orjson

from jotbase.auth.tokens.client_address import client_name
from jotbase.auth.tokens.token_cache import Notice, Revocation
from jotbase.auth.tokens.tokens import has_expired
from jotbase.errors import AccessError, ChannelError
from jotbase.expression.expr import Expr
from jotbase.feed import Feed
from jotbase.http.edge.asgi import Receive, Scope, Send, read_headers
from jotbase.http.edge.clock import WallClock
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.http.live.channel_quotas import ChannelQuotas
from jotbase.http.live.channels import Channels, ChannelServices
from jotbase.http.live.frames import (
    RESTART,
    FrameSink,
    SendSink,
    TransportSink,
    TurnFlush,
    connection_of,
)
from jotbase.realtime import refusals
from jotbase.realtime.channel import Event
from jotbase.realtime.groups import Groups
from jotbase.realtime.protocol import Vsn, read_vsn
from jotbase.realtime.rules import select_rule
from jotbase.schema.model.tables import Model
from jotbase.values import Principal

#: Seconds that one socket's messages are heard for before others get the loop.
TURN = 0.005


class RealtimeEndpoint:
    """The ASGI application behind `/realtime/v1/websocket`; belongs to one event loop.

    `now` is the clock that the feed asks too. Call `configure` before it serves.
    """

    def __init__(self, credentials: CredentialCheck, feed: Feed, now: WallClock) -> None:
        self._services = ChannelServices(credentials, feed, Model(), now)
        now.on_set = self.expire
        self._sockets: dict[Channels, FrameSink] = {}
        self._turn = TurnFlush()
        self._crowd = asyncio.Lock()

    @property
    def shares(self) -> ChannelQuotas:
        """What channels have taken."""
        return self._services.shares

    @property
    def model(self) -> Model:
        """The tables that are served."""
        return self._services.model

    def configure(self, model: Model, rules: Mapping[str, Expr]) -> None:
        """Serve these tables from now on; `rules` has each one's select rule over `row`.

        Channels that are open follow what their bindings say now.
        """
        self._services.model = model
        self._services.feed.groups = Groups(
            {name: select_rule(rule) for name, rule in rules.items()}
        )
        for channels in self._sockets:
            channels.subscribe_again()

    def take_notice(self, told: Iterable[Notice]) -> None:
        """Close at once the channels of sessions that ended; let the others act under new facts."""
        for notice in told:
            if isinstance(notice, Revocation):
                self._end(notice.covers, Event.REVOKED, refusals.SESSION_ENDED)
                continue
            for channels in tuple(self._sockets):
                channels.renew(notice)

    def restart(self) -> None:
        """Close every socket such that its client comes back: what was missed cannot be told."""
        for channels, sink in tuple(self._sockets.items()):
            sink.close(RESTART, channels.farewell())

    def expire(self) -> None:
        """Close the channels whose tokens are over.

        Timers do this by themselves while the clock runs; this is for a clock that was set.
        """
        now = self._services.now()
        self._end(lambda one: has_expired(one, now), Event.EXPIRED, refusals.TOKEN_EXPIRED)

    def _end(self, ends: Callable[[Principal], bool], event: Event, why: str) -> None:
        for channels in tuple(self._sockets):
            channels.end(ends, event, why)

    async def close(self) -> None:
        """Close every socket such that its client comes back and resumes."""
        self.restart()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket to its end."""
        await receive()
        query = parse_qs(scope["query_string"].decode("latin-1"), errors="replace")
        vsn = read_vsn(query.get("vsn", [None])[0])
        if vsn is None:
            await _refuse(scope, send, 403, "The protocol version (vsn) is not supported")
            return
        key = _key(scope, query)
        try:
            principal = await self._knock(key)
        except ChannelError as error:
            await _refuse(scope, send, 401, error.message)
            return
        await send({"type": "websocket.accept"})
        await self._serve(scope, receive, send, (vsn, key or "", principal))

    async def _knock(self, key: str | None) -> Principal:
        if not key:
            raise ChannelError("Unauthorized", refusals.KEY_MISSING)
        try:
            return await self._services.credentials.principal({"apikey": key})
        except AccessError:
            raise ChannelError("Unauthorized", refusals.KEY_UNKNOWN) from None

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, who: tuple[Vsn, str, Principal]
    ) -> None:
        connection = connection_of(scope)

        def farewell() -> str:
            return channels.farewell()

        def lagging() -> None:
            channels.lag()

        sink: TransportSink | SendSink
        if connection is not None:
            sink = TransportSink(connection, self._turn, farewell, lagging)
        else:
            sink = SendSink(send, farewell, lagging)
        sending = asyncio.create_task(sink.run()) if isinstance(sink, SendSink) else None
        address = client_name((scope.get("client") or ("",))[0])
        share = self._services.shares.of(address, self._services.now)
        channels = Channels(self._services, who, sink, share)
        self._sockets[channels] = sink
        try:
            await _hear_all(receive, channels, self._crowd)
        finally:
            del self._sockets[channels]
            channels.close_all()
            if sending is not None:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sending


async def _hear_all(receive: Receive, channels: Channels, crowd: asyncio.Lock) -> None:
    """Do what each message asks for; many that came at once leave turns to others.

    Sockets that go on for longer than their turn go on one by one, so that a hundred of them hold
    up others no longer than one does.
    """
    clock = asyncio.get_running_loop().time
    began = asked = clock()
    while (message := await receive())["type"] == "websocket.receive":
        if clock() - asked > TURN:  # it was waited for
            began = clock()
        text = message.get("text")
        await channels.hear(text if text is not None else message["bytes"])
        if clock() - began > TURN:
            async with crowd:
                await asyncio.sleep(0)
            began = clock()
        asked = clock()


def _key(scope: Scope, query: Mapping[str, list[str]]) -> str | None:
    headers = read_headers(scope)
    return headers.get("x-api-key") or query.get("apikey", [""])[0] or headers.get("apikey")


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    """Answer before the upgrade, where the server can; else it says 403 by itself."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    body = orjson.dumps({"error": text})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})
