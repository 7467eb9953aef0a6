"""Broadcasts over HTTP: a batch of messages, or one message at a path.

In charge of validating them in the words of supabase/realtime. Must not know who may send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jotbase.realtime.messages.protocol import PREFIX, Frame
from jotbase.realtime.rooms.presence import Room

#: Where broadcasts over HTTP begin.
PATH = "/realtime/v1/api/"
#: The most messages of one batch, and of one unit of work.
MOST_MESSAGES = 100
#: The most bytes of a topic with its prefix, and of an event's name.
_LONGEST = 255
_BLANK = "can't be blank"
TOO_LARGE = "Payload size exceeds tenant limit"

#: Reasons by member of a message.
Faults = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Message:
    """One broadcast; `opaque` are its bytes where it has no JSON payload."""

    topic: str
    event: str
    payload: Any = None
    private: bool = False
    id: str | None = None
    opaque: bytes | None = None

    @property
    def room(self) -> Room:
        """The room in which it is heard."""
        return PREFIX + self.topic, self.private

    def push(self) -> Frame:
        """Return it as a client of a socket would have sent it."""
        told: dict[str, Any] = {"type": "broadcast", "event": self.event}
        if self.opaque is None:
            told["payload"] = self.payload
        if self.id is not None:
            told["meta"] = {"id": self.id}
        return Frame(None, None, self.room[0], "broadcast", told, self.opaque)


def read_batch(document: Any) -> tuple[list[Message], list[Faults] | list[str]]:
    """Return the messages of a batch and their faults: one entry a message, {} for a sound one.

    Faults are [] for a sound batch; one invalid message refuses all.
    """
    listed = document.get("messages") if isinstance(document, Mapping) else None
    if not isinstance(listed, list) or not listed:
        return [], [_BLANK]
    faults = [_faults(one) for one in listed]
    if any(faults):
        return [], faults
    return [_message(one) for one in listed], []


def _message(entry: Mapping[str, Any]) -> Message:
    given = entry.get("id")
    return Message(
        entry["topic"],
        entry["event"],
        entry["payload"],
        private=entry.get("private") is True,
        id=given if isinstance(given, str) else None,
    )


def _faults(entry: Any) -> Faults:
    if not isinstance(entry, Mapping):
        return {"topic": [_BLANK], "event": [_BLANK], "payload": [_BLANK]}
    found: Faults = {}
    for name in ("topic", "event"):
        if reason := _name_fault(entry.get(name), PREFIX if name == "topic" else ""):
            found[name] = [reason]
    payload = entry.get("payload")
    if not isinstance(payload, Mapping):
        found["payload"] = [_BLANK if payload is None else "is invalid"]
    if not isinstance(entry.get("private"), bool | None):
        found["private"] = ["is invalid"]
    return found


def _name_fault(value: Any, prefix: str) -> str | None:
    if value is None or value == "":
        return _BLANK
    if not isinstance(value, str):
        return "is invalid"
    most = _LONGEST - len(prefix)
    return f"should be at most {most} byte(s)" if len(value.encode()) > most else None


def name_faults(topic: str, event: str) -> Faults:
    """Return what is wrong with the names of a message at a path."""
    given = (("topic", topic, PREFIX), ("event", event, ""))
    return {
        name: [reason] for name, value, prefix in given if (reason := _name_fault(value, prefix))
    }
