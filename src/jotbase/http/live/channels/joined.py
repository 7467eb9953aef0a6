"""The state of one joined channel, and the services that all sockets of a backend share.

In charge of the values that the channels of a socket are made of. Must not know messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field

from jotbase.feed import Feed
from jotbase.http.edge.clock import WallClock
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.http.edge.rates import Rate
from jotbase.http.live.channels.owners import Owner
from jotbase.http.live.channels.quotas import ChannelQuotas, ChannelSize
from jotbase.http.live.channels.stored_broadcasts import StoredBroadcasts
from jotbase.http.live.channels.token_expiry import TokenExpiry
from jotbase.http.live.channels.topic_access import TopicAccess
from jotbase.http.live.sending.replay import Replay
from jotbase.http.live.sending.rooms import Rooms
from jotbase.realtime.matching.groups import Subscriber
from jotbase.realtime.messages.cursors import Departures, Whose
from jotbase.realtime.messages.joining import JoinRequest
from jotbase.realtime.rooms.broadcast import Listener
from jotbase.realtime.rooms.topic_rules import Right
from jotbase.schema.model.tables import Model
from jotbase.values import Principal


@dataclass(slots=True)
class ChannelServices:
    """The state that all sockets of a backend share."""

    credentials: CredentialCheck
    feed: Feed
    model: Model
    now: WallClock
    access: TopicAccess
    stored: StoredBroadcasts
    rooms: Rooms
    shares: ChannelQuotas = field(default_factory=ChannelQuotas)
    #: Where channels were left by clients that may come back without a cursor.
    departures: Departures = field(default_factory=Departures)
    #: Whose turn it is among the replays of all sockets.
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)

    #: Joins that were accepted, and that were refused.
    joins: int = 0
    refused_joins: int = 0

    def logs(self, name: str) -> bool:
        """Return whether there is a realtime table with that name."""
        table = self.model.get(name)
        return table is not None and table.realtime

    def followable(self) -> int:
        """Return the number of realtime tables."""
        return sum(table.realtime for table in self.model)


@dataclass(eq=False, slots=True)
class Channel:
    """One joined topic. `token` is None where the connection's key counts.

    `key` is its presence key, `calls` counts its calls of presence, `owner` is its user.
    """

    topic: str
    join_ref: str | None
    request: JoinRequest
    token: str | None
    listener: Listener
    subscriber: Subscriber
    size: ChannelSize
    key: str
    calls: Rate
    expiry: TokenExpiry
    owner: Owner | None = None
    replay: Replay | None = None
    #: Tables that a reload took from its bindings: their changes are missed from then on.
    dropped: frozenset[str] = frozenset()
    #: Whether the client has been told that its bindings are followed.
    announced: bool = False
    #: The rights to read, and those to write that have been asked for under its present token.
    rights: frozenset[Right] = frozenset()
    granted: dict[Right, bool] = field(default_factory=dict)
    #: Asks again whether a private topic may be read.
    recheck: asyncio.Task[None] | None = None
    closed: bool = False

    @property
    def principal(self) -> Principal:
        """The principal of the channel."""
        return self.subscriber.principal

    def whose(self, address: Hashable) -> Whose:
        """Return the key under which the channel's position is kept for its client's next join."""
        return address, self.principal.id or self.principal.role, self.topic

    def reached(self, live: int) -> int:
        """Return the number up to which all changes were delivered, while the feed is at `live`."""
        return live if self.replay is None else min(live, self.replay.after)


def pass_over(*_: object) -> None:
    """Discard a frame, during a replay."""
