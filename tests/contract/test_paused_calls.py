"""Calls whose code pauses: nobody waits for them, and nothing of theirs or others' is lost."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from tests.contract.board import CREATE, post, run, run_all
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import CALLER, Engine, Session
from jotbase.engines.calls.call_threads import CallLimits
from jotbase.engines.sqlite.write import writer_lease as lease
from jotbase.errors import CodeFailed, JotError, TransactionTimeout
from jotbase.sql.units import Rows

pytestmark = pytest.mark.anyio

TITLES = "SELECT title FROM jobs ORDER BY title"
SALARY = "SELECT salary FROM jobs WHERE id = 1"
RAISE = "UPDATE jobs SET salary = ? WHERE id = 1"


class Pause:
    """A point in the call's thread that the test waits for, and lets the thread go on from."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reached = asyncio.Event()
        self._go = threading.Event()

    def __call__(self) -> None:
        """Wait, in the thread."""
        self._loop.call_soon_threadsafe(self._reached.set)
        assert self._go.wait(20)

    async def reached(self) -> None:
        """Wait for the thread, in the test."""
        await asyncio.wait_for(self._reached.wait(), 20)

    def over(self) -> None:
        """Let the thread go on."""
        self._go.set()


async def titles(engine: Engine) -> list[str]:
    """Return the titles of all jobs, in order."""
    return [str(title) for (title,) in await engine.read(TITLES, ())]


async def while_it_pauses(
    engine: Engine, work: Callable[[Session, Pause], object], *others: Callable[[], object]
) -> object:
    """Write `others` while the call's code pauses; return what the call gives."""
    pause = Pause()
    call = asyncio.create_task(engine.call(lambda session: work(session, pause), reads=False))
    await pause.reached()
    for other in others:
        await asyncio.wait_for(engine.write(other), 20)  # type: ignore[arg-type]
    pause.over()
    return await call


async def test_code_that_pauses_before_it_writes_holds_up_nobody(engine: Engine) -> None:
    """It has no transaction that others could wait for."""

    def work(session: Session, pause: Pause) -> None:
        pause()
        session.run(post("mine"))

    await while_it_pauses(engine, work, post("other"))

    assert await titles(engine) == ["mine", "other"]


async def test_code_that_pauses_with_a_write_holds_up_nobody(engine: Engine) -> None:
    """Its write is put aside, with the number that it was given, and told as one change."""

    def work(session: Session, pause: Pause) -> Rows:
        mine = session.run(post("mine"))
        pause()
        return [*mine, *session.read("SELECT id FROM jobs ORDER BY id", ())]

    assert await while_it_pauses(engine, work, post("other")) == [(1,), (1,), (2,)]
    assert await titles(engine) == ["mine", "other"]
    assert [one.new for one in await engine.changes(0)] == [
        {"id": 2, "title": "other"},
        {"id": 1, "title": "mine"},
    ]


async def test_a_write_put_aside_is_unseen_and_may_be_undone(engine: Engine) -> None:
    """Until its end it is nobody else's, and an exception takes it back."""

    def work(session: Session, pause: Pause) -> None:
        session.run(post("mine"))
        pause()
        raise JotError("P0001", "no")

    with pytest.raises(JotError, match="no"):
        await while_it_pauses(engine, work, post("other"))

    assert await titles(engine) == ["other"]


@pytest.mark.parametrize("written", [False, True])
async def test_what_was_read_first_holds_until_the_end(engine: Engine, written: bool) -> None:
    """A call that others have overtaken is run again: no update is lost."""
    await engine.write(run("INSERT INTO jobs (title, salary) VALUES ('a', 1)"))
    runs = []

    def work(session: Session, pause: Pause) -> None:
        found = session.read(SALARY, ())[0][0]
        runs.append(found)
        if written:
            session.run(post(f"seen {found}"))
        pause()
        session.run(run(RAISE, int(str(found)) + 1))

    await while_it_pauses(engine, work, run(RAISE, 10))

    assert (runs, await engine.read(SALARY, ())) == ([1, 10], [(11,)])
    assert await titles(engine) == (["a", "seen 10"] if written else ["a"])


