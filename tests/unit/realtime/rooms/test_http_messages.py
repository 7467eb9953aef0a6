"""Messages of broadcasts over HTTP: read, and their faults."""

from __future__ import annotations

from jotbase.realtime.messages.protocol import Frame
from jotbase.realtime.rooms.http_messages import Message, name_faults, read_batch

ONE = {"topic": "r", "event": "e", "payload": {"n": 1}}


def test_a_sound_batch_has_no_faults() -> None:
    """`private` is false where it is absent, and an `id` is kept if it is a text."""
    given = {"messages": [ONE, ONE | {"private": True, "id": "7"}, ONE | {"id": 7}]}

    assert read_batch(given) == (
        [
            Message("r", "e", {"n": 1}),
            Message("r", "e", {"n": 1}, private=True, id="7"),
            Message("r", "e", {"n": 1}),
        ],
        [],
    )


def test_faults_stand_at_their_message() -> None:
    """One entry a message, empty for a sound one."""
    given = {"messages": [ONE, {"topic": 1, "event": "e", "payload": [], "private": "yes"}, 1]}
    blank = ["can't be blank"]

    assert read_batch(given) == (
        [],
        [
            {},
            {"topic": ["is invalid"], "payload": ["is invalid"], "private": ["is invalid"]},
            {"topic": blank, "event": blank, "payload": blank},
        ],
    )


def test_names_have_the_length_that_frames_can_carry() -> None:
    """In bytes, the topic with its prefix."""
    assert name_faults("r" * 246, "e" * 255) == {}
    assert name_faults("ä" * 124, "") == {
        "topic": ["should be at most 246 byte(s)"],
        "event": ["can't be blank"],
    }


def test_bytes_have_no_payload() -> None:
    """They go out as a binary frame."""
    message = Message("r", "e", private=True, opaque=b"\x00")

    told = {"type": "broadcast", "event": "e"}
    assert message.push() == Frame(None, None, "realtime:r", "broadcast", told, b"\x00")
    assert message.room == ("realtime:r", True)
