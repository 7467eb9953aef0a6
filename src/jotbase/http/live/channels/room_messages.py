"""Messages of one socket's channels to their rooms: broadcasts and presence.

In charge of answering these messages, of their limits, and of what a private topic allows. Must not
know how a room tells others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import orjson

from jotbase.errors import JotError
from jotbase.http.live.channels.admission import Admission, Rights
from jotbase.http.live.channels.joined import Channel, ChannelServices
from jotbase.http.live.channels.quotas import SocketQuota
from jotbase.realtime.messages import channel_errors
from jotbase.realtime.messages.channel import Event, reply
from jotbase.realtime.messages.protocol import PREFIX, Frame
from jotbase.realtime.rooms.broadcast import broadcast_frames
from jotbase.realtime.rooms.presence import LARGEST_META, Refused, Track, read_presence
from jotbase.realtime.rooms.stored_messages import ReplayRequest
from jotbase.realtime.rooms.topic_rules import Right

log = logging.getLogger(__name__)


class RoomMessages:
    """Answers by `send`, a function that takes a message for the socket; `end` closes a channel
    with a reason.
    """

    def __init__(
        self,
        services: ChannelServices,
        admission: Admission,
        share: SocketQuota,
        send: Callable[[Frame], None],
        end: Callable[[Channel, Event, str], None],
    ) -> None:
        self._services = services
        self._share = share
        self._admission = admission
        self._may = admission.may
        self._send = send
        self._end = end

    async def hear(self, message: Frame, channel: Channel) -> None:
        """Handle a `broadcast` or `presence` message of a joined channel."""
        if message.event == Event.PRESENCE.value:
            await self._presence(message, channel)
        elif isinstance(message.payload, Mapping):
            await self._broadcast(message, channel)

    def set_rights(self, channel: Channel, rights: Rights) -> None:
        """Set which rights to read the channel has; one that gains presence is sent its state."""
        listener = channel.listener
        listener.hears = Right.READ in rights
        gains = Right.READ_PRESENCE in rights and Right.READ_PRESENCE not in channel.rights
        channel.rights = rights
        if gains and (channel.request.presence or listener.tracked_bytes):
            self.send_presences(channel)

    def send_presences(self, channel: Channel) -> None:
        """Send `presence_state`; from then on the channel receives `presence_diff`."""
        channel.listener.watches = True
        state = self._services.rooms.state(channel.listener.room)
        self._send(Frame(channel.join_ref, None, channel.topic, "presence_state", state))

    def recheck(self, channel: Channel) -> None:
        """Evaluate the rules of a private topic again; end or narrow the channel accordingly."""
        if not channel.request.private:
            return

        async def ask() -> None:
            caller = channel.principal
            rights = await self._admission.reading(caller, channel.topic, private=True)
            if channel.principal is caller:
                await self.narrow(channel, rights)

        if channel.recheck is not None:
            channel.recheck.cancel()
        channel.recheck = asyncio.get_running_loop().create_task(ask())

    async def narrow(self, channel: Channel, rights: Rights) -> None:
        """End the channel if it has lost a right to read, else set its rights."""
        if channel.closed:
            return
        if channel.rights - rights:
            topic = channel.topic.removeprefix(PREFIX)
            self._end(
                channel, Event.REVOKED, channel_errors.right_lost(topic, all_of_them=not rights)
            )
            return
        channel.granted = {}
        self.set_rights(channel, rights)
        present = channel.listener.tracked_bytes > 0
        if present and not await self._may(channel, Right.WRITE_PRESENCE):
            self._services.rooms.untrack(channel.listener)

    async def tell_again(self, channel: Channel, asked: ReplayRequest) -> None:
        """Tell a channel the messages of before that it has asked for."""

        def tell(told: Mapping[str, Any]) -> None:
            if not channel.closed:
                self._send(Frame(channel.join_ref, None, channel.topic, "broadcast", told))

        try:
            await self._services.stored.replay(channel.listener, asked, tell)
        except JotError:
            log.exception("the messages of a topic could not be told again")
            if not channel.closed:
                self._end(channel, Event.LIMITED, channel_errors.REPLAY_FAILED)

    async def _broadcast(self, message: Frame, channel: Channel) -> None:
        # asks the clock, which detects that it was set, and so expires tokens first
        if not self._share.count_message(channel.owner):
            self._services.feed.delivery.counts.withhold("limit")
            self._end(channel, Event.LIMITED, channel_errors.MESSAGE_RATE)
            return
        if not await self._may(channel, Right.WRITE):
            if channel.request.broadcast_ack:
                self._send(reply(message, "error", {"error": "unauthorized"}))
            return
        frames = broadcast_frames(message)
        if frames is not None:
            itself = None if channel.request.broadcast_self else channel.listener
            self._services.rooms.say(channel.listener.room, frames, but_not=itself)
        else:
            self._services.feed.delivery.counts.withhold("limit")
        if channel.request.broadcast_ack:
            refused = {"error": "payload_size_exceeded"}
            self._send(reply(message, "ok", {}) if frames else reply(message, "error", refused))

    async def _presence(self, message: Frame, channel: Channel) -> None:
        if not channel.calls.take(self._services.now()):
            self._end(channel, Event.LIMITED, channel_errors.PRESENCE_RATE)
            return
        wish = read_presence(message.payload)
        if isinstance(wish, Refused):
            self._send(reply(message, "error", dict(wish.response)))
            return
        if isinstance(wish, Track):
            await self._track(message, channel, wish.tracked)
            return
        self._send(reply(message, "ok", {}))
        if wish is not None:
            self._services.rooms.untrack(channel.listener)

    async def _track(self, message: Frame, channel: Channel, tracked: Mapping[str, Any]) -> None:
        listener, rooms = channel.listener, self._services.rooms
        size = len(orjson.dumps(tracked))
        if size > LARGEST_META:
            self._end(channel, Event.LIMITED, channel_errors.PRESENCE_SIZE)
            return
        if not await self._may(channel, Right.WRITE_PRESENCE):
            self._send(reply(message, "error", {}))
            return
        if not rooms.has_space(listener, size):
            rooms.untrack(listener)
            self._send(reply(message, "error", {"reason": channel_errors.PRESENCE_FULL}))
            return
        self._send(reply(message, "ok", {}))
        if not listener.watches and Right.READ_PRESENCE in channel.rights:
            self.send_presences(channel)
        channel.key = channel.key or str(uuid4())
        rooms.track(listener, channel.key, tracked)
