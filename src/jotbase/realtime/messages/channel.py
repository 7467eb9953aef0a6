"""The life cycle of a Phoenix channel as a transition table: state, event, steps.

In charge of joining, leaving and closing, and of the messages that the server sends on its own.
Must not know sockets, tokens or tables; `http.live` carries out the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from jotbase.realtime.messages.protocol import PREFIX, SOCKET_TOPIC, Frame


class State(Enum):
    """The state of a channel: whether its topic is joined on this socket."""

    CLOSED = "closed"
    JOINED = "joined"


class Event(Enum):
    """The events of a channel; the first ones are the client's messages by their names."""

    JOIN = "phx_join"
    LEAVE = "phx_leave"
    TOKEN = "access_token"
    BROADCAST = "broadcast"
    PRESENCE = "presence"
    OTHER = "any other message"
    EXPIRED = "its token expired"
    REVOKED = "its session ended, or a new token was refused"
    LIMITED = "it went beyond a limit"


class Step(Enum):
    """The actions of transitions, which are carried out in the order of the table."""

    JOIN = "join, or refuse with an error reply"
    CLOSE_OLD = "say `phx_close` with the old `join_ref`"
    REPLY_OK = "reply `ok`"
    REPLY_UNMATCHED = "reply `error`, `unmatched topic`"
    CLOSE = "say `phx_close`"
    BIND = "bind the new token's facts and say `Subscribed to PostgreSQL` again"
    BROADCAST = "send it to the topic's other channels; reply if `ack` was asked for"
    PRESENCE = "be present, change it or be so no more, and reply"
    SYSTEM_ERROR = "say why in a `system` message"


@dataclass(frozen=True, slots=True)
class Transition:
    """The steps to carry out, and the state after them.

    A refused join leaves the channel closed.
    """

    steps: tuple[Step, ...]
    then: State


def _row(then: State, *steps: Step) -> Transition:
    return Transition(steps, then)


_UNMATCHED = _row(State.CLOSED, Step.REPLY_UNMATCHED)
_ENDED = _row(State.CLOSED, Step.SYSTEM_ERROR, Step.CLOSE)

TRANSITIONS: dict[State, dict[Event, Transition]] = {
    State.CLOSED: {
        Event.JOIN: _row(State.JOINED, Step.JOIN),
        Event.LEAVE: _row(State.CLOSED, Step.REPLY_OK),
        Event.TOKEN: _UNMATCHED,
        Event.BROADCAST: _UNMATCHED,
        Event.PRESENCE: _UNMATCHED,
        Event.OTHER: _UNMATCHED,
    },
    State.JOINED: {
        Event.JOIN: _row(State.JOINED, Step.CLOSE_OLD, Step.JOIN),
        Event.LEAVE: _row(State.CLOSED, Step.REPLY_OK, Step.CLOSE),
        Event.TOKEN: _row(State.JOINED, Step.BIND),
        Event.BROADCAST: _row(State.JOINED, Step.BROADCAST),
        Event.PRESENCE: _row(State.JOINED, Step.PRESENCE),
        Event.OTHER: _row(State.JOINED),
        Event.EXPIRED: _ENDED,
        Event.REVOKED: _ENDED,
        Event.LIMITED: _ENDED,
    },
}

_BY_NAME = {event.value: event for event in Event if " " not in event.value}


def event_named(name: str) -> Event:
    """Return the event of a client's message with that name."""
    return _BY_NAME.get(name, Event.OTHER)


def reply(to: Frame, status: str, response: dict[str, Any]) -> Frame:
    """Return the `phx_reply` to a client's message."""
    return Frame(
        to.join_ref, to.ref, to.topic, "phx_reply", {"status": status, "response": response}
    )


def is_heartbeat(frame: Frame) -> bool:
    """Whether the message is a heartbeat of the socket."""
    return frame.topic == SOCKET_TOPIC and frame.event == "heartbeat"


def closed(topic: str, join_ref: str | None) -> Frame:
    """Return the `phx_close` of a channel, after which clients do not rejoin by themselves."""
    return Frame(join_ref, join_ref, topic, "phx_close", {})


def system(
    topic: str, join_ref: str | None, status: str, message: str, extension: str = "system"
) -> Frame:
    """Return a `system` message: all four keys are texts, `channel` lacks the prefix."""
    payload = {
        "extension": extension,
        "status": status,
        "message": message,
        "channel": topic.removeprefix(PREFIX),
    }
    return Frame(join_ref, None, topic, "system", payload)


def subscribed(topic: str, join_ref: str | None) -> Frame:
    """Return the message that the subscription to database changes is active."""
    return system(topic, join_ref, "ok", "Subscribed to PostgreSQL", "postgres_changes")


def position(topic: str, join_ref: str | None, cursor: str | int) -> Frame:
    """Return the message that all changes up to `cursor` have been told; later ones follow.

    Its text is the cursor, since supabase-py passes on nothing but the four texts.
    """
    return _at(topic, join_ref, str(cursor), cursor, gap=False)


def resync(topic: str, join_ref: str | None, cursor: str | int) -> Frame:
    """Return the message that changes were lost: the client must read its rows again.

    Changes after `cursor`, the last word of the text, follow. Its status is `ok`, since an error
    makes supabase-py join again, with the cursor that was refused, without end.
    """
    text = "resync: changes were missed that can no longer be told; read the rows again, from"
    return _at(topic, join_ref, f"{text} {cursor}", cursor, gap=True)


def hidden(topic: str, join_ref: str | None, cursor: str | int, bindings: tuple[int, ...]) -> Frame:
    """Return the message that rows of these bindings are not visible any more, too many to tell
    one by one: another table has changed.
    """
    text = "resync: rows are not visible any more; read the rows again, from"
    frame = _at(topic, join_ref, f"{text} {cursor}", cursor, gap=True)
    frame.payload["bindings"] = list(bindings)
    return frame


def may_have_missed(
    topic: str, join_ref: str | None, before: str | int, cursor: str | int
) -> Frame:
    """Return the message to a client that joins again without a cursor."""
    text = f"missed: changes after {before} may have been missed; read the rows again, from"
    frame = _at(topic, join_ref, f"{text} {cursor}", cursor, gap=True)
    frame.payload["missed_after"] = before
    return frame


def _at(topic: str, join_ref: str | None, text: str, cursor: str | int, *, gap: bool) -> Frame:
    frame = system(topic, join_ref, "ok", text, "jotbase")
    frame.payload.update(cursor=cursor, gap=gap)
    return frame
