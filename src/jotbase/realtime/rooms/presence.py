"""Presence: the tracked entries of a room, as a state and as differences to it.

In charge of the entries of each room by key, of their references, and of reading `track` and
`untrack`. Must not know who may be present, nor how differences reach sockets.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The most keys of a tracked object, its most bytes as JSON, and those of a presence key.
MOST_KEYS, LARGEST_META, LONGEST_KEY = 10, 16_384, 255

#: A topic, and whether it is private.
Room = tuple[str, bool]
#: {key: {"metas": […]}}
Presences = dict[str, dict[str, list[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One tracked object of one channel; `previous` is the reference of the one it replaced."""

    key: str
    ref: str
    tracked: Mapping[str, Any]
    previous: str | None = None

    def meta(self) -> dict[str, Any]:
        """Return the entry as clients get it."""
        refs = {"phx_ref": self.ref}
        if self.previous is not None:
            refs["phx_ref_prev"] = self.previous
        return {**self.tracked, **refs}


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed: at most one entry came, and at most one went."""

    joined: Entry | None = None
    left: Entry | None = None

    def payload(self) -> dict[str, Presences]:
        """Return the payload of `presence_diff`, which has both members always."""
        return {"joins": _by_key(self.joined), "leaves": _by_key(self.left)}


def _by_key(*entries: Entry | None) -> Presences:
    found: Presences = {}
    for entry in entries:
        if entry is not None:
            found.setdefault(entry.key, {"metas": []})["metas"].append(entry.meta())
    return found


@dataclass(slots=True)
class PresenceRegistry:
    """The entries of all rooms, by the channel that tracked them: one each at most."""

    _rooms: dict[Room, dict[Hashable, Entry]] = field(default_factory=dict)

    def track(
        self, room: Room, channel: Hashable, key: str, tracked: Mapping[str, Any], ref: str
    ) -> Difference | None:
        """Set the channel's entry; None if it is there already, with equal members."""
        entries = self._rooms.setdefault(room, {})
        before = entries.get(channel)
        if before is not None and before.tracked == tracked:
            return None
        entry = Entry(key, ref, tracked, before.ref if before is not None else None)
        entries[channel] = entry
        return Difference(entry, before)

    def untrack(self, room: Room, channel: Hashable) -> Difference | None:
        """Remove the channel's entry; None if it has none."""
        entries = self._rooms.get(room, {})
        before = entries.pop(channel, None)
        if not entries:
            self._rooms.pop(room, None)
        return None if before is None else Difference(left=before)

    def state(self, room: Room) -> Presences:
        """Return the payload of `presence_state`: {} for an empty room."""
        return _by_key(*self._rooms.get(room, {}).values())

    def __len__(self) -> int:
        return sum(map(len, self._rooms.values()))


@dataclass(frozen=True, slots=True)
class Track:
    """A client's request to track these members, or to replace those that it tracks."""

    tracked: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Untrack:
    """A client's request to untrack its entry."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that is refused; `response` is the payload of the error reply."""

    response: Mapping[str, str]


def read_presence(payload: Any) -> Track | Untrack | Refused | None:
    """Read a client's `presence` message; None where it asks for nothing."""
    name = payload.get("event") if isinstance(payload, Mapping) else None
    if name is None:
        return None
    word = name.lower() if isinstance(name, str) else ""
    if word == "untrack":
        return Untrack()
    if word != "track":
        return Refused({})
    tracked = payload.get("payload")
    if not isinstance(tracked, Mapping):
        return Refused({"reason": "Presence track payload must be a map"})
    if len(tracked) > MOST_KEYS:
        return Refused({"reason": f"Presence track payload has at most {MOST_KEYS} keys"})
    return Track(tracked)
