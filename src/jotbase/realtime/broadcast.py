"""Broadcasts: messages from one client to the others of its topic, encoded once per version.

In charge of the listeners of each topic (a public and a private topic of one name are two) and of
the frames. Must not know who may send, nor where a listener's frames go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from jotbase.realtime.protocol import VERSIONS, Frame, Vsn, render, render_opaque
from jotbase.realtime.wire import frame

#: The most bytes of a payload with its envelope: Supabase's limit.
LARGEST = 3_000_000


@dataclass(eq=False, slots=True)
class Listener:
    """One joined channel; `write` takes ready WebSocket frames."""

    topic: str
    private: bool
    vsn: Vsn
    write: Callable[[bytes], None]


class BroadcastRegistry:
    """All listeners, by topic and privacy."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[str, bool], dict[Listener, None]] = {}

    def add(self, listener: Listener) -> None:
        """Register the listener: it receives every broadcast from now on."""
        self._rooms.setdefault((listener.topic, listener.private), {})[listener] = None

    def remove(self, listener: Listener) -> None:
        """Remove the listener; does nothing if it is not registered."""
        key = (listener.topic, listener.private)
        room = self._rooms.get(key, {})
        room.pop(listener, None)
        if not room:
            self._rooms.pop(key, None)

    def others(self, speaker: Listener, *, and_itself: bool) -> Iterator[Listener]:
        """Yield the listeners of the sender's topic, the sender only if `and_itself`."""
        for listener in tuple(self._rooms.get((speaker.topic, speaker.private), ())):
            if and_itself or listener is not speaker:
                yield listener


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
