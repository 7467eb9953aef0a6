"""The endpoint of server-sent events: a request's caller, table and limits, then its stream.

In charge of the response's head and of ending with the client. Must not know the events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import MutableMapping
from urllib.parse import unquote

from jotbase.auth.tokens.client_address import client_of
from jotbase.errors import ChannelError, RequestError
from jotbase.http.edge.asgi import Receive, Scope, Send, raw_path, read_headers
from jotbase.http.edge.budget import Budget
from jotbase.http.live.channels.joined import ChannelServices
from jotbase.http.live.streams.event_stream import (
    ALL_STREAMS,
    STREAMS_OF_ONE,
    EventSink,
    EventStream,
)
from jotbase.realtime.messages.cursors import newest_cursor
from jotbase.realtime.messages.event_text import stream_binding

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # nginx would hold events back until a buffer is full
    (b"x-accel-buffering", b"no"),
]


class EventStreams:
    """The ASGI application of all streams; `sinks` has each stream that is open."""

    def __init__(self, services: ChannelServices, proxies: int) -> None:
        self.sinks: MutableMapping[EventStream, EventSink] = {}
        self._services = services
        self._proxies = proxies
        self._budget = Budget(ALL_STREAMS, STREAMS_OF_ONE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream until it ends. Raises JotError before it has begun."""
        headers, query = read_headers(scope), scope["query_string"].decode("latin-1")
        principal = await self._services.credentials.principal(headers, query)
        table = unquote(raw_path(scope).rpartition("/")[2])
        if not self._services.logs(table):
            raise RequestError(
                "PGRST205",
                f"There is no table '{table}' whose changes are told",
                hint='Set "realtime": true in its schema file.',
            )
        binding, last = stream_binding(table, query)
        owner = principal.id or client_of(headers, _peer(scope), self._proxies)
        if not self._budget.take(owner):
            raise RequestError("53300", "Too many event streams are open")
        try:
            sink = EventSink(send)
            stream = EventStream(self._services, binding, principal, sink)
            cursors = (headers.get("last-event-id") or None, last or None)
            await self._serve(stream, sink, cursors, (receive, send))
        finally:
            self._budget.give_back(owner)

    async def _serve(
        self,
        stream: EventStream,
        sink: EventSink,
        cursors: tuple[str | None, ...],
        wires: tuple[Receive, Send],
    ) -> None:
        receive, send = wires
        try:
            try:
                stream.begin(newest_cursor(cursors))
            except ChannelError as error:
                raise RequestError("PGRST100", error.message) from None
            self.sinks[stream] = sink
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _until_either(sink, receive)
        finally:
            self.sinks.pop(stream, None)
            stream.finish()


async def _until_either(sink: EventSink, receive: Receive) -> None:
    """Send events until the stream ends or the client has gone."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = asyncio.create_task(sink.run()), asyncio.create_task(gone())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


def _peer(scope: Scope) -> str:
    return (scope.get("client") or ("",))[0]