async def test_a_row_that_two_change_is_no_lost_update(engine: Engine) -> None:
    """The one who pauses finds its row changed, and runs again on what is there."""
    await engine.write(run("INSERT INTO jobs (title, salary) VALUES ('a', 1)"))

    def work(session: Session, pause: Pause) -> None:
        session.run(run("UPDATE jobs SET salary = salary + 1 WHERE id = 1"))
        pause()

    await while_it_pauses(engine, work, run(RAISE, 10))

    assert await engine.read(SALARY, ()) == [(11,)]


async def test_a_call_that_must_not_run_twice_is_refused(engine: Engine) -> None:
    """`again=False`: 40001, and nothing of it is kept."""
    pause = Pause()

    def work(session: Session) -> None:
        session.read(TITLES, ())
        pause()
        session.run(post("mine"))

    call = asyncio.create_task(engine.call(work, reads=False, again=False))
    await pause.reached()
    await engine.write(post("other"))
    pause.over()

    with pytest.raises(JotError, match="could not serialize access") as refused:
        await call
    assert (refused.value.code, await titles(engine)) == ("40001", ["other"])


async def test_cascades_and_keys_are_put_aside_too(engine: Engine) -> None:
    """What foreign keys did is done again by them; rows of a table without a key come along."""
    await engine.write(run("INSERT INTO companies VALUES ('acme', 'Acme'), ('b', 'B')"))
    await engine.write(run("INSERT INTO teams VALUES ('acme', NULL)"))

    def work(session: Session, pause: Pause) -> None:
        session.run(run("DELETE FROM companies WHERE handle = 'acme'"))
        session.run(run("INSERT INTO teams VALUES ('b', NULL)"))
        pause()

    await while_it_pauses(engine, work, post("other"))

    assert await engine.read("SELECT company FROM teams", ()) == [("b",)]


async def test_a_call_may_call_its_own_server(engine: Engine) -> None:
    """What it asks for in the middle is done: it waits for nothing that waits for it."""
    loop = asyncio.get_running_loop()

    def work(session: Session) -> None:
        session.run(post("mine"))
        asyncio.run_coroutine_threadsafe(engine.write(post("asked for")), loop).result(20)
        session.run(post("then"))

    await engine.call(work, reads=False)

    assert await titles(engine) == ["asked for", "mine", "then"]


@pytest.mark.parametrize("writes", [False, True])
async def test_code_that_does_nothing_is_ended_by_its_time(
    make_engine: MakeEngine, engine_name: str, writes: bool
) -> None:
    """25P04 comes when the time is over, and what the code does later is refused and undone."""
    engine = await make_engine(unit_timeout=50)
    await engine.write(run_all(CREATE[engine_name]), timed=False)
    pause, late = Pause(), Pause()

    def work(session: Session) -> None:
        if writes:
            session.run(post("mine"))
        pause()
        try:
            session.run(post("late"))
        finally:
            late()

    with pytest.raises(TransactionTimeout):
        await engine.call(work, reads=False)
    pause.over()
    await late.reached()
    late.over()
    await engine.write(post("other"))
    assert await titles(engine) == ["other"]


