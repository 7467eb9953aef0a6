"""The WebSocket endpoint of realtime: the handshake, and closing sockets from outside.

In charge of the handshake, of the read loop of a socket, and of updating all sockets when sessions
end, rules change or the server stops. Must not know the messages (`channels`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from jotbase.auth.tokens.client_address import client_of
from jotbase.auth.tokens.token_cache import Notice, Revocation
from jotbase.auth.tokens.tokens import has_expired
from jotbase.errors import AccessError, ChannelError
from jotbase.expression.expr import Expr
from jotbase.feed import Feed
from jotbase.http.edge.asgi import Receive, Scope, Send, read_headers, refuse_handshake
from jotbase.http.edge.clock import WallClock
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.http.live.broadcast_api import BroadcastApi
from jotbase.http.live.channels.joined import ChannelServices
from jotbase.http.live.channels.quotas import ChannelQuotas, SocketQuota
from jotbase.http.live.channels.socket_channels import Channels
from jotbase.http.live.channels.stored_broadcasts import StoredBroadcasts
from jotbase.http.live.channels.topic_access import TopicAccess
from jotbase.http.live.explaining import explain, explain_page
from jotbase.http.live.metrics import MetricsPage, Numbers
from jotbase.http.live.sending.frames import (
    RESTART,
    FrameSink,
    SendSink,
    TransportSink,
    TurnFlush,
    connection_of,
)
from jotbase.http.live.sending.rooms import Rooms
from jotbase.http.live.streams.stream_endpoint import EventStreams
from jotbase.realtime.matching.groups import Groups
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.messages import channel_errors
from jotbase.realtime.messages.channel import Event
from jotbase.realtime.messages.protocol import Vsn, read_vsn
from jotbase.realtime.rooms.topic_rules import TopicPolicy
from jotbase.schema.model.tables import Model
from jotbase.values import Principal, Request, Response

#: The most seconds of handling one socket's messages until other tasks get the event loop.
TURN = 0.005


class RealtimeEndpoint:
    """The ASGI application behind `/realtime/v1/websocket`; belongs to one event loop.

    `now` is the clock that the feed asks too. Call `configure` before it serves.
    """

    def __init__(
        self,
        credentials: CredentialCheck,
        feed: Feed,
        now: WallClock,
        proxies: int = 0,
        shares: ChannelQuotas | None = None,
    ) -> None:
        self._proxies = proxies
        rooms = Rooms()
        self._services = ChannelServices(
            credentials,
            feed,
            Model(),
            now,
            TopicAccess(feed.engine, now),
            StoredBroadcasts(feed.engine, rooms),
            rooms,
            shares=shares or ChannelQuotas(),
        )
        feed.delivery.rooms = self._services.stored
        self.streams = EventStreams(self._services, proxies)
        self.broadcasts = BroadcastApi(self._services, proxies)
        self.metrics = MetricsPage(credentials, self._numbers)
        now.on_set = self.expire
        self._sockets: dict[Channels, FrameSink] = {}
        self._turn = TurnFlush()
        self._crowd = asyncio.Lock()

    def _numbers(self) -> Numbers:
        services, rooms = self._services, self._services.rooms
        feed, sinks = services.feed, (*self._sockets.values(), *self.streams.sinks.values())
        return {
            "sockets": len(self._sockets),
            "streams": len(self.streams.sinks),
            "channels": services.shares.channels.taken,
            "bindings": services.shares.bindings.taken,
            "presences": len(rooms.presences),
            "changes_behind": feed.behind(),
            "lag_seconds": round(feed.bell.lag(), 3),
            "unsent_bytes": sum(sink.waiting() for sink in sinks),
            "deliveries_total": feed.delivery.counts.deliveries,
            "withheld_total": feed.delivery.counts.withheld,
            "joins_total": services.joins,
            "refused_joins_total": services.refused_joins,
            "broadcasts_total": rooms.broadcasts,
            "broadcast_frames_total": rooms.frames,
        }

    @property
    def shares(self) -> ChannelQuotas:
        """The quotas of channels."""
        return self._services.shares

    @property
    def model(self) -> Model:
        """The model that is being served."""
        return self._services.model

    async def explain(
        self, cursor: str, principal: Principal, binding: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what a subscriber receives of a change, or why nothing. Raises RequestError."""
        return await explain(self._services, cursor, principal, binding)

    @property
    def explain_page(self) -> Callable[[Request], Awaitable[Response]]:
        """The handler of `/realtime/v1/admin/explain`."""
        return explain_page(self._services, self._services.credentials.user)

    def configure(
        self, model: Model, rules: Mapping[str, Expr], topics: TopicPolicy | None = None
    ) -> None:
        """Set the model; `rules` has each table's select rule on `row`, `topics` those of private
        topics.

        The bindings of open channels are resolved again.
        """
        self._services.model = model
        self._services.stored.configure(model)
        self._services.access.policy = topics or TopicPolicy()
        self._services.feed.groups = Groups(
            {name: select_rule(rule, model.get(name), model) for name, rule in rules.items()}
        )
        for channels in self._sockets:
            channels.resubscribe()
        for stream in tuple(self.streams.sinks):
            stream.resubscribe()

    def apply_notices(self, notices: Iterable[Notice]) -> None:
        """Close the channels of ended sessions; update the principals of changed users."""
        for notice in notices:
            if isinstance(notice, Revocation):
                self._end(notice.covers, Event.REVOKED, channel_errors.SESSION_ENDED)
                continue
            for channels in tuple(self._sockets):
                channels.renew(notice)
            for stream in tuple(self.streams.sinks):
                stream.renew(notice)

    def restart(self) -> None:
        """Close every socket so that its client reconnects: revocations may have been missed."""
        for channels, sink in tuple(self._sockets.items()):
            sink.close(RESTART, channels.close_reason())
        for stream in tuple(self.streams.sinks.values()):
            stream.close(RESTART, "the server restarts")

    def expire(self) -> None:
        """Close the channels whose tokens have expired, after the clock was set.

        Otherwise each channel has a timer.
        """
        now = self._services.now()
        self._end(lambda one: has_expired(one, now), Event.EXPIRED, channel_errors.TOKEN_EXPIRED)

    def _end(self, ends: Callable[[Principal], bool], event: Event, why: str) -> None:
        for channels in tuple(self._sockets):
            channels.end(ends, event, why)
        for stream in tuple(self.streams.sinks):
            stream.end(ends, why)

    async def close(self) -> None:
        """Close every socket so that its client reconnects and resumes."""
        self.restart()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it closes."""
        await receive()
        query = parse_qs(scope["query_string"].decode("latin-1"), errors="replace")
        vsn = read_vsn(query.get("vsn", [None])[0])
        if vsn is None:
            await refuse_handshake(scope, send, 403, "The protocol version (vsn) is not supported")
            return
        key = _key(scope, query)
        try:
            principal = await self._authenticate(key)
        except ChannelError as error:
            await refuse_handshake(scope, send, 401, error.message)
            return
        peer = (scope.get("client") or ("",))[0]
        address = client_of(read_headers(scope), peer, self._proxies)
        try:
            share = self._services.shares.of(address, self._services.now)
        except ChannelError as error:
            await refuse_handshake(scope, send, 429, error.message)
            return
        try:
            await send({"type": "websocket.accept"})
            await self._serve(scope, receive, send, (vsn, key or "", principal), share)
        finally:
            share.close()

    async def _authenticate(self, key: str | None) -> Principal:
        if not key:
            raise ChannelError("Unauthorized", channel_errors.KEY_MISSING)
        try:
            return await self._services.credentials.principal({"apikey": key})
        except AccessError:
            raise ChannelError("Unauthorized", channel_errors.KEY_UNKNOWN) from None

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        who: tuple[Vsn, str, Principal],
        share: SocketQuota,
    ) -> None:
        connection = connection_of(scope)

        def close_reason() -> str:
            return channels.close_reason()

        def lagging() -> None:
            channels.lag()

        sink: TransportSink | SendSink
        if connection is not None:
            sink = TransportSink(connection, self._turn, close_reason, lagging)
        else:
            sink = SendSink(send, close_reason, lagging)
        sending = asyncio.create_task(sink.run()) if isinstance(sink, SendSink) else None
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
    """Handle each message, yielding to the event loop after each turn.

    Sockets with more messages than fit in a turn continue one at a time, so that a hundred of them
    delay other tasks no longer than one.
    """
    clock = asyncio.get_running_loop().time
    began = requested_at = clock()
    while (message := await receive())["type"] == "websocket.receive":
        if clock() - requested_at > TURN:  # it was waited for
            began = clock()
        text = message.get("text")
        await channels.hear(text if text is not None else message["bytes"])
        if clock() - began > TURN:
            async with crowd:
                await asyncio.sleep(0)
            began = clock()
        requested_at = clock()


def _key(scope: Scope, query: Mapping[str, list[str]]) -> str | None:
    headers = read_headers(scope)
    return headers.get("x-api-key") or query.get("apikey", [""])[0] or headers.get("apikey")
