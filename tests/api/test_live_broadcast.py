"""Broadcasts from client to client, over both versions of the protocol."""

from collections.abc import Iterator

import pytest
from tests.api.live_world import Socket, World, a_world

from jotbase.http.live.channels import quotas

HELLO = {"type": "broadcast", "event": "hello", "payload": {"n": 1}}


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def push(event: str, payload: bytes, encoding: int) -> bytes:
    """Return the binary frame in which supabase-js sends a broadcast."""
    texts = [b"1", b"2", b"realtime:r", event.encode(), b""]
    return bytes((3, *map(len, texts), encoding)) + b"".join(texts) + payload


def three(world: World) -> tuple[Socket, Socket, Socket]:
    """Return a speaker and two listeners, one of each version."""
    sockets = world.connect(), world.connect("2.0.0"), world.connect("1.0.0")
    for socket in sockets:
        socket.join()
    return sockets


def test_others_hear_a_broadcast_and_the_speaker_does_not(world: World) -> None:
    """Each listener gets it in its own version, without refs."""
    speaker, new, old = three(world)
    speaker.say("realtime:r", "broadcast", HELLO)

    assert new.hear() == {
        "join_ref": None,
        "ref": None,
        "topic": "realtime:r",
        "event": "broadcast",
        "payload": HELLO,
    }
    assert old.hear()["payload"] == HELLO
    assert speaker.silent()


def test_a_binary_push_of_json_is_heard_by_both_versions(world: World) -> None:
    """What supabase-js 2.0.0 sends by default reaches everybody."""
    speaker, new, old = three(world)
    speaker.say_raw(push("hello", b'{"n":1}', 1))

    assert new.hear()["payload"] == old.hear()["payload"] == HELLO


def test_opaque_bytes_are_for_the_version_that_can_carry_them(world: World) -> None:
    """They go out as a kind 4 frame, and not at all to version 1.0.0."""
    speaker, new, old = three(world)
    speaker.say_raw(push("blob", b"\x00\xff", 0))

    expected = b"\x04\x0a\x04\x00\x00realtime:rblob\x00\xff"
    assert new.hear_raw() == {"type": "websocket.send", "bytes": expected}
    assert old.silent()


def test_who_asks_for_it_hears_itself_and_gets_an_acknowledgement(world: World) -> None:
    """`self` and `ack` of the join's configuration."""
    socket = world.connect()
    socket.join(broadcast={"self": True, "ack": "true"})
    socket.say("realtime:r", "broadcast", HELLO, "5")

    assert socket.hear()["payload"] == HELLO
    assert socket.hear()["payload"] == {"status": "ok", "response": {}}


def test_a_broadcast_that_is_too_large_is_refused(world: World) -> None:
    """With acknowledgements the speaker is told; nobody hears it."""
    socket, other = world.connect(), world.connect()
    socket.join(broadcast={"ack": True})
    other.join()
    socket.say("realtime:r", "broadcast", {**HELLO, "payload": "x" * 3_000_000})

    assert socket.hear()["payload"]["response"] == {"error": "payload_size_exceeded"}
    assert other.silent()


def test_who_went_away_hears_nothing(world: World) -> None:
    """A socket that closed is in no room any more, and speaking into an empty one is no fault."""
    speaker, new, old = three(world)
    new.leave()
    old.leave()
    speaker.say("realtime:r", "broadcast", HELLO)

    assert speaker.silent()


def test_too_many_broadcasts_close_the_channel(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that sends is told why, and others go on; a new window begins at zero."""
    monkeypatch.setattr(quotas, "MOST_MESSAGES", 2)
    speaker, other, _ = three(world)
    for _ in range(3):
        speaker.say("realtime:r", "broadcast", HELLO)

    assert speaker.hear()["payload"]["message"] == "Too many messages per second"
    assert speaker.hear()["event"] == "phx_close"
    assert other.hear_events(2) == ["broadcast", "broadcast"]
    assert other.silent()
    world.pass_time(10)
    speaker.join()
    speaker.say("realtime:r", "broadcast", HELLO)
    assert other.hear()["payload"] == HELLO
