"""Broadcasts: messages from one client to the others of its topic, encoded once per version.

In charge of the listeners of each topic (a public and a private topic of one name are two) and of
the frames. Must not know who may send, nor where a listener's frames go.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from jotbase.realtime.messages.protocol import VERSIONS, Frame, Vsn, render, render_opaque
from jotbase.realtime.messages.wire import frame
from jotbase.realtime.rooms.presence import Room

#: The most bytes of a payload with its envelope: Supabase's limit.
LARGEST = 3_000_000


@dataclass(eq=False, slots=True)
class Listener:
    """One joined channel; `write` takes ready WebSocket frames.

    `hears` says whether it gets broadcasts, `watches` whether it gets changes of presence.
    `tracked_bytes` is what its own presence takes of the budget of `address`. `replayed` are the
    ids of messages that it was told from a table, and is not told again.
    """

    topic: str
    private: bool
    vsn: Vsn
    write: Callable[[bytes], None]
    address: Hashable = ""
    hears: bool = True
    watches: bool = False
    tracked_bytes: int = 0
    replayed: frozenset[str] = frozenset()

    @property
    def room(self) -> Room:
        """The room of the channel."""
        return self.topic, self.private


class BroadcastRegistry:
    """All listeners, by topic and privacy."""

    def __init__(self) -> None:
        self._rooms: dict[Room, dict[Listener, None]] = {}

    def add(self, listener: Listener) -> None:
        """Register the listener: it receives every broadcast from now on."""
        self._rooms.setdefault(listener.room, {})[listener] = None

    def remove(self, listener: Listener) -> None:
        """Remove the listener; does nothing if it is not registered."""
        room = self._rooms.get(listener.room, {})
        room.pop(listener, None)
        if not room:
            self._rooms.pop(listener.room, None)

    def __bool__(self) -> bool:
        """Return whether there is any listener."""
        return bool(self._rooms)

    def of(self, room: Room) -> tuple[Listener, ...]:
        """Return the listeners of a room."""
        return tuple(self._rooms.get(room, ()))


def broadcast_frames(push: Frame) -> Mapping[Vsn, bytes] | None:
    """Return the encoded frame for each version that supports the message, None if it is too large.

    Binary payloads exist in 2.0.0 alone.
    """
    if push.opaque is not None:
        event = str(push.payload["event"])
        message = render_opaque(push.topic, event, push.opaque)
        if message is None or len(message) > LARGEST:
            return None
        return {"2.0.0": frame(message, binary=True)}
    out = Frame(None, None, push.topic, "broadcast", push.payload)
    messages = {vsn: render(vsn, out) for vsn in VERSIONS}
    if len(messages["1.0.0"]) > LARGEST:
        return None
    return {vsn: frame(message) for vsn, message in messages.items()}
