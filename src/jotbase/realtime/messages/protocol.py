"""The wire protocol of Phoenix channels: text and binary messages to `Frame`, and back to text.

In charge of the serialization of vsn 1.0.0 (one object) and 2.0.0 (one array, or a binary frame;
see phoenix/lib/phoenix/socket/serializers). Must not know the events, nor any socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from jotbase.schema.values.nesting import is_deep

Vsn = Literal["1.0.0", "2.0.0"]
VERSIONS: tuple[Vsn, ...] = ("1.0.0", "2.0.0")

SOCKET_TOPIC = "phoenix"
PREFIX = "realtime:"

#: The most characters of a topic or reference, which are echoed; a longer topic is malformed.
LONGEST = 4096

#: First bytes of the binary frames of a user's broadcast: from the client, and to it.
_PUSH, _BROADCAST = 3, 4
_OPAQUE, _JSON = 0, 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. Clients need not send `join_ref`; what the server starts has no `ref`.

    `opaque` holds the bytes of a binary broadcast, whose JSON payload then lacks a `payload`.
    """

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Any = field(default_factory=dict)
    opaque: bytes | None = None


def read_vsn(given: str | None) -> Vsn | None:
    """Return the requested protocol version: 1.0.0 if absent, None if unknown."""
    return next((vsn for vsn in VERSIONS if vsn == (given or "1.0.0")), None)


def parse(vsn: Vsn, message: str | bytes) -> Frame | None:
    """Parse a client's message; None for a malformed one, which is to be ignored."""
    if isinstance(message, bytes):
        return _parse_push(message) if vsn == "2.0.0" else None
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    return None if is_deep(value) else _frame_of(_parts_of(vsn, value))


def _parts_of(vsn: Vsn, value: Any) -> list[Any]:
    if vsn == "2.0.0":
        return value if isinstance(value, list) else []
    if not isinstance(value, dict) or not {"topic", "event", "payload", "ref"} <= value.keys():
        return []
    return [value.get(key) for key in ("join_ref", "ref", "topic", "event", "payload")]


def _frame_of(parts: list[Any]) -> Frame | None:
    if len(parts) != 5:
        return None
    join_ref, ref, topic, event, payload = parts
    if not isinstance(topic, str) or not isinstance(event, str) or len(topic) > LONGEST:
        return None
    return Frame(_ref(join_ref), _ref(ref), topic, event, payload)


def _ref(value: Any) -> str | None:
    """Return a reference, None if it is too long to be echoed."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else None
    return str(value) if isinstance(value, int) else None


def _parse_push(message: bytes) -> Frame | None:
    """Parse a kind 3 frame: five lengths, the encoding, four strings, metadata, payload."""
    if len(message) < 7 or message[0] != _PUSH or message[6] not in (_OPAQUE, _JSON):
        return None
    pieces, start = [], 7
    for length in message[1:6]:
        pieces.append(message[start : start + length])
        start += length
    if start > len(message):
        return None
    try:
        join_ref, ref, topic, event, _ = (piece.decode() for piece in pieces)
        payload: dict[str, Any] = {"type": "broadcast", "event": event}
        opaque = message[start:] if message[6] == _OPAQUE else None
        if opaque is None:
            payload["payload"] = orjson.loads(message[start:])
            if is_deep(payload):
                return None
    except (UnicodeDecodeError, orjson.JSONDecodeError):
        return None
    return Frame(join_ref or None, ref or None, topic, "broadcast", payload, opaque)


def render(vsn: Vsn, frame: Frame) -> bytes:
    """Serialize a message as text; version 1.0.0 has no `join_ref`, and `ref` even if null."""
    if vsn == "2.0.0":
        parts = (frame.join_ref, frame.ref, frame.topic, frame.event, frame.payload)
        return orjson.dumps(parts)
    return orjson.dumps(
        {"ref": frame.ref, "topic": frame.topic, "event": frame.event, "payload": frame.payload}
    )


def envelope(vsn: Vsn, topic: str, event: str) -> tuple[bytes, bytes]:
    """Return the bytes before and after the payload's JSON in a message without references."""
    names = orjson.dumps(topic), orjson.dumps(event)
    if vsn == "2.0.0":
        return b"[null,null,%b,%b," % names, b"]"
    return b'{"ref":null,"topic":%b,"event":%b,"payload":' % names, b"}"


def render_opaque(topic: str, event: str, opaque: bytes) -> bytes | None:
    """Return a kind 4 frame, for vsn 2.0.0 alone; None where a name is longer than 255 bytes."""
    names = topic.encode(), event.encode()
    if max(map(len, names)) > 255:
        return None
    lengths = bytes((_BROADCAST, len(names[0]), len(names[1]), 0, _OPAQUE))
    return lengths + names[0] + names[1] + opaque
