"""Parsing the payload of `phx_join`, as leniently as its clients need.

In charge of the parsing rules alone. Must not know which tables exist or the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from jotbase.realtime.messages.cursors import Cursor, newest_cursor

#: The known keys of a binding; others are dropped.
BINDING_KEYS = ("event", "schema", "table", "filter", "select")
#: Bytes of a binding besides its filter that are not counted.
FREE = 256


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """One join. `bindings` are the entries of `postgres_changes` as sent, to be echoed: all of them
    that means anything.

    `token` is the user's, None when the connection's key counts. `cursor` is the newest of the
    places where the client was told to come back; official clients keep three of the fields that
    it may be in (`_resumes`). `replay` is what is asked of the messages of before, as sent.
    `left` asks for a mark on rows that have left, where official clients show one.
    """

    bindings: tuple[Mapping[str, Any], ...] = ()
    token: str | None = None
    private: bool = False
    broadcast_ack: bool = False
    broadcast_self: bool = False
    presence: bool = False
    presence_key: str = ""
    cursor: Cursor | None = None
    replay: Mapping[str, Any] | None = None
    left: bool = False


def read_join(payload: Any) -> JoinRequest:
    """Parse a join; malformed members count as absent."""
    outer = _mapping(payload)
    config = _mapping(outer.get("config"))
    broadcast, presence = _mapping(config.get("broadcast")), _mapping(config.get("presence"))
    return JoinRequest(
        bindings=_bindings(config.get("postgres_changes")),
        token=read_token(outer.get("user_token") or outer.get("access_token")),
        private=_flag(config.get("private")),
        broadcast_ack=_flag(broadcast.get("ack")),
        broadcast_self=_flag(broadcast.get("self")),
        presence=_flag(presence.get("enabled")),
        presence_key=_text(presence.get("key")),
        cursor=newest_cursor(_resumes(outer, config, broadcast)),
        replay=_mapping(broadcast.get("replay")) or None,
        left=_flag(outer.get("left")) or _flag(broadcast.get("left")),
    )


def _resumes(
    outer: Mapping[str, Any], config: Mapping[str, Any], broadcast: Mapping[str, Any]
) -> Iterator[Any]:
    """Yield what stands in the fields of a cursor: `resume` in the payload (`updateJoinPayload`),
    in `config.broadcast` and in each binding, and `config.cursor`.
    """
    yield from (outer.get("resume"), broadcast.get("resume"), config.get("cursor"))
    bindings = config.get("postgres_changes")
    for binding in bindings if isinstance(bindings, list) else ():
        yield _mapping(binding).get("resume")


def read_token(value: Any) -> str | None:
    """Return a user's token, None for an opaque API key, which adds nothing to the connection's."""
    if not isinstance(value, str) or not value or value.startswith("sb_"):
        return None
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _flag(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _bindings(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        {key: entry[key] for key in BINDING_KEYS if key in entry}
        for entry in value
        if isinstance(entry, Mapping)
    )


def filter_bytes(binding: Mapping[str, Any]) -> int:
    """Return the bytes that a binding counts: its filter, and any other member of unusual length.

    Raises orjson.JSONEncodeError for what is nested too deeply to be said again.
    """
    text = binding.get("filter")
    own = len(orjson.dumps(text)) if isinstance(text, str) else 0
    return own + max(len(orjson.dumps(binding)) - own - FREE, 0)
