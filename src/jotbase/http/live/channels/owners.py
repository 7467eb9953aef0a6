"""Limits of one owner, an address or a user, over all of its sockets.

In charge of counting the sockets, channels, joins and messages of an owner. Must not know what an
owner is, nor how it is told. The numbers are in docs/reference/limits.md.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from jotbase.http.edge.rates import Rate

#: Seconds in which joins and messages are counted.
WINDOW = 10.0
#: Owners without a socket whose counts are kept, so that they do not begin anew with the next one.
MOST_PARTED = 65_536


@dataclass(frozen=True, slots=True)
class OwnerLimits:
    """The most open sockets and joined channels, and the most joins and messages in `WINDOW`."""

    sockets: int
    channels: int
    joins: int
    messages: int


#: Many users may share an address. A sixteenth of its connections is left for requests.
OF_ADDRESS = OwnerLimits(sockets=7680, channels=50_000, joins=50_000, messages=100_000)
OF_USER = OwnerLimits(sockets=1000, channels=10_000, joins=10_000, messages=20_000)


class Owner:
    """The open sockets and channels of one owner, and the rates of its joins and messages."""

    __slots__ = ("channels", "joins", "key", "messages", "sockets")

    def __init__(self, key: Hashable, limits: OwnerLimits) -> None:
        self.key = key
        self.sockets = self.channels = 0
        self.joins = Rate(limits.joins, WINDOW)
        self.messages = Rate(limits.messages, WINDOW)


class Owners:
    """All owners of one kind, by address or by user id."""

    def __init__(self, limits: OwnerLimits) -> None:
        self.limits = limits
        self._present: dict[Hashable, Owner] = {}
        self._parted: OrderedDict[Hashable, Owner] = OrderedDict()

    def __len__(self) -> int:
        return len(self._present) + len(self._parted)

    def enter(self, key: Hashable) -> Owner | None:
        """Count a socket of the owner; return None if it has reached its limit."""
        owner = self._present.get(key)
        if owner is None:
            owner = self._parted.pop(key, None) or Owner(key, self.limits)
        if owner.sockets >= self.limits.sockets:
            return None
        self._present[key] = owner
        owner.sockets += 1
        return owner

    def leave(self, owner: Owner) -> None:
        """Uncount a socket."""
        owner.sockets -= 1
        if owner.sockets == 0:
            self._parted[owner.key] = self._present.pop(owner.key)
            if len(self._parted) > MOST_PARTED:
                self._parted.popitem(last=False)

    def take_channel(self, owner: Owner) -> bool:
        """Count a channel of the owner; return False, and count nothing, at its limit."""
        if owner.channels >= self.limits.channels:
            return False
        owner.channels += 1
        return True
