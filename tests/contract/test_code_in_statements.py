"""Code that a statement asks for in its middle: in threads that the statement can leave behind."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.contract.board import CREATE, post, run, run_all
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import Engine, Session
from jotbase.engines.calls import call_deadline
from jotbase.engines.calls.call_threads import CallLimits
from jotbase.engines.calls.code_ending import LeftBehind
from jotbase.errors import JotError, StatementTimeout, TransactionTimeout

pytestmark = pytest.mark.anyio

WAITS = "SELECT asked('waits') FROM jobs WHERE id = 1"
EACH = "SELECT title, asked('each', title) FROM jobs ORDER BY id"
GIVEN_BACK = "INSERT INTO jobs (title) VALUES ('mine') RETURNING asked('waits')"


class Code:
    """What statements ask: `waits` until the test ends, `each` a row, `deep` for itself."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began = threading.Event()
        self.refused = threading.Event()
        self.threads: list[str] = []
        self.late: list[BaseException] = []

    def __call__(self, read: Callable[..., Any], name: str, *given: str) -> object:
        """Answer a statement."""
        self.threads.append(threading.current_thread().name)
        if name == "waits":
            self.began.set()
            assert self.go.wait(20)
            try:
                read("SELECT 1", ())
            except BaseException as error:
                self.late.append(error)
                self.refused.set()
                raise
        if name == "deep":
            return read("SELECT asked('deep') FROM jobs WHERE id = 1", ())[0][0]
        return read("SELECT count(*) FROM jobs WHERE title <= ?", given)[0][0] if given else 1


@pytest.fixture
def code() -> Code:
    return Code()


@pytest.fixture
async def engine(make_engine: MakeEngine, code: Code) -> AsyncIterator[Engine]:
    """Open a database of three jobs, in which statements may take 300 ms."""
    limits = CallLimits(threads=4)
    made = await make_engine(
        connection_functions={"asked": code}, statement_timeout=300, unit_timeout=600, calls=limits
    )
    await made.write(run_all(CREATE["sqlite"]))
    for title in ("a", "b", "c"):
        await made.write(post(title))
    yield made
    code.go.set()


async def test_a_read_leaves_code_that_never_returns(engine: Engine, code: Code) -> None:
    """It ends at its time, the lane reads on, and what the code asks for later is refused."""
    with pytest.raises(StatementTimeout):
        await engine.read(WAITS, ())

    assert await engine.read(EACH, ()) == [("a", 1), ("b", 2), ("c", 3)]
    code.go.set()
    assert await asyncio.to_thread(code.refused.wait, 20)
    assert {type(error) for error in code.late} == {LeftBehind}


async def test_a_write_leaves_code_that_never_returns(engine: Engine, code: Code) -> None:
    """It is undone at its time, and others write."""
    with pytest.raises(StatementTimeout):
        await engine.write(run(GIVEN_BACK))
    await engine.write(post("other"))

    titles = await engine.read("SELECT title FROM jobs WHERE id > 3", ())
    assert titles == [("other",)]


@pytest.mark.parametrize("reads", [True, False])
async def test_a_call_leaves_code_that_never_returns(engine: Engine, reads: bool) -> None:
    """Its statement ends at its time, wherever the call has come to."""

    def work(session: Session) -> None:
        if not reads:
            session.run(post("mine"))
        session.read(WAITS, ())

    with pytest.raises(JotError, match="due to statement timeout"):
        await engine.call(work, reads=reads)
    await engine.write(post("other"))

    assert await engine.read("SELECT title FROM jobs WHERE id > 3", ()) == [("other",)]


@pytest.mark.parametrize("called", [False, True])
async def test_others_who_wait_end_code_that_holds_the_writer(
    make_engine: MakeEngine, code: Code, monkeypatch: pytest.MonkeyPatch, called: bool
) -> None:
    """Long before the statement's own time is over: 25P04."""
    monkeypatch.setattr(call_deadline, "CODE_HOLDS", 0.0)
    engine = await make_engine(connection_functions={"asked": code})
    await engine.write(run_all(CREATE["sqlite"]))

    def work(session: Session) -> None:
        session.run(run(GIVEN_BACK))

    mine = engine.call(work, reads=False) if called else engine.write(run(GIVEN_BACK))
    writing = asyncio.ensure_future(mine)
    await asyncio.to_thread(code.began.wait, 20)
    await engine.write(post("other"))

    with pytest.raises(TransactionTimeout, match="transaction timeout"):
        await writing
    code.go.set()


async def test_a_function_that_was_left_too_often_is_not_asked(engine: Engine) -> None:
    """Three of four threads are left to one at most: 53300, until one of them ends."""
    codes = []
    for _ in range(4):
        with pytest.raises(JotError) as refused:
            await engine.write(run(GIVEN_BACK))
        codes.append(refused.value.code)

    assert codes == ["57014", "57014", "57014", "53300"]
    assert await engine.read(EACH, ()) == [("a", 1), ("b", 2), ("c", 3)]


async def test_code_may_not_ask_for_itself_for_ever(engine: Engine) -> None:
    """Eight statements deep it is refused (54001)."""
    with pytest.raises(JotError, match="ask for one another too deeply"):
        await engine.read("SELECT asked('deep') FROM jobs WHERE id = 1", ())


@pytest.mark.parametrize("filtered", ["", " WHERE asked('each', title) > 1"])
async def test_rows_are_asked_for_together(engine: Engine, code: Code, filtered: str) -> None:
    """A dry run gathers them for one hand-over; what it cannot foresee is asked one by one."""
    query = f"SELECT title, asked('each', title || title) FROM jobs{filtered} ORDER BY id"

    expected = [("a", 1), ("b", 2), ("c", 3)][1 if filtered else 0 :]
    assert await engine.read(query, ()) == expected
    assert len(set(code.threads)) == 1


async def test_what_fails_ahead_fails_where_it_is_asked_for(make_engine: MakeEngine) -> None:
    """A row that is only foreseen may fail; one that is asked for is the statement's failure."""

    def asked(read: object, name: str) -> int:
        if name == "b":
            raise JotError("P0001", "no b")
        return 1

    engine = await make_engine(connection_functions={"asked": asked})
    await engine.write(run_all(CREATE["sqlite"]))
    for title in ("a", "b", "c"):
        await engine.write(post(title))

    some = "SELECT title FROM jobs WHERE asked(title) = 1 ORDER BY id LIMIT 1"
    assert await engine.read(some, ()) == [("a",)]
    with pytest.raises(JotError, match="no b"):
        await engine.read("SELECT asked(title) FROM jobs", ())


@pytest.mark.parametrize("reads", [True, False])
async def test_a_call_that_never_returns_keeps_no_state(
    make_engine: MakeEngine, tmp_path: Path, reads: bool
) -> None:
    """At its end the log can be moved into the database, whatever its code does then."""
    go = threading.Event()

    def work(session: Session) -> None:
        session.read("SELECT 1 FROM jobs", ())
        assert go.wait(20)

    path = str(tmp_path / "jobs.db")
    engine = await make_engine(path, unit_timeout=50)
    await engine.write(run_all(CREATE["sqlite"]))
    with pytest.raises(TransactionTimeout):
        await engine.call(work, reads=reads)
    await engine.write(post("other"))

    other = apsw.Connection(path)
    checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
    assert other.execute(checkpoint).fetchall() == [(0, 0, 0)]
    other.close()
    go.set()
