"""Results of many megabytes on PostgreSQL: read a few rows at a time, and written to a file."""

from __future__ import annotations

import pytest
from tests.contract.conftest import MakeEngine
from tests.contract.test_sqlite_large import Lines

from jotbase.engines.base import ROOM
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.errors import RequestError
from jotbase.sql.units import Rows, Spooling

pytestmark = pytest.mark.anyio


@pytest.fixture
def engine_name() -> str:
    """Open PostgreSQL's engine alone."""
    return "postgres"


def spooling(rows: int, size: int) -> tuple[str, tuple[int], Spooling]:
    """Return a statement of so many large rows in falling order, and how it is spooled."""
    source = (
        f" FROM (SELECT x, repeat('y', {size}) AS y FROM generate_series(1, ?::int) AS n(x)"
        " ORDER BY x DESC) AS r"
    )
    whole = f"SELECT string_agg(x || y, ',' ORDER BY x DESC), count(*){source}"
    spooled = f"SELECT x || y, count(*) OVER (){source}"
    return whole, (rows,), Spooling(lambda: (spooled, (rows,)), Lines, 2)


async def read(engine: PostgresEngine, rows: int, size: int) -> Rows:
    """Read so many rows of that size."""
    text, values, how = spooling(rows, size)
    return await engine.read(text, values, how)


async def test_a_large_result_is_written_to_a_file(make_engine: MakeEngine) -> None:
    """Row by row, in the statement's order, when there is room for it; a small one is not."""
    engine: PostgresEngine = await make_engine()  # type: ignore[assignment]
    asks: list[int] = []

    async def room() -> None:
        asks.append(1)

    ROOM.set(room)
    for _ in range(2):
        ((body, count),) = await read(engine, 5, 1_000_000)
        assert (count, body.size) == (5, 5 * 1_000_002 + 3)
        assert body.read(0, 3) == b"5yy"
        assert body.read(4 * 1_000_002, 3) == b"1yy"
        assert body.read(body.size - 4, 10) == b"\nend"
        body.close()
    assert len(asks) == 2
    assert await read(engine, 2, 3) == [("2yyy,1yyy", 2)]
    assert len(asks) == 2


@pytest.mark.parametrize(("rows", "size"), [(3000, 2000), (300, 20_000), (40, 200_000)])
async def test_each_row_of_a_large_result_is_there_once(
    make_engine: MakeEngine, rows: int, size: int
) -> None:
    """However many are read at a time; a statement that gave many may later give none."""
    engine: PostgresEngine = await make_engine()  # type: ignore[assignment]
    ((body, count),) = await read(engine, rows, size)
    lines = body.read(0, body.size).decode().split("\n")
    assert (count, lines[-1]) == (rows, "end")
    assert [int(line[: line.index("y")]) for line in lines[:-1]] == list(range(rows, 0, -1))
    body.close()
    assert await read(engine, 0, size) == [(None, 0)]


@pytest.mark.parametrize(
    ("rows", "size", "said"), [(6, 1_000_000, "answer"), (1, 34 << 20, "a value")]
)
async def test_what_is_too_large_for_an_answer(
    make_engine: MakeEngine, rows: int, size: int, said: str
) -> None:
    """54000, for all rows together and for one; a smaller answer is made afterwards."""
    engine: PostgresEngine = await make_engine(max_answer=5_500_000)  # type: ignore[assignment]
    with pytest.raises(RequestError, match=said) as refused:
        await read(engine, rows, size)
    assert (refused.value.code, refused.value.status) == ("54000", 413)
    ((body, _),) = await read(engine, 5, 1_000_000)
    assert body.size == 5_000_013
    body.close()


async def test_where_there_is_no_room_nothing_is_read(make_engine: MakeEngine) -> None:
    """The refusal is told as it is."""
    engine: PostgresEngine = await make_engine()  # type: ignore[assignment]

    async def room() -> None:
        raise RequestError("53300", "too many large answers at one time")

    ROOM.set(room)
    with pytest.raises(RequestError, match="too many large answers"):
        await read(engine, 5, 1_000_000)


def test_an_engine_has_a_limit_of_its_own() -> None:
    """As the embedded database has: 512 MiB where no setting says otherwise."""
    assert PostgresOptions().max_answer == 512 << 20
