"""Changes that nobody follows: they are passed over, and what comes after them is not lost."""

from collections.abc import Iterator

import pytest
from tests.api.live_world import MemoryLog, World, a_world, note

from jotbase.values import Change


class CountingLog(MemoryLog):
    """A log that counts how often its changes are read."""

    reads = 0

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        self.reads += 1
        return await super().changes(after, limit)


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def test_no_change_is_read_for_nobody(world: World) -> None:
    """The feed's cursor moves on all the same."""
    log = CountingLog()
    world.feed.engine, log.bell = log, world.engine.bell
    log.commit("open", None, note(1))
    world.pass_time(0)

    assert (world.feed.cursor, world.feed.behind(), log.reads) == (1, 0, 0)


def test_the_feed_tells_how_far_it_is_behind(world: World) -> None:
    """Committed changes that are known and cannot be delivered are counted."""

    async def fail(after: int, limit: int = 1000) -> list[Change]:
        raise RuntimeError("the log cannot be read")

    log = CountingLog()
    world.connect().follow("open")
    world.feed.engine, log.bell = log, world.engine.bell
    log.changes = fail  # type: ignore[method-assign]
    for number in (1, 2):
        log.commit("open", None, note(number))
    world.pass_time(0)

    assert (world.feed.cursor, world.feed.behind()) == (0, 2)


def test_who_follows_later_is_told_of_what_comes_later(world: World) -> None:
    """A change from before is not told, the next one is."""
    world.commit("open", None, note(1))
    socket = world.connect()
    socket.follow("open")
    world.commit("open", None, note(2))

    assert socket.hear_data()["record"]["id"] == 2
    assert socket.silent()
