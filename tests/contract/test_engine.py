"""The engine's contract: units stand or fall alone, and nothing slow holds the event loop."""

import asyncio
import threading

import pytest
from tests.contract.board import CREATE, ENDLESS, post, run, run_all
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import LARGE, Engine, aside
from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.database import result_rows as given
from jotbase.errors import JotError, RequestError, StatementTimeout, TransactionTimeout
from jotbase.sql.fragment import bound
from jotbase.sql.units import PAUSE, RolledBack, Rows, Statement, UnitOfWork

pytestmark = pytest.mark.anyio

SOON = 5
#: A read whose first run is in a thread (test_sqlite_costs).
NEEDS_A_THREAD = "SELECT count(*) FROM jobs"
MANY = (
    "INSERT INTO jobs (title) SELECT 'many ' || n FROM"
    " (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000)"
    " SELECT n FROM c) AS numbers"
)


async def titles(engine: Engine) -> list[str]:
    """Return the titles of all jobs, oldest first."""
    return [title for (title,) in await engine.read("SELECT title FROM jobs ORDER BY id", ())]


async def test_an_engine_obeys_the_protocol(engine: SqliteEngine) -> None:
    """Every engine is an Engine, to the type checker too."""
    obeying: Engine = engine

    assert obeying.dialect.name in {"sqlite", "postgres"}


async def test_a_read_returns_rows_as_tuples(engine: Engine) -> None:
    """Values are bound, and rows come back as tuples in column order."""
    assert await engine.read("SELECT ?, ?, ?, NULL", (1, "é'\"", 2.5)) == [(1, "é'\"", 2.5, None)]


async def test_a_write_returns_its_result_and_is_seen(engine: Engine) -> None:
    """What a unit returns comes back, and a read after it sees the row."""
    assert await engine.write(post("Baker")) == [(1,)]
    assert await titles(engine) == ["Baker"]


async def test_a_unit_sees_what_it_did_before(engine: Engine) -> None:
    """Later statements of a unit build on earlier ones, and fragments run as statements do."""

    def unit() -> UnitOfWork[int]:
        first = yield Statement("INSERT INTO jobs (title) VALUES (?) RETURNING id", ("a",))
        rows = yield "SELECT count(*) FROM jobs WHERE id = " + bound(first[0][0])
        return int(rows[0][0])

    assert await engine.write(unit) == 1


async def test_a_failing_unit_leaves_its_neighbours_alone(engine: Engine) -> None:
    """Of units that share a commit, one that is refused or raises is undone by itself."""

    def broken() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('lost')")
        raise LookupError("the unit's own")

    units = [post("a"), broken, post("b"), run("INSERT INTO jobs (title) VALUES (NULL)"), post("c")]
    results = await asyncio.gather(*map(engine.write, units), return_exceptions=True)

    assert [type(result).__name__ for result in results] == [
        "list", "LookupError", "list", "RequestError", "list",
    ]  # fmt: skip
    assert await titles(engine) == ["a", "b", "c"]


async def test_a_failing_unit_consumes_no_numbers(engine: Engine) -> None:
    """Neither row numbers nor change numbers are used up by what is undone."""

    def broken() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('lost')")
        raise LookupError

    results = await asyncio.gather(
        engine.write(post("a")), engine.write(broken), engine.write(post("b")),
        return_exceptions=True,
    )  # fmt: skip

    assert (results[0], results[2]) == ([(1,)], [(2,)])
    assert [change.number for change in await engine.changes(0)] == [1, 2]


async def test_a_unit_may_catch_a_refusal_and_go_on(engine: Engine) -> None:
    """A refusal is raised at the yield and undoes its statement alone."""

    def unit() -> UnitOfWork[str]:
        yield Statement("INSERT INTO jobs (title) VALUES ('kept')")
        try:
            yield Statement("INSERT INTO jobs (title) VALUES ('kept too'), (NULL)")
        except JotError as refused:
            return refused.code
        return "not refused"

    assert await engine.write(unit) == "23502"
    assert await titles(engine) == ["kept"]


async def test_a_unit_can_be_rolled_back_and_still_answer(engine: Engine) -> None:
    """RolledBack undoes the unit, and its result is what the caller gets."""

    def unit() -> UnitOfWork[Rows]:
        raise RolledBack((yield Statement("INSERT INTO jobs (title) VALUES ('x') RETURNING title")))

    assert await engine.write(unit) == [("x",)]
    assert await titles(engine) == []
    assert await engine.changes(0) == []


