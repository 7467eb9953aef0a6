"""Functions whose results are large: their calls wait for room before they begin."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.parser_line import turn

from jotbase.engines.base import ROOM
from jotbase.engines.calls.large_results import MOST_KNOWN, LargeResults
from jotbase.errors import RequestError

pytestmark = pytest.mark.anyio

LARGE, SMALL = 5 << 20, 1000


@pytest.fixture
def asks() -> list[int]:
    """Count the requests for room from now on."""
    found: list[int] = []

    async def room() -> None:
        found.append(1)

    ROOM.set(room)
    return found


async def called(large: LargeResults, function: str, size: int) -> None:
    """Call a function that gives so many bytes."""
    async with large.call(function) as told:
        told(size)


async def test_who_gave_much_waits_for_room(asks: list[int]) -> None:
    """As long as it gives much, and no other function does."""
    large = LargeResults()
    seen: list[int] = []
    for function, size in [("a", LARGE), ("b", SMALL), ("a", LARGE), ("a", SMALL), ("a", LARGE)]:
        await called(large, function, size)
        seen.append(len(asks))
    assert seen == [0, 0, 1, 2, 2]


async def test_the_first_call_tells_those_beside_it(asks: list[int]) -> None:
    """They wait until it has ended, and then for room; only where it takes long they go on."""
    large, ended = LargeResults(30), asyncio.Event()

    async def first() -> None:
        async with large.call("a") as told:
            await ended.wait()
            told(LARGE)

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(first())
        await turn()
        others = [tasks.create_task(called(large, "a", LARGE)) for _ in range(3)]
        await turn()
        assert not any(one.done() for one in others)
        ended.set()
    assert len(asks) == 3

    hasty = LargeResults(0)
    async with hasty.call("a"), asyncio.timeout(10):
        await called(hasty, "a", SMALL)
    assert len(asks) == 3


async def test_a_first_call_that_fails_tells_nothing(asks: list[int]) -> None:
    """The next one is the first again; where there is no room, none is begun."""
    large = LargeResults()
    for _ in range(2):
        with pytest.raises(RequestError, match="no"):
            async with large.call("a"):
                raise RequestError("22000", "no")
    await called(large, "a", LARGE)

    async def room() -> None:
        raise RequestError("53300", "too many")

    ROOM.set(room)
    with pytest.raises(RequestError, match="too many"):
        await called(large, "a", LARGE)


async def test_few_functions_are_known(asks: list[int]) -> None:
    """The oldest is forgotten, and none but that."""
    large = LargeResults()
    for number in range(MOST_KNOWN + 1):
        await called(large, str(number), LARGE)
    await called(large, "0", LARGE)
    await called(large, str(MOST_KNOWN), LARGE)
    assert len(asks) == 1
