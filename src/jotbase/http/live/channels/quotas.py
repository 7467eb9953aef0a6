"""The quotas of channels: for a socket, for an address and a user, and in total.

In charge of the limits, and of refusing a join before any state is kept. Must not know what a
channel does. The numbers are in docs/reference/limits.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

from jotbase.errors import ChannelError
from jotbase.http.edge.budget import Budget
from jotbase.http.edge.rates import Rate
from jotbase.http.live.channels.owners import OF_ADDRESS, OF_USER, WINDOW, Owner, Owners
from jotbase.realtime.messages import channel_errors
from jotbase.realtime.messages.joining import JoinRequest, filter_bytes
from jotbase.realtime.messages.protocol import PREFIX
from jotbase.realtime.rooms.presence import LONGEST_KEY

#: The most channels of a socket, bindings of a channel, bindings and filter bytes of a socket.
MOST_CHANNELS, MOST_BINDINGS, SOCKET_BINDINGS, SOCKET_BYTES = 100, 100, 500, 16_384
#: The limits of all sockets together; one address gets at most half.
ALL_CHANNELS, ALL_BINDINGS, ALL_BYTES = 100_000, 100_000, 1024 * 1024
#: Bytes of a topic: official clients cannot send longer ones (contract section 14).
LONGEST_TOPIC = 255
#: Joins and new tokens of one socket in `WINDOW` seconds: a client joins all its channels at once
#: when it returns.
MOST_JOINS = 200
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
    """The quotas of all sockets together, and of their addresses and users."""

    channels: Budget = field(default_factory=lambda: _half(ALL_CHANNELS))
    bindings: Budget = field(default_factory=lambda: _half(ALL_BINDINGS))
    bytes: Budget = field(default_factory=lambda: _half(ALL_BYTES))
    addresses: Owners = field(default_factory=lambda: Owners(OF_ADDRESS))
    users: Owners = field(default_factory=lambda: Owners(OF_USER))

    def of(self, address: Hashable, now: Callable[[], float]) -> SocketQuota:
        """Return the quota of a new socket from that address, to be closed with it.

        Raises ChannelError if the address has too many sockets, or joins too often.
        """
        owner = self.addresses.enter(address)
        if owner is None:
            raise channel_errors.too_many_sockets()
        if not owner.joins.has_room(now()):
            self.addresses.leave(owner)
            raise channel_errors.too_many_joins()
        return SocketQuota(self, owner, now)


def quotas_within(connections: int, user_sockets: int) -> ChannelQuotas:
    """Return the quotas where an address may have so many connections, and a user so many sockets;
    a sixteenth of the connections is left for requests.
    """
    of_address = replace(OF_ADDRESS, sockets=max(1, connections - connections // 16))
    return ChannelQuotas(
        addresses=Owners(of_address), users=Owners(replace(OF_USER, sockets=user_sockets))
    )


class SocketQuota:
    """The quota of one socket."""

    def __init__(self, all_of: ChannelQuotas, owner: Owner, now: Callable[[], float]) -> None:
        self._all = all_of
        self._owner = owner
        self._users: dict[Hashable, Owner] = {}
        self.address = owner.key
        self._now = now
        self._channels = self._bindings = self._bytes = 0
        self._joins = Rate(MOST_JOINS, WINDOW)
        self._messages = Rate(MOST_MESSAGES, WINDOW)

    def close(self) -> None:
        """Release the socket, after all of its channels."""
        self._all.addresses.leave(self._owner)
        for user in self._users.values():
            self._all.users.leave(user)

    def check(self, topic: str, request: JoinRequest) -> None:
        """Check a join's size and the rate of joins. Raises ChannelError."""
        self.count()
        if topic == PREFIX:
            raise channel_errors.topic_missing()
        if len(topic.encode(errors="replace")) > LONGEST_TOPIC:
            raise channel_errors.topic_too_long()
        if len(request.presence_key.encode(errors="replace")) > LONGEST_KEY:
            raise channel_errors.presence_key_too_long()
        if len(request.bindings) > MOST_BINDINGS:
            raise channel_errors.too_many_bindings()

    def count(self) -> None:
        """Count a join, or a new token, for the rate limit. Raises ChannelError."""
        now = self._now()
        if not (self._joins.take(now) and self._owner.joins.take(now)):
            raise channel_errors.too_many_joins()

    def enter(self, user: Hashable | None) -> Owner | None:
        """Count a join of a user, and with its first one the socket. Raises ChannelError."""
        if user is None:
            return None
        owner = self._users.get(user)
        if owner is None:
            owner = self._all.users.enter(user)
            if owner is None:
                raise channel_errors.too_many_sockets()
            self._users[user] = owner
        if not owner.joins.take(self._now()):
            raise channel_errors.too_many_joins()
        return owner

    def pass_on(self, before: Owner | None, user: Hashable | None) -> Owner | None:
        """Count a channel as another user's from its new token on. Raises ChannelError."""
        owner = self.enter(user)
        if owner is not before:
            if owner is not None and not self._all.users.take_channel(owner):
                raise channel_errors.too_many_channels()
            if before is not None:
                before.channels -= 1
        return owner

    def count_message(self, user: Owner | None) -> bool:
        """Count a broadcast of the socket, its address and user; return False beyond a limit."""
        now = self._now()
        return (
            self._messages.take(now)
            and self._owner.messages.take(now)
            and (user is None or user.messages.take(now))
        )

    def take(self, size: ChannelSize, user: Owner | None) -> None:
        """Take the amounts of a channel, all or none. Raises ChannelError beyond a limit."""
        if self._channels >= MOST_CHANNELS:
            raise channel_errors.too_many_channels()
        if self._bindings + size.bindings > SOCKET_BINDINGS:
            raise channel_errors.too_many_bindings()
        if self._bytes + size.bytes > SOCKET_BYTES:
            raise channel_errors.too_many_bytes()
        if user is not None and not self._all.users.take_channel(user):
            raise channel_errors.too_many_channels()
        try:
            self._take_of_all(size)
        except ChannelError:
            if user is not None:
                user.channels -= 1
            raise
        self._channels += 1
        self._bindings += size.bindings
        self._bytes += size.bytes

    def _take_of_all(self, size: ChannelSize) -> None:
        taken: list[tuple[Budget, int]] = []
        for budget, amount in self._amounts(size):
            if not budget.take(self.address, amount):
                for other, back in taken:
                    other.give_back(self.address, back)
                raise channel_errors.capacity_exceeded()
            taken.append((budget, amount))

    def give_back(self, size: ChannelSize, user: Owner | None) -> None:
        """Return the amounts of a channel."""
        if user is not None:
            user.channels -= 1
        self._channels -= 1
        self._bindings -= size.bindings
        self._bytes -= size.bytes
        for budget, amount in self._amounts(size):
            budget.give_back(self.address, amount)

    def _amounts(self, size: ChannelSize) -> tuple[tuple[Budget, int], ...]:
        whole = self._all
        return (whole.channels, 1), (whole.bindings, size.bindings), (whole.bytes, size.bytes)
