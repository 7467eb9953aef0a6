"""The rooms of topics: what their channels say to each other, and who is present.

In charge of writing one encoded frame to every listener of a room, and of the budget of presence.
Must not know who may enter a room or speak in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

from jotbase.http.edge.budget import Budget
from jotbase.realtime.messages.protocol import VERSIONS, Frame, Vsn, render
from jotbase.realtime.messages.wire import frame as ready_frame
from jotbase.realtime.rooms.broadcast import BroadcastRegistry, Listener
from jotbase.realtime.rooms.presence import Difference, PresenceRegistry, Presences, Room

#: Bytes of all tracked objects; one address gets at most half.
ALL_PRESENCE = 64 * 1024 * 1024
#: Bytes of the tracked objects of one room: all of them are told to everybody who comes.
ROOM_PRESENCE = 1024 * 1024
#: What an object costs besides: its key and references.
_ENTRY = 128


class Rooms:
    """All rooms of a backend; a public and a private topic of one name are two."""

    def __init__(self) -> None:
        self.listeners = BroadcastRegistry()
        self.presences = PresenceRegistry()
        self.broadcasts = self.frames = 0
        #: The id of the stored message that is being said.
        self.saying: str | None = None
        self._bytes = Budget(ALL_PRESENCE, ALL_PRESENCE // 2)
        self._of_rooms = Budget(ALL_PRESENCE * 2, ROOM_PRESENCE)

    def enter(self, listener: Listener) -> None:
        """Add a channel to its room."""
        self.listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Remove a channel, and what it tracked."""
        self.listeners.remove(listener)
        self.untrack(listener)

    def say(
        self,
        room: Room,
        frames: Mapping[Vsn, bytes],
        *,
        but_not: Listener | None = None,
        stored: str | None = None,
    ) -> None:
        """Write a broadcast to all who may hear it; `stored` is the id of one that a table has."""
        told, self.saying = 0, stored
        for listener in self.listeners.of(room):
            if stored is not None and stored in listener.replayed:
                continue
            if listener.hears and listener is not but_not and listener.vsn in frames:
                listener.write(frames[listener.vsn])
                told += 1
        self.broadcasts += 1
        self.frames += told

    def state(self, room: Room) -> Presences:
        """Return who is present in a room."""
        return self.presences.state(room)

    def has_space(self, listener: Listener, size: int) -> bool:
        """Set the bytes that a channel's tracked object takes; return whether they are free."""
        self._give_back(listener)
        if not self._of_rooms.take(listener.room, size + _ENTRY):
            return False
        if not self._bytes.take(listener.address, size):
            self._of_rooms.give_back(listener.room, size + _ENTRY)
            return False
        listener.tracked_bytes = size
        return True

    def _give_back(self, listener: Listener) -> None:
        if listener.tracked_bytes:
            self._bytes.give_back(listener.address, listener.tracked_bytes)
            self._of_rooms.give_back(listener.room, listener.tracked_bytes + _ENTRY)
            listener.tracked_bytes = 0

    def track(self, listener: Listener, key: str, tracked: Mapping[str, Any]) -> None:
        """Make the channel present, and tell the room what has changed."""
        ref = "F" + token_urlsafe(12)
        self._tell(listener.room, self.presences.track(listener.room, listener, key, tracked, ref))

    def untrack(self, listener: Listener) -> None:
        """End the channel's presence, if it is present, and tell the room."""
        self._give_back(listener)
        self._tell(listener.room, self.presences.untrack(listener.room, listener))

    def _tell(self, room: Room, difference: Difference | None) -> None:
        if difference is None:
            return
        message = Frame(None, None, room[0], "presence_diff", difference.payload())
        frames = {vsn: ready_frame(render(vsn, message)) for vsn in VERSIONS}
        for listener in self.listeners.of(room):
            if listener.watches:
                listener.write(frames[listener.vsn])
