"""The broadcasts of one unit of work: how many of them are kept."""

from jotbase.realtime.rooms.outbox import MOST_BYTES, Outbox

ROOM = ("realtime:r", False)


def test_a_hundred_messages_are_kept() -> None:
    """The next is not, and changes nothing."""
    outbox = Outbox("ana")
    kept = [outbox.keep(ROOM, {"1.0.0": b"x", "2.0.0": b"xy"}) for _ in range(101)]

    assert kept == [True] * 100 + [False]
    assert (len(outbox.kept), outbox.size) == (100, 200)


def test_they_have_a_largest_size_together() -> None:
    """Of the versions of one message the longest counts; a smaller one still fits."""
    outbox = Outbox("ana")

    assert outbox.keep(ROOM, {"2.0.0": bytes(MOST_BYTES - 2)})
    assert not outbox.keep(ROOM, {"1.0.0": b"x", "2.0.0": b"xyz"})
    assert outbox.keep(ROOM, {"1.0.0": b"x", "2.0.0": b"xy"})
