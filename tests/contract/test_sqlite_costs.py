"""Which statements SQLite may run on the event loop: what was dear once, and what cannot stop."""

import asyncio
from collections.abc import Iterator
from threading import current_thread, main_thread

import apsw
import pytest
from tests.contract.board import ENDLESS, post, run
from tests.contract.conftest import MakeEngine

from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.read import costs as costs_module
from jotbase.engines.sqlite.read.costs import (
    BUDGET,
    PROBATION,
    LoopTimeLimit,
    StatementCosts,
    cannot_be_stopped,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def where() -> Iterator[dict[str, list[bool]]]:
    """Note for each statement's text, run by run, whether it ran on the event loop."""
    ran: dict[str, list[bool]] = {}

    def trace(cursor: apsw.Cursor, text: str, bindings: object) -> bool:
        ran.setdefault(text, []).append(current_thread() is main_thread())
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.set_exec_trace(trace)

    apsw.connection_hooks.append(watch)
    yield ran
    apsw.connection_hooks.remove(watch)


async def test_a_cheap_read_runs_on_the_loop(
    where: dict[str, list[bool]], engine: SqliteEngine
) -> None:
    """A read by key takes no thread."""
    text = "SELECT title FROM jobs WHERE id = ?"
    await engine.read(text, (1,))

    assert where[text] == [True]


async def test_a_dear_read_goes_straight_to_a_thread_next_time(
    where: dict[str, list[bool]], make_engine: MakeEngine
) -> None:
    """What was stopped on the loop runs in a thread, and from then on only there."""
    engine = await make_engine(statement_timeout=20)
    for _ in range(2):
        await asyncio.gather(engine.read(ENDLESS, ()), return_exceptions=True)

    assert where[ENDLESS] == [True, False, False]


async def test_counting_a_table_starts_in_a_thread(
    where: dict[str, list[bool]], engine: SqliteEngine
) -> None:
    """A count that SQLite does in one step proves itself in a thread, then runs on the loop."""
    text = "SELECT count(*) FROM jobs"
    for _ in range(3):
        await engine.read(text, ())

    assert where[text] == [False, True, True]


async def test_units_and_their_generators_run_on_the_loop(
    where: dict[str, list[bool]], engine: SqliteEngine
) -> None:
    """Cheap units take no thread either; only the commit does."""
    await engine.write(post("x"))
    insert = next(text for text in where if text.startswith("INSERT INTO jobs"))

    assert where[insert] == [True]
    assert where["COMMIT"][-1] is False


async def test_a_dear_write_goes_to_the_thread_alone(
    where: dict[str, list[bool]], make_engine: MakeEngine
) -> None:
    """The dear statement moves to the thread; those of the units beside it do not."""
    engine = await make_engine(statement_timeout=30)
    await engine.write(run("CREATE TABLE t (a)"))
    mark_expensive, cheap = f"INSERT INTO t {ENDLESS}", "INSERT INTO t VALUES (1)"
    await asyncio.gather(
        engine.write(run(cheap)), engine.write(run(mark_expensive)), return_exceptions=True
    )

    assert where[mark_expensive] == [True, False]
    assert set(where[cheap]) == {True}


def test_a_debt_is_paid_by_cheap_runs() -> None:
    """After so many cheap runs in a thread a statement is back on the loop; a dear one adds."""
    costs = StatementCosts()
    costs.mark_expensive("q", ())
    costs.ran_in_thread("q", (), BUDGET)
    for _ in range(PROBATION):
        assert costs.is_expensive("q", ())
        costs.ran_in_thread("q", (), 0.0)

    assert not costs.is_expensive("q", ())


def test_sizes_are_told_apart() -> None:
    """The text that was dear with ten thousand rows is not with one."""
    costs = StatementCosts()
    costs.mark_expensive("q", ("[" + "{}," * 10_000 + "{}]",))

    assert costs.is_expensive("q", ("[" + "{}," * 9_000 + "{}]",))
    assert not costs.is_expensive("q", ("[{}]",))


def test_what_cannot_be_stopped_is_known_by_its_program() -> None:
    """Only counting a whole table is one step; a count with a condition is many."""
    cursor = apsw.Connection(":memory:").cursor()
    cursor.execute("CREATE TABLE t (a)")

    assert cannot_be_stopped(cursor, "SELECT count(*) FROM t", ())
    assert not cannot_be_stopped(cursor, "SELECT count(*) FROM t WHERE a > ?", (1,))
    assert not cannot_be_stopped(cursor, "SELECT nonsense FROM", ())


def test_time_that_others_had_the_processor_is_not_held_against_a_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The processor's time decides; by the clock a statement may take four times as much."""
    clock = {"wall": 0.0, "used": 0.0}
    monkeypatch.setattr(costs_module, "perf_counter", lambda: clock["wall"])
    monkeypatch.setattr(costs_module, "thread_time", lambda: clock["used"])
    alarm = LoopTimeLimit(apsw.Connection(":memory:"))

    def over(wall: float, used: float) -> bool:
        clock.update(wall=wall * BUDGET, used=used * BUDGET)
        return alarm._over()

    clock["wall"] = 0.0
    alarm.start()
    assert not over(0.1, 0.1)
    assert not over(2.0, 0.3)
    assert not over(2.5, 0.8)
    assert over(3.9, 1.2)

    clock["wall"] = 0.0
    alarm.start()
    assert not over(0.1, 0.1)
    assert over(4.1, 0.3)
    alarm.stop()
    assert not over(9.0, 9.0)


async def test_a_long_statement_is_prepared_in_a_thread(
    engine: SqliteEngine, where: dict[str, list[bool]]
) -> None:
    """Each time: SQLite looks at no clock while it prepares."""
    text = "SELECT 1 WHERE " + " AND ".join(["1"] * 900) + " " * 16_000
    for _ in range(3):
        assert await engine.read(text, ()) == [(1,)]
    assert where[text] == [False] * 3
