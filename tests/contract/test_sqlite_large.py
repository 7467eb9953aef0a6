"""Results of many megabytes: made apart from all others, when there is room for them."""

from __future__ import annotations

import pytest

from jotbase.engines.base import ROOM
from jotbase.engines.sqlite import SqliteEngine
from jotbase.errors import RequestError

pytestmark = pytest.mark.anyio

LARGE = "SELECT hex(zeroblob(3000000)), ?"
PLAIN = "SELECT hex(zeroblob(1000)), ?"


@pytest.mark.parametrize(("text", "size", "asked"), [(LARGE, 6_000_000, 2), (PLAIN, 2000, 0)])
async def test_a_large_result_asks_for_room(
    engine: SqliteEngine, text: str, size: int, asked: int
) -> None:
    """Each time, whatever the statement; and it is given whole."""
    asks: list[str] = []

    async def room() -> None:
        asks.append(text)

    ROOM.set(room)
    for number in range(2):
        rows = list(await engine.read(text, (number,)))
        assert (len(rows[0][0]), rows[0][1]) == (size, number)
    assert len(asks) == asked


async def test_where_there_is_no_room_nothing_is_made(engine: SqliteEngine) -> None:
    """The refusal is told as it is."""

    async def room() -> None:
        raise RequestError("53300", "too many large answers at one time")

    ROOM.set(room)
    with pytest.raises(RequestError, match="too many large answers"):
        await engine.read(LARGE, (1,))


async def test_the_backend_itself_need_not_ask(engine: SqliteEngine) -> None:
    """What follows the log reads rows of any size; nobody waits for a client there."""

    async def room() -> None:
        raise AssertionError("asked for room")

    ROOM.set(room)
    rows = list(await engine.read_internal(LARGE, (1,)))
    assert len(rows[0][0]) == 6_000_000
