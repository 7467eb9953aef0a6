"""Presence over a socket: state, differences and limits, in both versions of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.live_world import SECRET_KEY, Socket, World, a_world

from jotbase.realtime.messages import channel_errors

TOPIC = "realtime:r"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def enter(socket: Socket, key: str = "", *, enabled: bool = True, **config: Any) -> Any:
    """Join, and return the state that comes after the reply, None without presence."""
    reply = socket.join(presence={"key": key, "enabled": enabled}, **config)
    assert reply["payload"]["status"] == "ok"
    return socket.hear()["payload"] if enabled else None


def track(socket: Socket, **payload: Any) -> Any:
    """Track, and return the payload of the reply."""
    socket.say(TOPIC, "presence", {"type": "presence", "event": "track", "payload": payload}, "7")
    reply = socket.hear()
    assert (reply["event"], reply["ref"]) == ("phx_reply", "7")
    return reply["payload"]


def diff(socket: Socket) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return (joins, leaves) of the difference that comes next, without its references."""
    message = socket.hear()
    assert message["event"] == "presence_diff", message
    assert message["ref"] is None

    def plain(side: str) -> dict[str, list[Any]]:
        told = message["payload"][side]
        assert all(meta["phx_ref"] for one in told.values() for meta in one["metas"])
        return {
            key: [{k: v for k, v in meta.items() if "phx" not in k} for meta in one["metas"]]
            for key, one in told.items()
        }

    return plain("joins"), plain("leaves")


def test_a_track_is_told_to_everybody_in_the_room(world: World) -> None:
    """The one who tracks is told too; who comes later gets the state."""
    ana, ben = world.connect(), world.connect("1.0.0")
    assert (enter(ana, "ana"), enter(ben, "ben")) == ({}, {})

    assert track(ana, at=1) == {"status": "ok", "response": {}}
    assert diff(ana) == diff(ben) == ({"ana": [{"at": 1}]}, {})
    state = enter(world.connect(), "eve")
    assert [meta["at"] for meta in state["ana"]["metas"]] == [1]


def test_another_track_changes_and_an_equal_one_does_not(world: World) -> None:
    """A change is one difference with both sides."""
    ana = world.connect()
    enter(ana, "ana")
    track(ana, at=1)
    diff(ana)
    track(ana, at=2)

    assert diff(ana) == ({"ana": [{"at": 2}]}, {"ana": [{"at": 1}]})
    assert track(ana, at=2)["status"] == "ok"
    assert ana.silent()


@pytest.mark.parametrize("way", ["untrack", "leave", "away"])
def test_whoever_goes_is_told(world: World, way: str) -> None:
    """By `untrack`, by leaving the channel, or with the socket."""
    ana, ben = world.connect(), world.connect()
    enter(ana, "ana")
    enter(ben, "ben")
    track(ana, at=1)
    assert diff(ben)[0] == {"ana": [{"at": 1}]}
    if way == "untrack":
        ana.say(TOPIC, "presence", {"event": "untrack"})
    elif way == "leave":
        ana.say(TOPIC, "phx_leave", {})
    else:
        ana.leave()

    assert diff(ben) == ({}, {"ana": [{"at": 1}]})


def test_a_join_of_a_joined_topic_ends_the_presence(world: World) -> None:
    """The new channel is not present until its client says so."""
    ana, ben = world.connect(), world.connect()
    enter(ben, "ben")
    enter(ana, "ana")
    track(ana, at=1)
    diff(ana), diff(ben)
    ana.say(TOPIC, "phx_join", {"config": {"presence": {"key": "ana", "enabled": True}}})

    assert ana.hear_events(3) == ["phx_close", "phx_reply", "presence_state"]
    assert diff(ben) == ({}, {"ana": [{"at": 1}]})


def test_a_first_track_without_presence_brings_the_state(world: World) -> None:
    """A channel that did not ask for presence is told who is there once it is present itself."""
    ana, ben = world.connect(), world.connect()
    enter(ana, "ana")
    enter(ben, "ben", enabled=False)
    track(ana, at=1)
    assert ben.silent()
    track(ben, at=2)

    assert list(ben.hear()["payload"]) == ["ana"]
    assert diff(ben) == ({"ben": [{"at": 2}]}, {})


