"""The quotas of channels: for a socket, for an address, and in total.

In charge of the limits, and of refusing a join before any state is kept. Must not know what a
channel does. The numbers are in docs/reference/limits.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from jotbase.http.edge.budget import Budget
from jotbase.realtime import refusals
from jotbase.realtime.joining import JoinRequest, filter_bytes
from jotbase.realtime.protocol import PREFIX
from jotbase.realtime.rooms.presence import LONGEST_KEY

#: The most channels of a socket, bindings of a channel, bindings and filter bytes of a socket.
MOST_CHANNELS, MOST_BINDINGS, SOCKET_BINDINGS, SOCKET_BYTES = 100, 100, 500, 16_384
#: The limits of all sockets together; one address gets at most half.
ALL_CHANNELS, ALL_BINDINGS, ALL_BYTES = 100_000, 100_000, 1024 * 1024
#: Bytes of a topic: official clients cannot send longer ones (contract section 14).
LONGEST_TOPIC = 255
#: Joins and new tokens of one socket in `WINDOW` seconds: a client joins all its channels at once
#: when it returns.
MOST_JOINS, WINDOW = 200, 10.0
#: Broadcasts of one socket in `WINDOW` seconds, on all its channels.
MOST_MESSAGES = 10_000
#: Calls of `track` and `untrack` of one channel in so many seconds (contract section 12).
PRESENCE_CALLS, PRESENCE_WINDOW = 5, 30.0


@dataclass(frozen=True, slots=True)
class ChannelSize:
    """The amounts that one channel takes."""

    bindings: int
    bytes: int


NOTHING = ChannelSize(0, 0)


def channel_size(request: JoinRequest, tables: int) -> ChannelSize:
    """Return the size of a join; `tables` is the number of realtime tables, which `*` binds."""
    wide = sum(binding.get("table") in (None, "", "*") for binding in request.bindings)
    plain = len(request.bindings) - wide
    return ChannelSize(plain + wide * max(tables, 1), sum(map(filter_bytes, request.bindings)))


def _half(most: int) -> Budget:
    return Budget(most, most // 2)


@dataclass(frozen=True, slots=True)
class ChannelQuotas:
    """The total quotas of all sockets."""

    channels: Budget = field(default_factory=lambda: _half(ALL_CHANNELS))
    bindings: Budget = field(default_factory=lambda: _half(ALL_BINDINGS))
    bytes: Budget = field(default_factory=lambda: _half(ALL_BYTES))

    def of(self, address: Hashable, now: Callable[[], float]) -> SocketQuota:
        """Return the quota of a new socket from that address."""
        return SocketQuota(self, address, now)


class SocketQuota:
    """The quota of one socket."""

    def __init__(self, all_of: ChannelQuotas, address: Hashable, now: Callable[[], float]) -> None:
        self._all = all_of
        self.address = address
        self._now = now
        self._channels = self._bindings = self._bytes = 0
        self._joins = 0
        self._since = now()

    def check(self, topic: str, request: JoinRequest) -> None:
        """Check a join's size and the rate of joins. Raises ChannelError."""
        self.count()
        if topic == PREFIX:
            raise refusals.topic_missing()
        if len(topic.encode(errors="replace")) > LONGEST_TOPIC:
            raise refusals.topic_too_long()
        if len(request.presence_key.encode(errors="replace")) > LONGEST_KEY:
            raise refusals.presence_key_too_long()
        if len(request.bindings) > MOST_BINDINGS:
            raise refusals.too_many_bindings()

    def count(self) -> None:
        """Count a join, or a new token, for the rate limit. Raises ChannelError."""
        now = self._now()
        if not 0 <= now - self._since < WINDOW:
            self._joins, self._since = 0, now
        self._joins += 1
        if self._joins > MOST_JOINS:
            raise refusals.too_many_joins()

    def take(self, size: ChannelSize) -> None:
        """Take the amounts of a channel, or none. Raises ChannelError."""
        if self._channels >= MOST_CHANNELS:
            raise refusals.too_many_channels()
        if self._bindings + size.bindings > SOCKET_BINDINGS:
            raise refusals.too_many_bindings()
        if self._bytes + size.bytes > SOCKET_BYTES:
            raise refusals.too_many_bytes()
        self._take_of_all(size)
        self._channels += 1
        self._bindings += size.bindings
        self._bytes += size.bytes

    def _take_of_all(self, size: ChannelSize) -> None:
        taken: list[tuple[Budget, int]] = []
        for budget, amount in self._amounts(size):
            if not budget.take(self.address, amount):
                for other, back in taken:
                    other.give_back(self.address, back)
                raise refusals.capacity_exceeded()
            taken.append((budget, amount))

    def give_back(self, size: ChannelSize) -> None:
        """Return the amounts of a channel."""
        self._channels -= 1
        self._bindings -= size.bindings
        self._bytes -= size.bytes
        for budget, amount in self._amounts(size):
            budget.give_back(self.address, amount)

    def _amounts(self, size: ChannelSize) -> tuple[tuple[Budget, int], ...]:
        whole = self._all
        return (whole.channels, 1), (whole.bindings, size.bindings), (whole.bytes, size.bytes)
