"""The positions of one socket's channels in the change log, as messages to its client.

In charge of the cursors in replies, `system` messages and close reasons, and of telling a client
that comes back without one. Must not know how changes are told.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from jotbase.http.live.channels.joined import Channel, ChannelServices
from jotbase.realtime.messages.channel import hidden, may_have_missed, position, resync
from jotbase.realtime.messages.joining import JoinRequest
from jotbase.realtime.messages.protocol import Frame


class Positions:
    """Tells by `send`, a function that takes a message for the socket."""

    def __init__(self, services: ChannelServices, send: Callable[[Frame], None]) -> None:
        self._feed = services.feed
        self._departures = services.departures
        self._send = send

    def resume(self, request: JoinRequest) -> dict[str, str | int]:
        """Return where a join without a cursor begins, for its reply."""
        begins = request.bindings and request.cursor is None
        return {"resume": self._feed.mark(self._feed.cursor)} if begins else {}

    def tell(self, channel: Channel) -> None:
        """Send the position up to which all changes were delivered, unless a replay is running."""
        if channel.announced and channel.replay is None:
            cursor = self._feed.mark(self._feed.cursor)
            self._send(position(channel.topic, channel.join_ref, cursor))

    def tell_lost(self, channel: Channel, number: int, bindings: tuple[int, ...] = ()) -> None:
        """Say that changes up to that number were missed, or that of these bindings many rows were
        hidden by it.
        """
        to, cursor = (channel.topic, channel.join_ref), self._feed.mark(number)
        self._send(hidden(*to, cursor, bindings) if bindings else resync(*to, cursor))

    def tell_missed(self, channel: Channel, address: Hashable) -> None:
        """Tell a client that rejoins without a cursor that it may have missed changes."""
        left_at = self._departures.take(channel.whose(address))
        if left_at is not None and left_at != self._feed.cursor:
            before, now = self._feed.mark(left_at), self._feed.mark(self._feed.cursor)
            self._send(may_have_missed(channel.topic, channel.join_ref, before, now))

    def note_departure(self, channel: Channel, address: Hashable) -> None:
        """Remember the position of a channel that ends without its client having left it."""
        if channel.subscriber.subscriptions:
            self._departures.note(channel.whose(address), channel.reached(self._feed.cursor))

    def close_reason(self, channels: Iterable[Channel]) -> str:
        """Return the close reason: the cursor up to which all changes were sent to all of them."""
        live = self._feed.cursor
        reached = (one.reached(live) for one in channels)
        return f"cursor={self._feed.mark(min(reached, default=live))}"
