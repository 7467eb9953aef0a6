"""Property: where a call pauses, and what others write then, changes nothing of what it does."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.board import CREATE, run, run_all

from jotbase.engines.base import Session
from jotbase.engines.sqlite import SqliteEngine
from jotbase.errors import JotError

Step = tuple[str, tuple[Any, ...]]

NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(
        st.sampled_from(
            [
                "INSERT INTO companies VALUES (?, 'x')",
                "INSERT INTO jobs (title, company) VALUES ('t', ?)",
                "INSERT INTO jobs (title, company) VALUES ('u', ?), ('t', 'a')",
                "INSERT INTO teams VALUES (?, NULL)",
                "UPDATE jobs SET salary = coalesce(salary, 0) + 1 WHERE company = ?",
                "UPDATE jobs SET salary = -1 WHERE company = ?",
                "UPDATE OR REPLACE jobs SET title = 't' WHERE company = ?",
                "INSERT INTO jobs (title, company) VALUES ('t', ?)"
                " ON CONFLICT (company, title) DO UPDATE SET salary = 7",
                "DELETE FROM companies WHERE handle = ?",
                "DELETE FROM jobs WHERE company = ?",
                "INSERT INTO nodes (id, job) SELECT 10 * id, id FROM jobs WHERE company = ?",
            ]
        ),
        st.tuples(NAMES),
    ),
    st.just(("pause", ())),
)
STATE = (
    "SELECT handle, name FROM companies WHERE handle <> 'other' ORDER BY 1",
    "SELECT title, company, salary FROM jobs WHERE title <> 'other' ORDER BY 1, 2",
    "SELECT company, lead FROM teams ORDER BY 1",
    "SELECT j.title, j.company FROM nodes n JOIN jobs j ON j.id = n.job ORDER BY 1, 2",
)
OTHER = "INSERT INTO jobs (title) VALUES ('other')"


async def outcome(steps: Sequence[Step], pauses: bool) -> tuple[list[Any], list[str]]:
    """Return the tables after the call of those steps, and what each of them was told."""
    engine = SqliteEngine(":memory:")
    await engine.open()
    loop = asyncio.get_running_loop()
    told: list[str] = []

    def work(session: Session) -> None:
        told.clear()
        for text, values in steps:
            if text != "pause":
                told.append(done(session, text, values))
            elif pauses:
                written = asyncio.run_coroutine_threadsafe(engine.write(run(OTHER)), loop)
                written.result(20)

    try:
        await engine.write(run_all(CREATE["sqlite"]))
        await engine.write(run("INSERT INTO companies VALUES ('a', 'A')"))
        await engine.call(work, reads=False)
        return [await engine.read(text, ()) for text in STATE], told
    finally:
        await engine.close()


def done(session: Session, text: str, values: tuple[Any, ...]) -> str:
    """Do a step; return what it was told."""
    try:
        session.run(run(text, *values))
    except JotError as error:
        return error.code
    return "done"


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_a_pause_changes_nothing(steps: list[Step]) -> None:
    """Rows, and refusals, are those of the same call without a pause."""
    assert asyncio.run(outcome(steps, pauses=True)) == asyncio.run(outcome(steps, pauses=False))
