"""The broadcasts of one unit of work, kept until it is committed.

In charge of how many of them there may be. Must not know who may send, nor how they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jotbase.realtime.messages.protocol import Vsn
from jotbase.realtime.rooms.broadcast import LARGEST
from jotbase.realtime.rooms.http_messages import MOST_MESSAGES
from jotbase.realtime.rooms.presence import Room

#: The most bytes of all broadcasts of one unit of work.
MOST_BYTES = 2 * LARGEST


@dataclass(slots=True)
class Outbox:
    """The broadcasts of one unit of work; they count for the quota of `owner`."""

    owner: str
    kept: list[tuple[Room, Mapping[Vsn, bytes]]] = field(default_factory=list)
    size: int = 0

    def keep(self, room: Room, frames: Mapping[Vsn, bytes]) -> bool:
        """Keep a broadcast; return False, and keep nothing, where there would be too many."""
        size = self.size + max(map(len, frames.values()))
        if len(self.kept) >= MOST_MESSAGES or size > MOST_BYTES:
            return False
        self.size = size
        self.kept.append((room, frames))
        return True
