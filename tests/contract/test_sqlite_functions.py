"""Python functions that SQL calls: long texts leave the loop, and nothing outlives its time."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.contract.board import run
from tests.contract.conftest import MakeEngine

from jotbase.engines.sqlite.database.functions import ON_LOOP
from jotbase.errors import StatementTimeout
from jotbase.expression.operators import OPERATORS, SQL_FUNCTIONS
from jotbase.sql.fragment import bound
from jotbase.sql.interruptible import Interruptible, Tick

pytestmark = pytest.mark.anyio

WHERE = {"jot_where": lambda text: threading.get_ident()}


async def test_long_texts_are_for_a_thread(make_engine: MakeEngine) -> None:
    """A call on short texts runs on the loop; on long ones, in reads and writes, it does not."""
    engine = await make_engine(functions=WHERE)
    here = threading.get_ident()
    text = "SELECT jot_where(?)"

    assert await engine.read(text, ("a" * ON_LOOP,)) == [(here,)]
    assert await engine.read(text, ("a" * (ON_LOOP + 1),)) != [(here,)]
    for size, same in ((10, True), (ON_LOOP, False)):
        found: Any = await engine.write(run(f"SELECT jot_where('{'a' * size}b')"))
        assert (found == [(here,)]) is same


async def test_what_asks_whether_to_go_on_ends_with_its_statement(
    make_engine: MakeEngine,
) -> None:
    """A function without an end is stopped by the time limit, though SQLite cannot stop a call."""

    def endless(tick: Tick, text: str) -> str:
        while True:
            tick()

    engine = await make_engine(
        functions={"jot_endless": Interruptible(endless)}, statement_timeout=100
    )

    with pytest.raises(StatementTimeout):
        await engine.read("SELECT jot_endless(?)", ("a" * 5000,))
    assert await engine.read("SELECT 1", ()) == [(1,)]


async def test_dear_operators_end_with_their_statement(make_engine: MakeEngine) -> None:
    """Objects in arrays, each compared with each, and a search in a long text, stop in time."""
    engine = await make_engine(functions=SQL_FUNCTIONS, statement_timeout=50)
    objects = "[" + ",".join(f'{{"a":[{n % 2}],"b":{n}}}' for n in range(20_000)) + "]"
    wanted = "[" + ",".join('{"a":[0],"b":19998}' for _ in range(20_000)) + "]"
    words = " ".join(f"generally{n}ing" for n in range(300_000))

    with pytest.raises(StatementTimeout):
        await engine.read("SELECT jot_contains(?, ?)", (objects, wanted))
    with pytest.raises(StatementTimeout):
        await engine.read("SELECT jot_plfts(?, 'dog', 'english')", (words,))


async def test_long_patterns_are_not_looked_for_by_sqlite(make_engine: MakeEngine) -> None:
    """What SQLite would try at each place of a text, within one step, goes the way of functions."""
    engine = await make_engine(functions=SQL_FUNCTIONS)
    text, like = "a" * 2_000_000, OPERATORS["like"].spell["sqlite"]
    for pattern, fits in (("%" + "a" * 40_000 + "b", 0), ("%" + "a" * 40_000 + "%", 1), ("%b%", 0)):
        statement = "SELECT " + like(bound(text), bound(pattern))
        assert await engine.read(statement.text, statement.params) == [(fits,)]
