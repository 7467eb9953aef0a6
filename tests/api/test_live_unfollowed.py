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

    assert (world.feed.cursor, log.reads) == (1, 0)


def test_who_follows_later_is_told_of_what_comes_later(world: World) -> None:
    """A change from before is not told, the next one is."""
    world.commit("open", None, note(1))
    socket = world.connect()
    socket.follow("open")
    world.commit("open", None, note(2))

    assert socket.hear_data()["record"]["id"] == 2
    assert socket.silent()
