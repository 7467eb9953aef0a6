"""What a PostgreSQL database that was changed by hand refuses: nothing stored is told by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.board import run_all
from tests.postgres_server import Server

from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.errors import JotError
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio

MADE = (
    "CREATE TABLE doors (id bigint PRIMARY KEY, room text, pin text, n bigint,"
    " UNIQUE (room, pin) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE spies (door bigint REFERENCES doors DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO doors VALUES (1, 'a', 's3cret', 1), (2, 'b', 's3cret', 2)",
    "INSERT INTO spies VALUES (1)",
)
READS_PIN = (
    "CREATE FUNCTION reads_pin() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN NEW.n := NEW.pin::{}; RETURN NEW; END $$",
    "CREATE TRIGGER reads_pin BEFORE UPDATE ON doors FOR EACH ROW EXECUTE FUNCTION reads_pin()",
)


@pytest.fixture
async def engine(postgres_server: Server, anyio_backend: Any) -> AsyncIterator[PostgresEngine]:
    """Give an engine of doors, whose pins are nobody's to read."""
    made = PostgresEngine(await postgres_server.create(), PostgresOptions())
    await made.open()
    await made.write(run_all(MADE))
    yield made
    await made.close()


async def refused(engine: PostgresEngine, text: str) -> JotError:
    """Return the refusal of a statement; nothing of it is stored, and no part is told."""

    def unit() -> UnitOfWork[None]:
        yield Statement(text)

    with pytest.raises(JotError) as caught:
        await engine.write(unit)
    for word in ("s3cret", "spies"):
        assert word not in f"{caught.value.message} {caught.value.details} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        ("bigint", "22P02", "invalid input syntax for type bigint"),
        ("date", "22007", "invalid input syntax for type date"),
        ("int[]", "22P02", "malformed array literal"),
    ],
)
async def test_a_stored_value_that_cannot_be_converted_is_not_told(
    engine: PostgresEngine, kind: str, code: str, message: str
) -> None:
    """A trigger or a computed column may convert what the request did not say."""
    await engine.write(run_all([one.format(kind) for one in READS_PIN]))

    error = await refused(engine, "UPDATE doors SET n = 3 WHERE id = 1")
    assert (error.code, error.message) == (code, message)


async def test_what_breaks_at_the_commit_tells_no_key(engine: PostgresEngine) -> None:
    """By then nobody can tell what the request said of it."""
    taken = await refused(engine, "UPDATE doors SET room = 'a' WHERE id = 2")
    assert (taken.code, taken.message, taken.details) == (
        "23505",
        "the write violates a unique constraint",
        None,
    )
    gone = await refused(engine, "DELETE FROM doors WHERE id = 1")
    assert (gone.code, gone.message, gone.details) == (
        "23503",
        "the write violates a foreign key constraint",
        None,
    )


async def test_no_upsert_by_a_key_that_is_held_at_the_commit(engine: PostgresEngine) -> None:
    """PostgreSQL cannot tell the row that is met: a refusal, and no failure of the server."""
    text = "INSERT INTO doors VALUES (3, 'a', 'b') ON CONFLICT (room, pin) DO NOTHING"

    assert (await refused(engine, text)).code == "42P10"


async def test_an_excluded_row_is_not_told(engine: PostgresEngine) -> None:
    """PostgreSQL's details have the values of the row that is there."""
    await engine.write(
        run_all(
            [
                "ALTER TABLE doors ADD CONSTRAINT apart"
                " EXCLUDE USING gist (int8range(n, n + 1) WITH &&)"
            ]
        )
    )

    error = await refused(engine, "UPDATE doors SET n = 2 WHERE id = 1")
    assert (error.code, error.status, error.details) == ("23P01", 409, None)
