"""Presence as a state machine: what the differences add up to, and what clients may ask."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.realtime.rooms.presence import (
    PresenceRegistry,
    Presences,
    Refused,
    Track,
    Untrack,
    read_presence,
)

ROOM = ("realtime:r", False)


def applied(state: Presences, diff: dict[str, Presences]) -> Presences:
    """Return the state after a difference, as clients compute it."""
    metas = {key: list(one["metas"]) for key, one in state.items()}
    for key, one in diff["joins"].items():
        metas.setdefault(key, []).extend(one["metas"])
    for key, one in diff["leaves"].items():
        gone = [meta["phx_ref"] for meta in one["metas"]]
        metas[key] = [meta for meta in metas.get(key, []) if meta["phx_ref"] not in gone]
    return {key: {"metas": some} for key, some in metas.items() if some}


def in_any_order(state: Presences) -> dict[str, list[str]]:
    """Return a state without the order of a key's entries."""
    return {key: sorted(map(str, one["metas"])) for key, one in state.items()}


def test_a_second_track_replaces_the_first() -> None:
    """The entry that went has the old reference, and the one that came names it."""
    registry = PresenceRegistry()
    first = registry.track(ROOM, "c", "ana", {"at": 1}, "F1")
    second = registry.track(ROOM, "c", "ana", {"at": 2}, "F2")

    assert first is not None
    assert second is not None
    old = {"at": 1, "phx_ref": "F1"}
    new = {"at": 2, "phx_ref": "F2", "phx_ref_prev": "F1"}
    assert first.payload() == {"joins": {"ana": {"metas": [old]}}, "leaves": {}}
    assert second.payload() == {
        "joins": {"ana": {"metas": [new]}},
        "leaves": {"ana": {"metas": [old]}},
    }
    assert registry.track(ROOM, "c", "ana", {"at": 2}, "F3") is None


def test_two_channels_of_one_key_are_two_entries() -> None:
    """One of them goes, and the other stays; a room that nobody is in is forgotten."""
    registry = PresenceRegistry()
    registry.track(ROOM, "a", "ana", {}, "F1")
    registry.track(ROOM, "b", "ana", {}, "F2")

    assert registry.state(ROOM) == {"ana": {"metas": [{"phx_ref": "F1"}, {"phx_ref": "F2"}]}}
    registry.untrack(ROOM, "a")
    assert registry.state(ROOM) == {"ana": {"metas": [{"phx_ref": "F2"}]}}
    registry.untrack(ROOM, "b")
    assert registry.state(ROOM) == {}
    assert registry.untrack(ROOM, "b") is None
    assert registry._rooms == {}


def test_a_client_cannot_choose_its_reference() -> None:
    """What it tracks under the name of a reference is overwritten."""
    registry = PresenceRegistry()
    registry.track(ROOM, "a", "ana", {"phx_ref": "F9"}, "F1")

    assert registry.state(ROOM) == {"ana": {"metas": [{"phx_ref": "F1"}]}}


CALLS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(("k", "l")), st.integers(-1, 2)), max_size=30
)


@given(CALLS)
def test_the_differences_lead_to_the_state(calls: list[tuple[str, str, int]]) -> None:
    """Whoever has the first state and all differences has the state of now."""
    registry, seen = PresenceRegistry(), dict[str, Any]()
    keys: dict[str, str] = {}
    for number, (channel, key, value) in enumerate(calls):
        if value < 0:
            diff = registry.untrack(ROOM, channel)
        else:
            mine = keys.setdefault(channel, key)
            diff = registry.track(ROOM, channel, mine, {"v": value}, f"F{number}")
        if diff is not None:
            seen = applied(seen, diff.payload())

    assert in_any_order(seen) == in_any_order(registry.state(ROOM))


def test_what_asks_for_nothing() -> None:
    """A message without an event is none; names are read in any case."""
    assert read_presence({}) is None
    assert read_presence(None) is None
    assert read_presence({"event": "TRACK", "payload": {"a": 1}}) == Track({"a": 1})
    assert read_presence({"event": "Untrack"}) == Untrack()


@pytest.mark.parametrize(
    ("payload", "response"),
    [
        ({"event": "dance"}, {}),
        ({"event": 1}, {}),
        ({"event": "track"}, {"reason": "Presence track payload must be a map"}),
        ({"event": "track", "payload": []}, {"reason": "Presence track payload must be a map"}),
        (
            {"event": "track", "payload": dict.fromkeys(map(str, range(11)))},
            {"reason": "Presence track payload has at most 10 keys"},
        ),
    ],
)
def test_what_is_refused(payload: Any, response: dict[str, str]) -> None:
    """Each with supabase/realtime's reason, where it gives one."""
    assert read_presence(payload) == Refused(response)