async def test_writes_that_cannot_be_put_aside_are_ended(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger that is not ours would act twice: such a write waits for a second at most."""
    monkeypatch.setattr(lease, "STUCK", 0.02)
    trigger = (
        "CREATE TRIGGER mine AFTER INSERT ON jobs WHEN new.title = 'mine'"
        " BEGIN INSERT INTO nodes (job) VALUES (new.id); END"
    )
    await engine.write(run(trigger))

    def work(session: Session, pause: Pause) -> None:
        session.run(post("mine"))
        pause()

    with pytest.raises(TransactionTimeout) as ended:
        await while_it_pauses(engine, work, post("other"))
    assert "cannot be put aside" in str(ended.value.hint)
    assert await titles(engine) == ["other"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration])
async def test_code_cannot_end_the_process(engine: Engine, kind: type[BaseException]) -> None:
    """What it raises is a failure of the call, and of nothing else."""

    def work(session: Session) -> None:
        session.run(post("lost"))
        raise kind

    with pytest.raises(CodeFailed, match=kind.__name__):
        await engine.call(work, reads=False)
    await engine.write(post("kept"))
    assert await titles(engine) == ["kept"]


async def test_more_calls_than_may_wait_are_refused(
    make_engine: MakeEngine, engine_name: str
) -> None:
    """503 at once; a call whose caller is gone gives its place up and never begins."""
    engine = await make_engine(calls=CallLimits(threads=1, waiting=1))
    await engine.write(run_all(CREATE[engine_name]))
    pause, left = Pause(), threading.Event()

    def gone() -> bool:
        return left.is_set()

    first = asyncio.create_task(engine.call(lambda _: pause(), reads=False))
    await pause.reached()
    second = asyncio.create_task(engine.call(lambda _: "second", reads=False, gone=gone))
    await asyncio.wait([second], timeout=0)
    with pytest.raises(JotError) as refused:
        await engine.call(lambda _: None, reads=False)
    left.set()
    third = asyncio.create_task(engine.call(lambda _: "third", reads=False))
    await asyncio.wait([third], timeout=0)
    pause.over()

    assert (refused.value.code, refused.value.status) == ("53300", 503)
    await first
    assert await third == "third"
    with pytest.raises(JotError, match="due to user request"):
        await second


async def test_one_caller_never_has_all_threads(make_engine: MakeEngine) -> None:
    """A quarter of the threads, and of the places to wait at, is left for others."""
    engine = await make_engine(calls=CallLimits(threads=4, waiting=4))
    pauses = [Pause() for _ in range(6)]

    def ask(caller: str, pause: Pause) -> asyncio.Task[object]:
        CALLER.set(caller)
        return asyncio.create_task(engine.call(lambda _: pause(), reads=True))

    mine = [ask("ada", pause) for pause in pauses[:5]]
    for pause in pauses[:3]:
        await pause.reached()
    other = ask("ben", pauses[5])
    await pauses[5].reached()
    for pause in pauses:
        pause.over()
    await asyncio.gather(*mine, other)

    full = [ask("eve", pauses[0]) for _ in range(9)]
    told = await asyncio.gather(*full, return_exceptions=True)
    assert [str(one) for one in told if one is not None] == ["too many function calls at once"] * 3


async def test_what_nobody_waits_for_is_undone(engine: Engine) -> None:
    """The write of a caller that has gone is not kept, and its code may not go on."""
    left, pause = threading.Event(), Pause()

    def work(session: Session) -> None:
        session.run(post("mine"))
        pause()
        session.run(post("late"))

    call = asyncio.create_task(engine.call(work, reads=False, gone=left.is_set))
    await pause.reached()
    left.set()
    pause.over()

    with pytest.raises(JotError, match="due to user request"):
        await call
    assert await titles(engine) == []


async def test_code_inside_a_statement_runs_in_a_thread(make_engine: MakeEngine) -> None:
    """The event loop goes on while it waits, in a read and in a write that gives it back."""
    pauses = [Pause(), Pause()]
    waiting = iter(pauses)

    def asked(read: object, title: str) -> str:
        next(waiting)()
        return title.upper()

    engine = await make_engine(connection_functions={"asked": asked})
    await engine.write(run_all(CREATE["sqlite"]))
    insert = "INSERT INTO jobs (title) VALUES ('a') RETURNING asked(title)"
    writing = asyncio.create_task(engine.write(run(insert)))
    await pauses[0].reached()
    pauses[0].over()
    assert await writing == [("A",)]

    reading = asyncio.create_task(engine.read("SELECT asked(title) FROM jobs", ()))
    await pauses[1].reached()
    pauses[1].over()
    assert await reading == [("A",)]
