"""The engine's calls: someone's own code in a thread and in a transaction of its own."""

import asyncio
from contextlib import suppress

import pytest
from tests.contract.board import CREATE, ENDLESS, post, run, run_all
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import Engine, Session
from jotbase.errors import JotError, RequestError, StatementTimeout, TransactionTimeout
from jotbase.sql.units import RolledBack, Rows, Statement, UnitOfWork

pytestmark = pytest.mark.anyio

TITLES = "SELECT title FROM jobs ORDER BY id"
INSERT = "INSERT INTO jobs (title) VALUES (?)"


def add(title: str) -> UnitOfWork[str]:
    """Store a job."""
    yield Statement(INSERT, (title,))
    return title


async def titles(engine: Engine) -> list[str]:
    """Return the titles of all jobs, oldest first."""
    return [title for (title,) in await engine.read(TITLES, ())]


async def test_a_call_reads_what_it_wrote_and_is_kept(engine: Engine) -> None:
    """Statements and units, one after another; nothing is seen outside before its end."""

    def work(session: Session) -> Rows:
        session.run(lambda: add("a"))
        session.read(INSERT, ("b",))
        return session.read(TITLES, ())

    assert await engine.call(work, reads=False) == [("a",), ("b",)]
    assert await titles(engine) == ["a", "b"]


async def test_what_a_call_raises_undoes_it(engine: Engine) -> None:
    """All of it, and nothing of its neighbours."""

    def work(session: Session) -> None:
        session.run(lambda: add("lost"))
        raise RequestError("P0001", "no")

    found = await asyncio.gather(
        engine.write(post("before")),
        engine.call(work, reads=False),
        engine.write(post("after")),
        return_exceptions=True,
    )

    assert isinstance(found[1], RequestError)
    assert await titles(engine) == ["before", "after"]


async def test_a_refused_unit_undoes_itself_alone(engine: Engine) -> None:
    """A call may catch what a unit raises, and go on."""

    def half() -> UnitOfWork[None]:
        yield Statement(INSERT, ("half",))
        raise RequestError("P0001", "no")

    def work(session: Session) -> str:
        session.run(lambda: add("kept"))
        try:
            session.run(half)
        except JotError as error:
            return error.code
        return ""

    assert await engine.call(work, reads=False) == "P0001"
    assert await titles(engine) == ["kept"]


async def test_a_call_may_undo_itself_and_answer(engine: Engine) -> None:
    """RolledBack gives the result and keeps nothing, in a reading call too."""

    def work(session: Session) -> str:
        if not session.read(TITLES, ()):
            raise RolledBack("empty")
        return "full"

    assert await engine.call(work, reads=False) == "empty"
    assert await engine.call(work, reads=True) == "empty"


async def test_a_reading_call_cannot_write(engine: Engine) -> None:
    """It is told in PostgreSQL's words."""
    with pytest.raises(RequestError, match="cannot execute INSERT in a read-only") as refused:
        await engine.call(lambda session: session.run(lambda: add("a")), reads=True)

    assert refused.value.code == "25006"


async def test_a_reading_call_sees_one_state(engine: Engine) -> None:
    """What is written meanwhile is not there for it."""
    loop = asyncio.get_running_loop()

    def work(session: Session) -> tuple[Rows, Rows]:
        before = session.read(TITLES, ())
        asyncio.run_coroutine_threadsafe(engine.write(post("new")), loop).result(20)
        return before, session.read(TITLES, ())

    assert await engine.call(work, reads=True) == ([], [])
    assert await titles(engine) == ["new"]


async def test_a_call_cannot_hide_that_another_came_between(engine: Engine) -> None:
    """Code that catches whatever it meets is run again: what it says that it wrote is there."""
    loop = asyncio.get_running_loop()
    met: list[Rows] = []

    def work(session: Session) -> str:
        met.append(session.read("SELECT salary FROM jobs", ()))
        if len(met) == 1:
            other = engine.write(run("UPDATE jobs SET salary = 1"))
            asyncio.run_coroutine_threadsafe(other, loop).result(20)
        with suppress(Exception):
            session.run(run("UPDATE jobs SET salary = salary + 10"))
        return "written"

    await engine.write(run("INSERT INTO jobs (title, salary) VALUES ('a', 0)"))

    assert await engine.call(work, reads=False) == "written"
    assert await engine.read("SELECT salary FROM jobs", ()) == [(11,)]
    assert met == [[(0,)], [(1,)]]


async def test_a_unit_cannot_hide_that_its_time_is_over(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """It may catch that a statement was cut off: what it says it wrote is there, or it is told."""
    engine = await make_engine(unit_timeout=100)
    await engine.write(run_all(CREATE[engine_name]), timed=False)

    def unit() -> UnitOfWork[list[str]]:
        yield Statement(INSERT, ("a",))
        with suppress(JotError):
            yield Statement(ENDLESS)
        return ["a"]

    try:
        written = await engine.write(unit)
    except TransactionTimeout:
        written = []

    assert await titles(engine) == written


async def test_a_call_ends_with_its_time(make_engine: MakeEngine, engine_name: str) -> None:
    """Whether in a statement or between two, and nothing that it did is kept."""
    engine = await make_engine(unit_timeout=50)
    await engine.write(run_all(CREATE[engine_name]), timed=False)

    def endless(session: Session) -> None:
        session.run(lambda: add("lost"))
        session.read(ENDLESS, ())

    def stubborn(session: Session) -> None:
        session.run(lambda: add("lost"))
        while True:
            try:
                session.read(TITLES, ())
            except TransactionTimeout:
                break
        session.run(lambda: add("late"))

    for work in (endless, stubborn):
        with pytest.raises((TransactionTimeout, StatementTimeout)):
            await engine.call(work, reads=False)
    assert await titles(engine) == []
