"""One WebSocket's channels: carries out the steps that the transition table lists.

In charge of joining, leaving and closing, of whose token a channel acts under, and of when that
ends. Must not know how a frame is laid out, what a change becomes, or how a socket is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from jotbase.auth.tokens.token_cache import Renewal
from jotbase.auth.tokens.tokens import has_expired, last_moment
from jotbase.errors import AccessError, ChannelError
from jotbase.feed import Feed
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.http.live.channel_quotas import ChannelQuotas, ChannelSize, SocketQuota, channel_size
from jotbase.http.live.frames import FrameSink
from jotbase.http.live.replay import Replay
from jotbase.realtime import refusals
from jotbase.realtime.broadcast import BroadcastRegistry, Listener, broadcast_frames
from jotbase.realtime.channel import (
    TRANSITIONS,
    Event,
    State,
    Step,
    closed,
    event_named,
    is_heartbeat,
    reply,
    resync,
    subscribed,
    system,
)
from jotbase.realtime.cursors import Cursor
from jotbase.realtime.groups import Subscriber
from jotbase.realtime.joining import JoinRequest, read_join, read_token
from jotbase.realtime.protocol import PREFIX, Frame, Vsn, parse, render
from jotbase.realtime.subscriptions import Subscription, echo, subscriptions
from jotbase.realtime.wire import frame as ready_frame
from jotbase.schema.model.tables import Model
from jotbase.values import Principal

#: Timers beyond a day are set again after it.
_LONGEST_TIMER = 86_400.0


@dataclass(slots=True)
class ChannelServices:
    """What all sockets of a backend share."""

    credentials: CredentialCheck
    feed: Feed
    model: Model
    now: Callable[[], float]
    rooms: BroadcastRegistry = field(default_factory=BroadcastRegistry)
    shares: ChannelQuotas = field(default_factory=ChannelQuotas)
    #: Whose turn it is among the replays of all sockets.
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)

    def logs(self, name: str) -> bool:
        """Say whether there is such a table, and its changes are logged."""
        table = self.model.get(name)
        return table is not None and table.realtime

    def followable(self) -> int:
        """Return how many tables can be followed."""
        return sum(table.realtime for table in self.model)


@dataclass(eq=False, slots=True)
class Channel:
    """One joined topic. `token` is None where the connection's key counts."""

    topic: str
    join_ref: str | None
    request: JoinRequest
    token: str | None
    listener: Listener
    subscriber: Subscriber
    size: ChannelSize
    expiry: asyncio.TimerHandle | None = None
    replay: Replay | None = None
    #: Tables that a reload took from its bindings: their changes are missed from then on.
    dropped: frozenset[str] = frozenset()

    @property
    def principal(self) -> Principal:
        """Whom the channel acts for."""
        return self.subscriber.principal


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
        self._vsn, self._key, self._principal = who
        self._share = share
        self._sink = sink
        self._joined: dict[str, Channel] = {}
        self._steps = {
            Step.JOIN: self._join,
            Step.CLOSE_OLD: self._close,
            Step.REPLY_OK: self._reply_ok,
            Step.REPLY_UNMATCHED: self._reply_unmatched,
            Step.CLOSE: self._close,
            Step.BIND: self._bind,
            Step.BROADCAST: self._broadcast,
            Step.PRESENCE: self._presence,
        }

    async def hear(self, message: str | bytes) -> None:
        """Do what one message of the client asks for; what is no message is ignored."""
        said = parse(self._vsn, message)
        if said is None:
            return
        if is_heartbeat(said):
            self._say(reply(said, "ok", {}))
            return
        if not said.topic.startswith(PREFIX):
            self._say(reply(said, "error", {"reason": refusals.UNMATCHED}))
            return
        state = State.JOINED if said.topic in self._joined else State.CLOSED
        try:
            for step in TRANSITIONS[state][event_named(said.event)].steps:
                await self._steps[step](said)
        except orjson.JSONEncodeError:
            # Nested more deeply than can be said again: as malformed as what could not be read.
            return

    def close_all(self) -> None:
        """Forget every channel: the socket is gone."""
        for channel in tuple(self._joined.values()):
            self._forget(channel)

    def end(self, ends: Callable[[Principal], bool], event: Event, why: str) -> None:
        """Close the channels whose principal's time is over, and say why."""
        for channel in tuple(self._joined.values()):
            if ends(channel.principal):
                self._end(channel, event, why)

    def renew(self, renewal: Renewal) -> None:
        """Let the user's channels act under its facts as they are now."""
        for channel in tuple(self._joined.values()):
            if channel.principal.session_id is None or not renewal.covers(channel.principal):
                continue
            try:
                known = self._services.credentials.with_current_facts(
                    channel.principal, renewal.facts
                )
            except AccessError as error:
                self._end(channel, Event.REVOKED, refusals.reason(refusals.token_refusal(error)))
            else:
                self._follow(channel, known)

    def subscribe_again(self) -> None:
        """Follow what the bindings say under a new model and new rules."""
        for channel in self._joined.values():
            before = channel.subscriber.tables()
            faults = self._follow(channel, channel.principal)
            after = channel.subscriber.tables()
            gone = frozenset(one for one in before - after if not self._services.logs(one))
            if gone:
                self._tell_dropped(channel, gone, faults)
            if channel.dropped & after:
                self._say_lost(channel, self._services.feed.cursor)
            channel.dropped = (channel.dropped | gone) - after

    def _tell_dropped(self, channel: Channel, tables: frozenset[str], faults: list[str]) -> None:
        gone = [f"Changes are not told any more of: {', '.join(sorted(tables))}"]
        for text in faults or gone:
            self._say(system(channel.topic, channel.join_ref, "error", text, "postgres_changes"))

    def lag(self) -> None:
        """Tell what follows changes from the log, as fast as the client reads: too much waits."""
        for channel in self._joined.values():
            if channel.replay is None and channel.subscriber.subscriptions:
                channel.replay = self._replay(channel, None)
                channel.replay.start()

    def farewell(self) -> str:
        """Return the reason of a close: up to which change all were sent on this socket."""
        feed = self._services.feed
        told = [one.replay.after for one in self._joined.values() if one.replay is not None]
        return f"cursor={feed.mark(min([feed.cursor, *told]))}"

    # The steps -----------------------------------------------------------------------------------

    async def _join(self, said: Frame) -> None:
        request = read_join(said.payload)
        echoes = [echo(binding) for binding in request.bindings]
        try:
            self._share.check(said.topic, request)
            principal = await self._who(request.token)
            if request.private and not principal.is_service:
                raise refusals.private_channel_denied(said.topic.removeprefix(PREFIX))
            size = channel_size(request, self._services.followable())
            self._share.take(size)
        except ChannelError as error:
            self._say(reply(said, "error", {"reason": refusals.reason(error)}))
            return
        channel = self._channel(said, request, principal, size)
        self._joined[said.topic] = channel
        self._services.rooms.add(channel.listener)
        if request.cursor is not None and request.bindings:
            channel.replay = self._replay(channel, request.cursor)
        faults = self._follow(channel, principal)
        self._say(reply(said, "ok", {"postgres_changes": echoes}))
        if request.presence:
            self._say(Frame(channel.join_ref, None, said.topic, "presence_state", {}))
        self._tell_subscribed(channel, faults)
        if channel.replay is not None:
            channel.replay.start()

    async def _close(self, said: Frame) -> None:
        """After a leave there is no channel left to forget, but its close is still to be said."""
        channel = self._joined.get(said.topic)
        if channel is not None:
            self._forget(channel)
            self._say(closed(said.topic, channel.join_ref))

    async def _reply_ok(self, said: Frame) -> None:
        self._say(reply(said, "ok", {}))

    async def _reply_unmatched(self, said: Frame) -> None:
        self._say(reply(said, "error", {"reason": refusals.UNMATCHED}))

    async def _bind(self, said: Frame) -> None:
        channel = self._joined[said.topic]
        given = said.payload.get("access_token") if isinstance(said.payload, Mapping) else None
        token = read_token(given)
        if token is None or token == channel.token:
            return
        try:
            self._share.count()
            principal = await self._who(token)
        except ChannelError as error:
            self._end(channel, Event.REVOKED, refusals.reason(error))
            return
        channel.token = token
        faults = self._follow(channel, principal)
        self._tell_subscribed(channel, faults)

    async def _broadcast(self, said: Frame) -> None:
        channel = self._joined[said.topic]
        if not isinstance(said.payload, Mapping):
            return
        self._services.now()  # a clock that was set ends what is over, before anybody is told
        frames = broadcast_frames(said)
        if frames is not None:
            itself = channel.request.broadcast_self
            for listener in self._services.rooms.others(channel.listener, and_itself=itself):
                if listener.vsn in frames:
                    listener.write(frames[listener.vsn])
        if channel.request.broadcast_ack:
            refused = {"error": "payload_size_exceeded"}
            self._say(reply(said, "ok", {}) if frames else reply(said, "error", refused))

    async def _presence(self, said: Frame) -> None:
        self._say(reply(said, "error", {"reason": "Presence is not served yet"}))

    # What they are made of -----------------------------------------------------------------------

    def _say(self, frame: Frame) -> None:
        self._sink.write(ready_frame(render(self._vsn, frame)))

    async def _who(self, token: str | None) -> Principal:
        """Whom a channel acts for. Whatever is revoked while this waits is seen: nothing is awaited
        between the last look and the return. Raises ChannelError.
        """
        if token is None or token == self._key:
            return self._principal
        credentials = self._services.credentials
        try:
            mark = None
            while mark != credentials.live.mark():
                mark = credentials.live.mark()
                principal = await credentials.token(token)
        except AccessError as error:
            raise refusals.token_refusal(error) from error
        if has_expired(principal, self._services.now()):
            raise refusals.token_expired()
        return principal

    def _channel(
        self, said: Frame, request: JoinRequest, principal: Principal, size: ChannelSize
    ) -> Channel:
        topic, write = said.topic, self._sink.write
        channel = Channel(
            topic=topic,
            join_ref=said.join_ref if said.join_ref is not None else said.ref,
            request=request,
            token=request.token,
            listener=Listener(topic, request.private, self._vsn, write),
            subscriber=Subscriber(topic, self._vsn, principal, (), write, _pass_over),
            size=size,
        )
        channel.subscriber.lost = partial(self._say_lost, channel)
        return channel

    def _follow(self, channel: Channel, principal: Principal) -> list[str]:
        """Follow the channel's bindings as that principal from now on; return what was refused."""
        followed: list[Subscription] = []
        faults: list[str] = []
        sees = self._services.feed.groups.sees(principal)
        for binding in channel.request.bindings:
            try:
                followed.extend(subscriptions(binding, self._services.model, sees))
            except ChannelError as error:
                faults.append(error.message)
        old, groups = channel.subscriber, self._services.feed.groups
        groups.remove(old)
        new = replace(old, principal=principal, subscriptions=tuple(followed))
        channel.subscriber = new
        groups.add(new)
        self._set_expiry(channel)
        return faults

    def _tell_subscribed(self, channel: Channel, faults: list[str]) -> None:
        topic, join_ref = channel.topic, channel.join_ref
        for fault in faults:
            self._say(system(topic, join_ref, "error", fault, "postgres_changes"))
        if channel.request.bindings and not faults:
            self._say(subscribed(topic, join_ref))

    def _say_lost(self, channel: Channel, number: int) -> None:
        cursor = self._services.feed.mark(number)
        self._say(resync(channel.topic, channel.join_ref, cursor))

    def _replay(self, channel: Channel, cursor: Cursor | None) -> Replay:
        lost = partial(self._say_lost, channel)

        def live() -> None:
            channel.subscriber.write, channel.subscriber.lost = self._sink.write, lost
            channel.replay = None

        # All that is told live meanwhile stands in the log as well.
        channel.subscriber.write, channel.subscriber.lost = _pass_over, _pass_over
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
                self._say(system(channel.topic, channel.join_ref, "error", why))
            elif step is Step.CLOSE:
                self._say(closed(channel.topic, channel.join_ref))

    def _forget(self, channel: Channel) -> None:
        if self._joined.get(channel.topic) is channel:
            del self._joined[channel.topic]
            self._share.give_back(channel.size)
        self._services.feed.groups.remove(channel.subscriber)
        self._services.rooms.remove(channel.listener)
        if channel.expiry is not None:
            channel.expiry.cancel()
        if channel.replay is not None:
            channel.replay.cancel()

    def _set_expiry(self, channel: Channel) -> None:
        if channel.expiry is not None:
            channel.expiry.cancel()
            channel.expiry = None
        at = last_moment(channel.principal)
        if at is not None:
            delay = min(max(at - self._services.now(), 0.0), _LONGEST_TIMER)
            loop = asyncio.get_running_loop()
            channel.expiry = loop.call_later(delay, self._expire, channel)

    def _expire(self, channel: Channel) -> None:
        if has_expired(channel.principal, self._services.now()):
            self._end(channel, Event.EXPIRED, refusals.TOKEN_EXPIRED)
        else:
            self._set_expiry(channel)


def _pass_over(told: object) -> None:
    """Stand in while a channel is told nothing live."""
