"""Results of many megabytes: made apart from all others, when there is room for them."""

from __future__ import annotations

import pytest
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import ROOM
from jotbase.engines.sqlite import SqliteEngine
from jotbase.errors import RequestError
from jotbase.sql.units import Spooling

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


class Lines:
    """Writes rows as lines."""

    def row(self, text: str) -> bytes:
        return text.encode() + b"\n"

    def end(self) -> bytes:
        return b"end"


def spooling(rows: int, size: int) -> tuple[str, tuple[int], Spooling]:
    """Return a statement of so many large rows in falling order, and how it is spooled."""
    source = (
        "FROM (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?)"
        f" SELECT x, hex(zeroblob({size // 2})) AS y FROM n ORDER BY x DESC)"
    )
    whole = f"SELECT concat(group_concat(x || y)), count(*) {source}"
    spooled = f"SELECT jot_spool(x || y), count(*) {source}"
    return whole, (rows,), Spooling(lambda: (spooled, (rows,)), Lines, 2)


async def test_a_large_result_is_written_to_a_file(engine: SqliteEngine) -> None:
    """Row by row, in the statement's order; a small one is not."""
    text, values, how = spooling(5, 1_000_000)
    for _ in range(2):
        ((body, count),) = await engine.read(text, values, how)
        assert count == 5
        assert body.size == 5 * 1_000_002 + 3
        assert body.read(0, 3) == b"500"
        assert body.read(4 * 1_000_002, 3) == b"100"
        assert body.read(body.size - 4, 10) == b"\nend"
        body.close()
    text, values, how = spooling(2, 10)
    assert await engine.read(text, values, how) == [("20000000000,10000000000", 2)]


@pytest.mark.parametrize(
    ("rows", "size", "said"), [(6, 1_000_000, "answer"), (1, 34 << 20, "a value")]
)
async def test_what_is_too_large_for_an_answer(
    make_engine: MakeEngine, rows: int, size: int, said: str
) -> None:
    """54000, for all rows together and for one; a smaller answer is made afterwards."""
    engine = await make_engine(max_answer=5_500_000)
    text, values, how = spooling(rows, size)
    with pytest.raises(RequestError, match=said) as refused:
        await engine.read(text, values, how)
    assert (refused.value.code, refused.value.status) == ("54000", 413)
    text, values, how = spooling(5, 1_000_000)
    ((body, _),) = await engine.read(text, values, how)
    assert body.size == 5_000_013