async def test_a_slow_read_holds_nobody_up(engine: Engine) -> None:
    """While a read runs without end, other reads and writes come to theirs."""
    slow = asyncio.ensure_future(engine.read(ENDLESS, ()))
    for number in range(20):
        await engine.write(post(f"job {number}"))
        await engine.read("SELECT title FROM jobs WHERE id = ?", (number,))

    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_more_slow_reads_than_threads_do_not_stop_cheap_ones(engine: Engine) -> None:
    """Cheap reads do not wait in line with dear ones."""
    slow = [asyncio.ensure_future(engine.read(ENDLESS, ())) for _ in range(6)]
    await engine.write(post("by now they run"))

    assert await engine.read("SELECT 1", ()) == [(1,)]
    assert not any(read.done() for read in slow)
    for read in slow:
        read.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    async with asyncio.timeout(SOON):
        assert await engine.read(NEEDS_A_THREAD, ()) == [(1,)]


async def test_a_dear_write_does_not_keep_its_neighbours_waiting(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """Once a write is known to be dear, a unit before it has its result while it still runs."""
    engine = await make_engine(statement_timeout=100)
    await engine.write(run_all(CREATE[engine_name]))
    endless = run(f"INSERT INTO jobs (title) SELECT CAST(n AS TEXT) FROM ({ENDLESS}) AS t")
    with pytest.raises(StatementTimeout):
        await engine.write(endless)
    before = asyncio.ensure_future(engine.write(post("before")))
    mark_expensive = asyncio.ensure_future(engine.write(endless))
    await before

    assert not mark_expensive.done()
    with pytest.raises(StatementTimeout):
        await mark_expensive


async def test_a_read_past_its_time_is_stopped(make_engine: MakeEngine) -> None:
    """A read that outlasts the limit raises StatementTimeout; the next read is well."""
    engine = await make_engine(statement_timeout=30)

    for _ in range(5):
        with pytest.raises(StatementTimeout):
            await engine.read(ENDLESS, ())
    assert await engine.read("SELECT 1", ()) == [(1,)]


async def test_a_write_past_its_time_is_undone_alone(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """A write that outlasts the limit is undone; units before and after it are kept."""
    engine = await make_engine(statement_timeout=50)
    await engine.write(run_all(CREATE[engine_name]))

    def slow() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('lost')")
        yield Statement(f"INSERT INTO jobs (title) SELECT CAST(n AS TEXT) FROM ({ENDLESS}) AS t")

    results = await asyncio.gather(
        engine.write(post("a")), engine.write(slow), engine.write(post("b")),
        return_exceptions=True,
    )  # fmt: skip

    assert isinstance(results[1], StatementTimeout)
    assert await titles(engine) == ["a", "b"]


async def test_a_unit_past_its_time_is_undone_alone(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """Cheap statements without end are stopped too, and a long one when the unit's time is up."""
    engine = await make_engine(unit_timeout=50)
    await engine.write(run_all(CREATE[engine_name]))

    def many() -> UnitOfWork[None]:
        while True:
            yield Statement("INSERT INTO jobs (title) VALUES ('lost')")

    results = await asyncio.gather(
        engine.write(post("a")), engine.write(many), engine.write(post("b")),
        engine.write(run(f"INSERT INTO jobs (title) SELECT CAST(n AS TEXT) FROM ({ENDLESS}) AS t")),
        return_exceptions=True,
    )  # fmt: skip

    assert (type(results[1]), type(results[3])) == (TransactionTimeout, TransactionTimeout)
    assert await titles(engine) == ["a", "b"]


async def test_an_upgrade_takes_as_long_as_it_takes(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """A unit that is not timed is held to no limit, neither the statement's nor the unit's."""
    engine = await make_engine(statement_timeout=10, unit_timeout=10)
    await engine.write(run_all(CREATE[engine_name]), timed=False)

    def both() -> UnitOfWork[None]:
        for _ in range(3):
            yield Statement(MANY)

    with pytest.raises((StatementTimeout, TransactionTimeout)):
        await engine.write(both)
    await engine.write(both, timed=False)
    # a read has its limit
    assert await engine.write(run("SELECT count(*) FROM jobs"), timed=False) == [(60_000,)]


async def test_a_write_gives_back_no_more_than_fits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would fill the memory is refused, and undone; as many rows go without being given."""
    monkeypatch.setattr(given, "MOST_GIVEN", 100_000)
    await engine.write(run(MANY))
    with pytest.raises(JotError) as caught:
        await engine.write(run("UPDATE jobs SET title = title || '!' RETURNING *"))

    assert (caught.value.code, caught.value.status) == ("54000", 413)
    assert await engine.read("SELECT count(*) FROM jobs WHERE title LIKE '%!'", ()) == [(0,)]
    await engine.write(run("UPDATE jobs SET title = title || '!'"))
    assert await engine.read("SELECT count(*) FROM jobs WHERE title LIKE '%!'", ()) == [(20_000,)]


async def test_a_dear_write_and_its_neighbours_are_all_kept(engine: Engine) -> None:
    """A write too dear for the loop starts over in a thread, and costs its neighbours nothing."""
    units = [post("a"), post("b"), run(MANY), post("c"), run(MANY)]
    results = await asyncio.gather(*map(engine.write, units))

    assert (results[0], results[1], results[3]) == ([(1,)], [(2,)], [(20003,)])
    assert await engine.read("SELECT count(*) FROM jobs", ()) == [(40003,)]
    changes = [change.number for change in await engine.changes(0, 50_000)]
    assert changes == list(range(1, 40004))


async def test_a_unit_that_pauses_is_not_begun_again(engine: Engine) -> None:
    """A unit that says itself that it is long runs in the thread from then on."""
    begun: list[str] = []

    def unit() -> UnitOfWork[None]:
        begun.append("unit")
        yield PAUSE
        yield Statement(MANY)

    await engine.write(unit)

    assert (len(await titles(engine)), begun) == (20_000, ["unit"])


async def test_the_loop_turns_while_a_unit_of_many_statements_runs(engine: Engine) -> None:
    """A long unit of cheap statements lets other work in between two of them."""

    def unit() -> UnitOfWork[None]:
        for number in range(5000):
            yield Statement("INSERT INTO jobs (title) VALUES (?)", (f"t{number}",))
        seen.append(turns)

    turns, seen = 0, list[int]()
    writing = asyncio.ensure_future(engine.write(unit))
    while not writing.done():
        await asyncio.wait([writing], timeout=0)
        turns += 1

    assert seen[0] > 2
    assert len(await titles(engine)) == 5000


async def test_a_caller_cancelled_before_its_turn_is_left_out(engine: Engine) -> None:
    """A unit whose caller went away while it waited is not run; one beside it is kept."""

    def cancels() -> UnitOfWork[None]:
        gone.cancel()
        yield Statement("INSERT INTO jobs (title) VALUES ('first')")

    first = asyncio.ensure_future(engine.write(cancels))
    gone = asyncio.ensure_future(engine.write(post("gone")))
    kept = asyncio.ensure_future(engine.write(post("kept")))
    await asyncio.gather(first, gone, kept, return_exceptions=True)

    assert gone.cancelled()
    assert await titles(engine) == ["first", "kept"]


async def test_a_caller_cancelled_in_its_turn_spoils_nothing(engine: Engine) -> None:
    """A unit whose caller goes away while it runs is committed with its neighbours."""

    def cancels() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('nobody asks')")
        gone.cancel()

    gone = asyncio.ensure_future(engine.write(cancels))
    kept = asyncio.ensure_future(engine.write(post("kept")))
    await asyncio.gather(gone, kept, return_exceptions=True)

    assert gone.cancelled()
    assert await titles(engine) == ["nobody asks", "kept"]


async def test_closing_finishes_what_is_under_way(engine: SqliteEngine) -> None:
    """Units that wait when the engine closes are committed; later calls are refused."""
    writing = [asyncio.ensure_future(engine.write(post(f"t{n}"))) for n in range(3)]
    await asyncio.wait(writing, timeout=0)
    await engine.close()

    assert [await write for write in writing] == [[(1,)], [(2,)], [(3,)]]
    with pytest.raises(JotError, match="closing"):
        await engine.write(post("late"))
    with pytest.raises(JotError, match="closing"):
        await engine.read("SELECT 1", ())


async def test_a_large_body_is_read_in_a_thread(engine: Engine) -> None:
    """A small one is read where it came in, and errors of both arrive the same way."""
    here = threading.get_ident()

    def fail() -> None:
        raise RequestError("PGRST102", "no")

    assert await aside(threading.get_ident, b"a" * LARGE) == here
    assert await aside(threading.get_ident, b"a" * (LARGE + 1)) != here
    for body in (b"", b"a" * (LARGE + 1)):
        with pytest.raises(RequestError, match="no"):
            await aside(fail, body)


async def test_what_a_unit_makes_of_many_rows_is_made_in_a_thread(engine: Engine) -> None:
    """So is all that a unit does which a dear statement has sent there; errors arrive."""
    here = threading.get_ident()
    seen: list[tuple[int, bool]] = []

    def unit(fails: bool) -> UnitOfWork[str]:
        seen.clear()
        few = yield Statement("SELECT title FROM jobs LIMIT 5")
        seen.append((len(few), threading.get_ident() == here))
        many = yield Statement("SELECT title FROM jobs")
        seen.append((len(many), threading.get_ident() == here))
        yield PAUSE
        seen.append((0, threading.get_ident() == here))
        if fails:
            raise RequestError("PGRST102", "no")
        return "done"

    await engine.write(run(MANY))
    assert await engine.write(lambda: unit(False)) == "done"
    assert seen == [(5, False), (20_000, False), (0, False)]
    with pytest.raises(RequestError, match="no"):
        await engine.write(lambda: unit(True))