def test_a_key_is_made_where_none_is_given(world: World) -> None:
    """Two clients without a key are two."""
    ana, ben = world.connect(), world.connect()
    enter(ana)
    enter(ben)
    track(ana)
    first = diff(ana)[0]
    diff(ben)
    track(ben)

    keys = {*first, *diff(ana)[0]}
    assert len(keys) == 2
    assert all(len(key) == 36 for key in keys)


def test_public_and_private_presence_are_apart(world: World) -> None:
    """A private room of the same name has its own state."""
    ana, service = world.connect(), world.connect(key=SECRET_KEY)
    enter(ana, "ana")
    track(ana, at=1)

    assert enter(service, "s", private=True) == {}


def test_too_many_calls_close_the_channel(world: World) -> None:
    """Five in thirty seconds, equal ones included; then a new window begins."""
    ana = world.connect()
    enter(ana, "ana")
    for _ in range(5):
        ana.say(TOPIC, "presence", {"event": "untrack"})
    assert set(ana.hear_events(5)) == {"phx_reply"}
    world.pass_time(30)
    ana.say(TOPIC, "presence", {"event": "untrack"})
    assert ana.hear()["payload"]["status"] == "ok"
    for _ in range(5):
        ana.say(TOPIC, "presence", {"event": "untrack"})

    ana.hear_events(4)
    assert ana.hear()["payload"] == {
        "extension": "system",
        "status": "error",
        "message": "Client presence rate limit exceeded",
        "channel": "r",
    }
    assert ana.hear()["event"] == "phx_close"


def test_what_is_too_large_closes_the_channel(world: World) -> None:
    """An object above 16 KiB, which everybody in the room would get."""
    ana = world.connect()
    enter(ana, "ana")
    ana.say(TOPIC, "presence", {"event": "track", "payload": {"a": "x" * 16_384}})

    assert ana.hear()["payload"]["message"] == "Track message size exceeded"
    assert ana.hear()["event"] == "phx_close"


def test_a_key_that_is_too_long_is_refused(world: World) -> None:
    """It would stand in every difference."""
    reply = world.connect().join(presence={"key": "k" * 256, "enabled": True})

    reason = "PresenceKeyTooLong: A presence key has at most 255 bytes"
    assert reply["payload"] == {"status": "error", "response": {"reason": reason}}


def test_what_is_no_object_is_refused(world: World) -> None:
    """A reply says so, and the channel stays; an event that is not known gives no reason."""
    ana = world.connect()
    enter(ana, "ana")
    ana.say(TOPIC, "presence", {"event": "track", "payload": 1})
    ana.say(TOPIC, "presence", {"event": "dance"})

    reason = {"reason": "Presence track payload must be a map"}
    assert ana.hear()["payload"] == {"status": "error", "response": reason}
    assert ana.hear()["payload"] == {"status": "error", "response": {}}


def test_a_room_has_space_for_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its state is told to everybody who comes; other rooms have their own space."""
    monkeypatch.setattr("jotbase.http.live.sending.rooms.ROOM_PRESENCE", 180)
    with a_world() as world:
        ana, ben = world.connect(), world.connect()
        for one in (ana, ben):
            enter(one, "k", enabled=False)
        ben.join(topic="realtime:other", presence={"key": "k", "enabled": False})

        assert track(ana, a="x" * 40)["status"] == "ok"
        full = {"status": "error", "response": {"reason": channel_errors.PRESENCE_FULL}}
        assert track(ben, a="y" * 40) == full
        ben.say("realtime:other", "presence", {"event": "track", "payload": {"a": "y" * 40}})
        assert ben.hear()["payload"]["status"] == "ok"
        ben.hear_events(2)
        assert ana.hear_events(2) == ["presence_state", "presence_diff"]
        ana.say(TOPIC, "presence", {"event": "untrack"})
        assert ana.hear()["payload"]["status"] == "ok"
        assert track(ben, a="y" * 40)["status"] == "ok"
