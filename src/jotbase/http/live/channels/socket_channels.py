"""The channels of one WebSocket: executes the steps of `realtime.messages.channel.TRANSITIONS`.

In charge of joining, leaving and closing, and of the token of each channel and its expiry. Must not
know the frame format, how changes are matched, or the handshake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import orjson

from jotbase.auth.tokens.token_cache import Renewal
from jotbase.errors import AccessError, ChannelError
from jotbase.http.edge.rates import Rate
from jotbase.http.live.channels.admission import Admission, Rights
from jotbase.http.live.channels.joined import Channel, ChannelServices, pass_over
from jotbase.http.live.channels.positions import Positions
from jotbase.http.live.channels.quotas import (
    PRESENCE_CALLS,
    PRESENCE_WINDOW,
    ChannelSize,
    SocketQuota,
    channel_size,
)
from jotbase.http.live.channels.room_messages import RoomMessages
from jotbase.http.live.channels.token_expiry import TokenExpiry
from jotbase.http.live.sending.frames import FrameSink
from jotbase.http.live.sending.replay import Replay
from jotbase.realtime.matching.groups import Subscriber
from jotbase.realtime.matching.subscriptions import Subscription, echo, subscriptions
from jotbase.realtime.messages import channel_errors
from jotbase.realtime.messages.channel import (
    TRANSITIONS,
    Event,
    State,
    Step,
    closed,
    event_named,
    is_heartbeat,
    reply,
    subscribed,
    system,
)
from jotbase.realtime.messages.cursors import Cursor
from jotbase.realtime.messages.joining import JoinRequest, read_join, read_token
from jotbase.realtime.messages.protocol import PREFIX, Frame, Vsn, parse, render
from jotbase.realtime.messages.wire import frame as ready_frame
from jotbase.realtime.rooms.broadcast import Listener
from jotbase.realtime.rooms.stored_messages import ReplayRequest, read_replay
from jotbase.realtime.rooms.topic_rules import Right
from jotbase.values import Principal


class Channels:
    """The channels of one socket. `hear` each message in turn, `close_all` at the end."""

    def __init__(
        self,
        services: ChannelServices,
        who: tuple[Vsn, str, Principal],
        sink: FrameSink,
        share: SocketQuota,
    ) -> None:
        self._services = services
        self._vsn, key, principal = who
        self._admission = Admission(services, key, principal)
        self._share = share
        self._sink = sink
        self._joined: dict[str, Channel] = {}
        self._positions = Positions(services, self._send)
        self._room_messages = RoomMessages(services, self._admission, share, self._send, self._end)
        self._steps = {
            Step.JOIN: self._join,
            Step.CLOSE_OLD: self._close,
            Step.REPLY_OK: self._reply_ok,
            Step.REPLY_UNMATCHED: self._reply_unmatched,
            Step.CLOSE: self._close,
            Step.BIND: self._bind,
            Step.BROADCAST: self._talked,
            Step.PRESENCE: self._talked,
        }

    async def hear(self, data: str | bytes) -> None:
        """Handle one message of the client; a malformed one is ignored."""
        message = parse(self._vsn, data)
        if message is None:
            return
        if is_heartbeat(message):
            self._send(reply(message, "ok", {}))
            return
        if not message.topic.startswith(PREFIX):
            self._send(reply(message, "error", {"reason": channel_errors.UNMATCHED}))
            return
        state = State.JOINED if message.topic in self._joined else State.CLOSED
        try:
            for step in TRANSITIONS[state][event_named(message.event)].steps:
                await self._steps[step](message)
        except orjson.JSONEncodeError:
            # Nested too deeply to be echoed: treated as malformed.
            return

    def close_all(self) -> None:
        """Remove all channels after the socket has closed."""
        for channel in tuple(self._joined.values()):
            self._positions.note_departure(channel, self._share.address)
            self._forget(channel)

    def end(self, ends: Callable[[Principal], bool], event: Event, why: str) -> None:
        """Close the channels whose principal satisfies `ends`, with the reason."""
        for channel in tuple(self._joined.values()):
            if ends(channel.principal):
                self._end(channel, event, why)

    def renew(self, renewal: Renewal) -> None:
        """Update the principals of the user's channels."""
        for channel in tuple(self._joined.values()):
            if channel.principal.session_id is None or not renewal.covers(channel.principal):
                continue
            renewed = self._services.credentials.with_current_facts
            try:
                known = renewed(channel.principal, renewal.facts)
            except AccessError as error:
                self._end(channel, Event.REVOKED, channel_errors.token_refusal(error).message)
            else:
                self._follow(channel, known)
                self._room_messages.recheck(channel)

    def resubscribe(self) -> None:
        """Resolve all bindings again for a new model and new rules."""
        for channel in self._joined.values():
            self._room_messages.recheck(channel)
            before = channel.subscriber.tables()
            faults = self._follow(channel, channel.principal)
            after = channel.subscriber.tables()
            gone = frozenset(one for one in before - after if not self._services.logs(one))
            if gone:
                self._report_dropped(channel, gone, faults)
            if channel.dropped & after:
                self._positions.tell_lost(channel, self._services.feed.cursor)
            channel.dropped = (channel.dropped | gone) - after

    def _report_dropped(self, channel: Channel, tables: frozenset[str], faults: list[str]) -> None:
        gone = [f"Changes are not told any more of: {', '.join(sorted(tables))}"]
        for text in faults or gone:
            self._send(system(channel.topic, channel.join_ref, "error", text, "postgres_changes"))

    def lag(self) -> None:
        """Switch to replaying from the log at the client's speed: too many frames are unsent."""
        for channel in self._joined.values():
            if channel.replay is None and channel.subscriber.subscriptions:
                channel.replay = self._replay(channel, None)
                channel.replay.start()

    def close_reason(self) -> str:
        """Return the close reason: the cursor up to which all changes were sent on this socket."""
        return self._positions.close_reason(self._joined.values())

    # The steps -----------------------------------------------------------------------------------

    async def _join(self, message: Frame) -> None:
        request = read_join(message.payload)
        echoes = [echo(binding) for binding in request.bindings]
        try:
            self._share.check(message.topic, request)
            principal, rights = await self._admission.admit(
                message.topic, request.token, private=request.private
            )
            replay = _replay_asked(request, rights)
            size = channel_size(request, self._services.followable())
            owner = self._share.enter(principal.id)
            self._share.take(size, owner)
        except ChannelError as error:
            self._services.refused_joins += 1
            self._send(reply(message, "error", {"reason": channel_errors.reason(error)}))
            return
        self._services.joins += 1
        channel = self._channel(message, request, principal, size)
        channel.owner = owner
        self._joined[message.topic] = channel
        self._services.rooms.enter(channel.listener)
        if request.cursor is not None and request.bindings:
            channel.replay = self._replay(channel, request.cursor)
        faults = self._follow(channel, principal)
        self._send(
            reply(message, "ok", {"postgres_changes": echoes} | self._positions.resume(request))
        )
        self._room_messages.set_rights(channel, rights)
        self._send_subscribed(channel, faults)
        if channel.replay is not None:
            channel.replay.start()
        elif channel.announced:
            self._positions.tell_missed(channel, self._share.address)
        if replay is not None:
            await self._room_messages.tell_again(channel, replay)

    async def _close(self, message: Frame) -> None:
        """Remove the channel, if a leave has not done so already, and send `phx_close`."""
        channel = self._joined.get(message.topic)
        if channel is not None:
            self._forget(channel)
            self._send(closed(message.topic, channel.join_ref))

    async def _reply_ok(self, message: Frame) -> None:
        self._send(reply(message, "ok", {}))

    async def _reply_unmatched(self, message: Frame) -> None:
        self._send(reply(message, "error", {"reason": channel_errors.UNMATCHED}))

    async def _bind(self, message: Frame) -> None:
        channel = self._joined[message.topic]
        payload = message.payload
        token = read_token(payload.get("access_token") if isinstance(payload, Mapping) else None)
        if token is None or token == channel.token:
            return
        try:
            self._share.count()
            principal, rights = await self._admission.admit(
                channel.topic, token, private=channel.request.private
            )
            if channel.closed:  # while it was admitted
                return
            channel.owner = self._share.pass_on(channel.owner, principal.id)
        except ChannelError as error:
            self._end(channel, Event.REVOKED, error.message)
            return
        channel.token = token
        faults = self._follow(channel, principal)
        self._send_subscribed(channel, faults)
        await self._room_messages.narrow(channel, rights)

    async def _talked(self, message: Frame) -> None:
        await self._room_messages.hear(message, self._joined[message.topic])

    # What they are made of -----------------------------------------------------------------------

    def _send(self, frame: Frame) -> None:
        self._sink.write(ready_frame(render(self._vsn, frame)))

    def _channel(
        self, message: Frame, request: JoinRequest, principal: Principal, size: ChannelSize
    ) -> Channel:
        topic, write = message.topic, self._sink.write
        channel = Channel(
            topic=topic,
            join_ref=message.join_ref if message.join_ref is not None else message.ref,
            request=request,
            token=request.token,
            listener=Listener(topic, request.private, self._vsn, write, self._share.address),
            subscriber=Subscriber(topic, self._vsn, principal, (), write, pass_over),
            size=size,
            key=request.presence_key,
            calls=Rate(PRESENCE_CALLS, PRESENCE_WINDOW),
            expiry=TokenExpiry(
                self._services.now,
                lambda: self._end(channel, Event.EXPIRED, channel_errors.TOKEN_EXPIRED),
            ),
        )
        channel.subscriber.lost = partial(self._positions.tell_lost, channel)
        return channel

    def _follow(self, channel: Channel, principal: Principal) -> list[str]:
        """Subscribe the bindings as that principal; return the messages of refused ones."""
        followed: list[Subscription] = []
        faults: list[str] = []
        sees = self._services.feed.groups.sees(principal)
        for binding in channel.request.bindings:
            try:
                found = subscriptions(binding, self._services.model, sees)
                followed.extend(replace(one, marks_left=channel.request.left) for one in found)
            except ChannelError as error:
                faults.append(error.message)
        old, groups = channel.subscriber, self._services.feed.groups
        groups.remove(old)
        new = replace(old, principal=principal, subscriptions=tuple(followed))
        channel.subscriber = new
        groups.add(new)
        channel.expiry.watch(principal)
        return faults

    def _send_subscribed(self, channel: Channel, faults: list[str]) -> None:
        topic, join_ref = channel.topic, channel.join_ref
        for fault in faults:
            self._send(system(topic, join_ref, "error", fault, "postgres_changes"))
        if channel.request.bindings and not faults:
            self._send(subscribed(topic, join_ref))
            channel.announced = True
            self._positions.tell(channel)

    def _replay(self, channel: Channel, cursor: Cursor | None) -> Replay:
        lost = partial(self._positions.tell_lost, channel)

        def live() -> None:
            channel.subscriber.write, channel.subscriber.lost = self._sink.write, lost
            channel.replay = None
            if cursor is not None:
                self._positions.tell(channel)

        # Changes during the replay are dropped here: the replay reads them from the log.
        channel.subscriber.write = self._services.feed.delivery.counts.pass_over
        channel.subscriber.lost = pass_over
        return Replay(
            feed=self._services.feed,
            sink=self._sink,
            subscriber=lambda: channel.subscriber,
            lost=lost,
            live=live,
            turns=self._services.turns,
            cursor=cursor,
        )

    def _end(self, channel: Channel, event: Event, why: str) -> None:
        self._forget(channel)
        for step in TRANSITIONS[State.JOINED][event].steps:
            if step is Step.SYSTEM_ERROR:
                self._send(system(channel.topic, channel.join_ref, "error", why))
            elif step is Step.CLOSE:
                self._send(closed(channel.topic, channel.join_ref))

    def _forget(self, channel: Channel) -> None:
        channel.closed = True
        if channel.recheck is not None:
            channel.recheck.cancel()
        if self._joined.get(channel.topic) is channel:
            del self._joined[channel.topic]
            self._share.give_back(channel.size, channel.owner)
        self._services.feed.groups.remove(channel.subscriber)
        self._services.rooms.leave(channel.listener)
        channel.expiry.cancel()
        if channel.replay is not None:
            channel.replay.cancel()


def _replay_asked(request: JoinRequest, rights: Rights) -> ReplayRequest | None:
    """Return which messages are to be told again. Raises ChannelError where none may be."""
    if request.replay is None:
        return None
    if not request.private:
        raise channel_errors.replay_refused("Replay is not allowed for public channels")
    asked = read_replay(request.replay)
    if asked is None:
        raise channel_errors.replay_refused("Replay params are not valid")
    if Right.READ not in rights:
        raise channel_errors.replay_refused(channel_errors.REPLAY_FAILED)
    return asked
