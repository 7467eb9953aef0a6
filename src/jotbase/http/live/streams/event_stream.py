"""Server-sent events: the changes of one table, followed by `GET /rest/v1/<table>` (HTML 9.2).

In charge of one stream: its start, its events, its end. Must not know WebSockets' messages or
how changes are matched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from jotbase.auth.tokens.token_cache import Renewal
from jotbase.errors import AccessError, ChannelError
from jotbase.http.edge.asgi import Send
from jotbase.http.live.channels.joined import ChannelServices
from jotbase.http.live.channels.token_expiry import TokenExpiry
from jotbase.http.live.sending.replay import Replay
from jotbase.realtime.matching.groups import Subscriber
from jotbase.realtime.matching.subscriptions import subscriptions
from jotbase.realtime.messages import channel_errors
from jotbase.realtime.messages.cursors import Cursor
from jotbase.realtime.messages.event_text import TOPIC, change_event, event
from jotbase.values import Principal

#: Seconds without an event after which a comment shows that the connection is alive.
HEARTBEAT = 15.0
#: The most unsent bytes of a stream; beyond, it ends, and its client comes back with its cursor.
MOST_UNSENT = 4 * 1024 * 1024
#: Streams of all callers together, and of one user (without a user, of one address).
ALL_STREAMS, STREAMS_OF_ONE = 2000, 100


class EventSink:
    """Sends events by ASGI's `send`, in order; only `run` and `drained` wait."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._unsent = 0
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    def write(self, ready: bytes) -> None:
        """Send a change that is encoded as a WebSocket frame."""
        self.put(change_event(ready))

    def put(self, text: bytes) -> None:
        """Send an event; end the stream of a client that reads too slowly."""
        if self._closed:
            return
        self._unsent += len(text)
        self._empty.clear()
        self._queue.put_nowait(text)
        if self._unsent > MOST_UNSENT:
            self.let_go()

    def waiting(self) -> int:
        """Return the number of unsent bytes."""
        return self._unsent

    def let_go(self) -> None:
        """End the stream of a client that reads too slowly."""
        self.close(0, "the stream was read too slowly")

    async def drained(self) -> None:
        """Wait until all is sent."""
        await self._empty.wait()

    def close(self, code: int, reason: str) -> None:
        """Send the reason behind all that waits, and end the stream; it has no codes."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(event("end", {"message": reason}))
            self._queue.put_nowait(None)

    async def run(self) -> None:
        """Send what is put, and comments in between, until the end."""
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    text = await self._queue.get()
            except TimeoutError:
                text = b":\n\n"
                self._unsent += len(text)
            await self._send(
                {"type": "http.response.body", "body": text or b"", "more_body": text is not None}
            )
            if text is None:
                return
            self._unsent -= len(text)
            if self._queue.empty():
                self._empty.set()


class EventStream:
    """One stream; the endpoint informs it of ended sessions, changed users and new rules."""

    def __init__(
        self,
        services: ChannelServices,
        binding: dict[str, object],
        principal: Principal,
        sink: EventSink,
    ) -> None:
        self._services = services
        self._binding = binding
        self._sink = sink
        self._follower = Subscriber(
            TOPIC, "1.0.0", principal, (), services.feed.delivery.counts.pass_over, self._lost
        )
        self._replay: Replay | None = None
        self._expiry = TokenExpiry(services.now, self._expired)

    def begin(self, cursor: Cursor | None) -> None:
        """Follow from now on, or behind a cursor. Raises ChannelError."""
        feed = self._services.feed
        self._follow(self._follower.principal)
        if cursor is None:
            self._live()
            return
        self._replay = Replay(
            feed=feed,
            sink=self._sink,
            subscriber=lambda: self._follower,
            lost=self._lost,
            live=self._live,
            turns=self._services.turns,
            cursor=cursor,
        )
        self._replay.start()

    def finish(self) -> None:
        """Stop following, after the client has gone or the stream has ended."""
        self._services.feed.groups.remove(self._follower)
        if self._replay is not None:
            self._replay.cancel()
        self._expiry.cancel()

    def end(self, ends: Callable[[Principal], bool], why: str) -> None:
        """End the stream if its principal satisfies `ends`."""
        if ends(self._follower.principal):
            self._sink.close(0, why)

    def renew(self, renewal: Renewal) -> None:
        """Update the principal of a changed user."""
        principal = self._follower.principal
        if principal.session_id is None or not renewal.covers(principal):
            return
        try:
            self._follow(self._services.credentials.with_current_facts(principal, renewal.facts))
        except AccessError as error:
            self._sink.close(0, channel_errors.reason(channel_errors.token_refusal(error)))

    def resubscribe(self) -> None:
        """Resolve the filters again for a new model and new rules."""
        try:
            self._follow(self._follower.principal)
        except ChannelError as error:
            self._sink.close(0, error.message)

    def _follow(self, principal: Principal) -> None:
        groups, old = self._services.feed.groups, self._follower
        found = subscriptions(self._binding, self._services.model, groups.sees(principal))
        groups.remove(old)
        self._follower = replace(old, principal=principal, subscriptions=found)
        groups.add(self._follower)
        self._expiry.watch(principal)

    def _live(self) -> None:
        self._replay = None
        self._follower.write = self._sink.write
        self._tell("position", self._services.feed.cursor)

    def _lost(self, number: int, _bindings: tuple[int, ...] = ()) -> None:
        self._tell("resync", number)

    def _tell(self, name: str, number: int) -> None:
        cursor = str(self._services.feed.mark(number))
        self._sink.put(event(name, {"cursor": cursor}, cursor))

    def _expired(self) -> None:
        self._sink.close(0, channel_errors.TOKEN_EXPIRED)
