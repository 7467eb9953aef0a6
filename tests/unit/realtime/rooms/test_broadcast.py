"""Rooms and the frames of a broadcast."""

import orjson

from jotbase.realtime.messages.protocol import Frame
from jotbase.realtime.messages.wire import unframe
from jotbase.realtime.rooms.broadcast import LARGEST, BroadcastRegistry, Listener, broadcast_frames


def listener(topic: str = "realtime:r", *, private: bool = False) -> Listener:
    """Return a channel that throws away what it hears."""
    return Listener(topic, private, "2.0.0", lambda frame: None)


def test_a_room_is_a_topic_and_its_privacy() -> None:
    """Private and public channels of one name do not hear each other."""
    rooms, speaker, public, private, other = (
        BroadcastRegistry(),
        listener(),
        listener(),
        listener(private=True),
        listener("realtime:s"),
    )
    for one in (speaker, public, private, other):
        rooms.add(one)

    assert rooms.of(speaker.room) == (speaker, public)
    assert rooms.of(private.room) == (private,)


def test_an_empty_room_is_forgotten() -> None:
    """Nothing is kept of topics that nobody is in, and leaving twice is no fault."""
    rooms, one = BroadcastRegistry(), listener()
    rooms.add(one)
    rooms.remove(one)
    rooms.remove(one)

    assert rooms._rooms == {}


def test_a_message_is_written_for_both_versions() -> None:
    """The same payload, without refs."""
    frames = broadcast_frames(Frame("1", "2", "realtime:r", "broadcast", {"event": "e"}))

    assert frames is not None
    assert orjson.loads(unframe(frames["2.0.0"])[0]) == [
        None, None, "realtime:r", "broadcast", {"event": "e"},
    ]  # fmt: skip
    assert orjson.loads(unframe(frames["1.0.0"])[0])["ref"] is None


def test_bytes_are_written_for_version_two_alone() -> None:
    """Version 1.0.0 has no binary frames."""
    push = Frame("1", "2", "realtime:r", "broadcast", {"event": "e"}, b"\xff")

    assert set(broadcast_frames(push) or ()) == {"2.0.0"}


def test_what_is_too_large_is_not_written() -> None:
    """One byte beyond the limit, whatever the form."""
    large = {"event": "e", "payload": "x" * LARGEST}

    assert broadcast_frames(Frame(None, None, "t", "broadcast", large)) is None
    assert (
        broadcast_frames(Frame(None, None, "t", "broadcast", {"event": "e"}, b"x" * LARGEST))
        is None
    )
