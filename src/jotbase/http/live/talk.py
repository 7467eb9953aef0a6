"""What the channels of one socket say in their rooms: broadcasts and presence.

In charge of answering these messages, and of their limits. Must not know how a room tells others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import orjson

from jotbase.errors import ChannelError
from jotbase.http.live.joined import Channel, ChannelServices
from jotbase.realtime import refusals
from jotbase.realtime.channel import Event, reply
from jotbase.realtime.protocol import Frame
from jotbase.realtime.rooms.broadcast import broadcast_frames
from jotbase.realtime.rooms.presence import LARGEST_META, Track, read_presence


class Talk:
    """Answers by `send`, a function that takes a message for the socket; `end` closes a channel
    with a reason.
    """

    def __init__(
        self,
        services: ChannelServices,
        send: Callable[[Frame], None],
        end: Callable[[Channel, Event, str], None],
    ) -> None:
        self._services = services
        self._send = send
        self._end = end

    async def hear(self, message: Frame, channel: Channel) -> None:
        """Handle a `broadcast` or `presence` message of a joined channel."""
        if message.event == Event.PRESENCE.value:
            self._presence(message, channel)
        elif isinstance(message.payload, Mapping):
            self._broadcast(message, channel)

    def send_presences(self, channel: Channel) -> None:
        """Send who is present; from then on the channel is told what changes."""
        channel.listener.watches = True
        state = self._services.rooms.state(channel.listener.room)
        self._send(Frame(channel.join_ref, None, channel.topic, "presence_state", state))

    def _broadcast(self, message: Frame, channel: Channel) -> None:
        self._services.now()  # detects a clock that was set, and so expires tokens first
        frames = broadcast_frames(message)
        if frames is not None:
            itself = None if channel.request.broadcast_self else channel.listener
            self._services.rooms.say(channel.listener.room, frames, but_not=itself)
        if channel.request.broadcast_ack:
            refused = {"error": "payload_size_exceeded"}
            self._send(reply(message, "ok", {}) if frames else reply(message, "error", refused))

    def _presence(self, message: Frame, channel: Channel) -> None:
        if not channel.calls.take(self._services.now()):
            self._end(channel, Event.LIMITED, refusals.PRESENCE_RATE)
            return
        try:
            wish = read_presence(message.payload)
        except ChannelError as error:
            self._send(reply(message, "error", refusals.as_response(error)))
            return
        if isinstance(wish, Track):
            self._track(message, channel, wish.tracked)
            return
        self._send(reply(message, "ok", {}))
        if wish is not None:
            self._services.rooms.untrack(channel.listener)

    def _track(self, message: Frame, channel: Channel, tracked: Mapping[str, Any]) -> None:
        listener, rooms = channel.listener, self._services.rooms
        size = len(orjson.dumps(tracked))
        if size > LARGEST_META:
            self._end(channel, Event.LIMITED, refusals.PRESENCE_SIZE)
            return
        if not rooms.has_space(listener, size):
            rooms.untrack(listener)
            self._send(reply(message, "error", {"reason": refusals.PRESENCE_FULL}))
            return
        self._send(reply(message, "ok", {}))
        if not listener.watches:
            self.send_presences(channel)
        channel.key = channel.key or str(uuid4())
        rooms.track(listener, channel.key, tracked)
