"""Statements that ask for what the project's code computes, on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from tests.contract.board import CREATE, post, run_all
from tests.postgres_server import Server

from jotbase.engines.base import Session
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.engines.postgresql.write import computed_values
from jotbase.engines.postgresql.write.computed_values import Read
from jotbase.errors import JotError
from jotbase.sql.units import ComputedFor, Statement, UnitOfWork

pytestmark = pytest.mark.anyio

SHOUT = '("jotbase"."computed"(?::text::jsonb, \'jobs.shout\', to_json(title)::text) ->> 0)'
FOR = ComputedFor('{"role":"anon"}')


class Code:
    """What the project computes: titles in capitals; it notes for whom it was called."""

    def __init__(self) -> None:
        self.called: list[tuple[str, str, str]] = []

    def __call__(self, read: Read, key: str, row: str, caller: str) -> Any:
        self.called.append((key, row, caller))
        assert read("SELECT count(*) FROM jobs", ())[0][0] > 0
        return f"[{row.upper()}]"


@pytest.fixture
async def code() -> Code:
    return Code()


@pytest.fixture
async def engine(
    postgres_server: Server, code: Code, anyio_backend: Any
) -> AsyncIterator[PostgresEngine]:
    """Give an engine whose jobs are a, b and b."""
    made = PostgresEngine(await postgres_server.create(), PostgresOptions(compute=code))
    await made.open()
    await made.write(run_all(CREATE["postgres"]))
    for title in ("a", "b", "b"):
        await made.write(post(title))
    yield made
    await made.close()


async def test_code_is_called_once_for_rows_alike(engine: PostgresEngine, code: Code) -> None:
    """As the statement's caller, and what it reads is the statement's own state."""
    found = await engine.read(f"SELECT {SHOUT} AS loud FROM jobs ORDER BY id", (FOR,))

    assert found == [("A",), ("B",), ("B",)]
    assert sorted(code.called) == [("jobs.shout", f'"{one}"', str(FOR)) for one in "ab"]


async def test_what_is_computed_filters(engine: PostgresEngine) -> None:
    """Rows are chosen by what is known in the end, and not by what is asked for meanwhile."""
    text = f"SELECT count(*) FROM jobs WHERE {SHOUT} = 'B' OR {SHOUT} IS NULL"

    assert await engine.read(text, (FOR, FOR)) == [(2,)]


async def test_a_unit_may_ask(engine: PostgresEngine, code: Code) -> None:
    """It is begun again where code may run; what it wrote before it asked is written once."""

    def unit() -> UnitOfWork[list[tuple[Any, ...]]]:
        yield Statement("INSERT INTO jobs (title) VALUES ('c')")
        return (yield Statement(f"SELECT {SHOUT} FROM jobs WHERE title = 'c'", (FOR,)))

    assert await engine.write(unit) == [("C",)]
    assert await engine.read("SELECT count(*) FROM jobs", ()) == [(4,)]


async def test_a_unit_that_fails_after_it_asked_undoes_itself(engine: PostgresEngine) -> None:
    """Whatever it raises, as a unit does that asks for nothing: its call may go on."""

    def unit() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('half')")
        yield Statement(f"SELECT {SHOUT} FROM jobs", (FOR,))
        raise ValueError

    def work(session: Session) -> None:
        with suppress(ValueError):
            session.run(unit)

    await engine.call(work, reads=False)

    assert await engine.read("SELECT count(*) FROM jobs", ()) == [(3,)]


async def test_a_writing_statement_does_not_ask(engine: PostgresEngine) -> None:
    """It would have to write twice."""

    def unit() -> UnitOfWork[list[tuple[Any, ...]]]:
        return (yield Statement(f"DELETE FROM jobs WHERE {SHOUT} = 'B'", (FOR,)))

    with pytest.raises(JotError) as refused:
        await engine.write(unit)

    assert refused.value.code == "PGRST127"
    assert await engine.read("SELECT count(*) FROM jobs", ()) == [(3,)]


async def test_too_many_rows_are_refused(
    engine: PostgresEngine, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any code is called."""
    monkeypatch.setattr(computed_values, "MOST_ASKED", 1)
    with pytest.raises(JotError) as refused:
        await engine.read(f"SELECT {SHOUT} FROM jobs", (FOR,))

    assert (refused.value.code, code.called) == ("54000", [])


async def test_too_much_that_is_computed_is_refused(
    engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the code returns is held for the statement's next run, and counts as its rows do."""
    monkeypatch.setattr(computed_values, "MOST_CHARACTERS", 12)
    with pytest.raises(JotError) as refused:
        await engine.read(f"SELECT {SHOUT} FROM jobs", (FOR,))

    assert refused.value.code == "54000"


async def test_rows_are_counted_over_all_runs(
    engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that asks for others each time comes to its end as well."""
    monkeypatch.setattr(computed_values, "MOST_ASKED", 3)
    again = SHOUT.replace("to_json(title)::text", f"to_json(coalesce({SHOUT}, '') || title)::text")
    with pytest.raises(JotError) as refused:
        await engine.read(f"SELECT {again} FROM jobs", (FOR, FOR))

    assert refused.value.code == "54000"
