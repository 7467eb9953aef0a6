"""What a database refuses is said in PostgreSQL's words, with the key that was broken."""

import asyncio

import pytest
from tests.contract.board import run
from tests.contract.conftest import MakeEngine

from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio

GIVEN = (
    "INSERT INTO companies (handle) VALUES ('acme'), ('globex')",
    "INSERT INTO jobs (title, company) VALUES ('Baker', 'acme')",
    "INSERT INTO jobs (title, company) VALUES ('Cook', 'acme')",
    "INSERT INTO teams (company, lead) VALUES ('globex', 2)",
    "INSERT INTO nodes (id, job) VALUES (1, 2)",
)


async def refused(
    engine: Engine, text: str, *values: object, given: tuple[str, ...] = GIVEN
) -> JotError:
    """Return what the engine refuses the statement with, after the given rows."""
    for one in given:
        await engine.write(run(one))
    with pytest.raises(JotError) as caught:
        await engine.write(run(text, *values))
    return caught.value


KEYS = [
    (
        "INSERT INTO jobs (id, title) VALUES (7, 'a'), (1, 'b')",
        'duplicate key value violates unique constraint "jobs_pkey"',
        "Key (id)=(1) already exists.",
    ),
    (
        "INSERT INTO jobs (title, company) VALUES ('Baker', 'acme')",
        'duplicate key value violates unique constraint "jobs_company_title_key"',
        "Key (company, title)=(acme, Baker) already exists.",
    ),
    (
        "UPDATE jobs SET title = 'Baker' WHERE title = 'Cook'",
        'duplicate key value violates unique constraint "jobs_company_title_key"',
        "Key (company, title)=(acme, Baker) already exists.",
    ),
    (
        "INSERT INTO jobs (id, title) VALUES (9, 'a'), (9, 'b')",
        'duplicate key value violates unique constraint "jobs_pkey"',
        "Key (id)=(9) already exists.",
    ),
    (
        "INSERT INTO jobs (id, title, company) VALUES (9, 'Cook', 'acme')"
        " ON CONFLICT (id) DO UPDATE SET title = excluded.title",
        'duplicate key value violates unique constraint "jobs_company_title_key"',
        "Key (company, title)=(acme, Cook) already exists.",
    ),
]


@pytest.mark.parametrize(("text", "message", "details"), KEYS)
async def test_a_second_row_with_one_key(
    engine: Engine, text: str, message: str, details: str
) -> None:
    """A broken unique constraint is named, with the values that exist already."""
    error = await refused(engine, text)

    assert (error.code, error.status, error.message) == ("23505", 409, message)
    assert error.details == details


REFERENCES = [
    (
        "INSERT INTO jobs (title, company) VALUES ('a', 'acme'), ('b', 'nobody')",
        'insert or update on table "jobs" violates foreign key constraint "jobs_company_fkey"',
        'Key (company)=(nobody) is not present in table "companies".',
    ),
    (
        "UPDATE jobs SET company = 'nobody' WHERE id = 1",
        'insert or update on table "jobs" violates foreign key constraint "jobs_company_fkey"',
        'Key (company)=(nobody) is not present in table "companies".',
    ),
    (
        "DELETE FROM companies WHERE handle = 'acme'",
        'update or delete on table "companies" violates foreign key constraint'
        ' "jobs_company_fkey" on table "jobs"',
        'Key (handle)=(acme) is still referenced from table "jobs".',
    ),
    (
        "UPDATE companies SET handle = 'new' WHERE handle = 'acme'",
        'update or delete on table "companies" violates foreign key constraint'
        ' "jobs_company_fkey" on table "jobs"',
        'Key (handle)=(acme) is still referenced from table "jobs".',
    ),
    (
        "INSERT INTO nodes (id, parent) VALUES (11, 12), (12, NULL), (13, 99)",
        'insert or update on table "nodes" violates foreign key constraint "nodes_parent_fkey"',
        'Key (parent)=(99) is not present in table "nodes".',
    ),
    (
        "DELETE FROM jobs WHERE id = 2",
        'update or delete on table "jobs" violates foreign key constraint'
        ' "teams_lead_fkey" on table "teams"',
        'Key (id)=(2) is still referenced from table "teams".',
    ),
]


@pytest.mark.parametrize(("text", "message", "details"), REFERENCES)
async def test_a_broken_reference(engine: Engine, text: str, message: str, details: str) -> None:
    """A broken foreign key is named from its side, with the key in question."""
    error = await refused(engine, text)

    assert (error.code, error.status, error.message) == ("23503", 409, message)
    assert error.details == details


async def test_a_table_that_has_given_its_last_number(engine: Engine) -> None:
    """SQLite calls it full, but the disk is not."""
    await engine.write(run("INSERT INTO jobs (id, title) VALUES (9223372036854775807, 'last')"))

    error = await refused(engine, "INSERT INTO jobs (title) VALUES ('more')", given=())

    assert (error.code, error.status) == ("2200H", 500)
    assert error.message == 'nextval: reached maximum value of the sequence of table "jobs"'


async def test_a_deferred_reference_is_held_before_the_commit_that_others_share(
    engine: Engine,
) -> None:
    """Whoever leaves it broken is refused, and nobody else."""
    made = "CREATE TABLE late (job INTEGER REFERENCES jobs (id) DEFERRABLE INITIALLY DEFERRED)"
    await engine.write(run(made))

    broken, fine = await asyncio.gather(
        engine.write(run("INSERT INTO late VALUES (99)")),
        engine.write(run("INSERT INTO companies (handle) VALUES ('acme') RETURNING handle")),
        return_exceptions=True,
    )

    assert isinstance(broken, JotError)
    assert (broken.code, broken.status) == ("23503", 409)
    assert fine == [("acme",)]


async def test_a_nameless_check_is_not_quoted(engine: Engine) -> None:
    """SQLite tells the SQL of a CHECK without a name: columns and literals that are not asked."""
    await engine.write(run("CREATE TABLE rooms (n INTEGER, pin TEXT, CHECK (n < 9 OR pin = 'x'))"))

    with pytest.raises(JotError) as told:
        await engine.write(run("INSERT INTO rooms VALUES (10, 'y')"))

    message = 'new row for relation "rooms" violates check constraint "rooms_check"'
    assert (told.value.code, told.value.message) == ("23514", message)


OTHERS = [
    (
        "INSERT INTO jobs (title) VALUES (?)", (None,), "23502", 400,
        'null value in column "title" of relation "jobs" violates not-null constraint',
    ),
    (
        "INSERT INTO jobs (title, salary) VALUES ('a', ?)", (-1,), "23514", 400,
        'new row for relation "jobs" violates check constraint "jobs_salary_check"',
    ),
    (
        "INSERT INTO jobs (title, salary) VALUES ('a', ?)", ("much",), "42804", 400,
        'column "salary" is of type bigint but expression is of type text',
    ),
    (
        "INSERT INTO jobs (title, salary) VALUES ('a', ?)", (2**63,), "22003", 400,
        "value out of range for type bigint",
    ),
    (
        "INSERT INTO jobs (title) VALUES (?)", ("\ud800",), "22P05", 400,
        "text holds half a surrogate pair, which UTF-8 lacks",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values", "code", "status", "message"), OTHERS)
async def test_a_value_that_does_not_fit(
    engine: Engine, text: str, values: tuple[object, ...], code: str, status: int, message: str
) -> None:
    """Missing, unfit and oversize values have PostgreSQL's codes."""
    error = await refused(engine, text, *values)

    assert (error.code, error.status, error.message) == (code, status, message)


async def test_a_refusal_undoes_only_what_it_must(engine: Engine) -> None:
    """Finding out which key was broken leaves no trace in rows, numbers or the change log."""
    await refused(engine, "INSERT INTO jobs (id, title) VALUES (7, 'a'), (1, 'b')")
    await engine.write(run("INSERT INTO jobs (title) VALUES ('next')"))

    assert await engine.read("SELECT id FROM jobs ORDER BY id", ()) == [(1,), (2,), (3,)]
    assert [change.number for change in await engine.changes(0)] == [1, 2, 3]


async def test_foreign_keys_hold_again_after_a_refusal(engine: Engine) -> None:
    """What was put off to find the broken key is not put off for the units beside it."""

    def unit() -> UnitOfWork[list[str]]:
        codes = []
        for _ in range(2):
            try:
                yield Statement("INSERT INTO jobs (title, company) VALUES ('a', 'nobody')")
            except JotError as error:
                codes.append(error.code)
        return codes

    assert await engine.write(unit) == ["23503", "23503"]


async def test_constraints_bear_the_names_they_are_given(make_engine: MakeEngine) -> None:
    """The composition root names constraints; unnamed ones get PostgreSQL's default."""
    engine = await make_engine(constraint=lambda kind, table, columns: f"{kind} {table} {columns}")
    await engine.write(run("CREATE TABLE t (a TEXT UNIQUE)"))
    await engine.write(run("INSERT INTO t VALUES ('x')"))
    with pytest.raises(JotError, match=r"unique constraint \"unique t \('a',\)\""):
        await engine.write(run("INSERT INTO t VALUES ('x')"))


async def test_what_nobody_foresaw_is_not_told(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown failure is a 500 without the database's text, which the log has."""
    with pytest.raises(JotError) as caught:
        await engine.read("SELECT secret FROM nowhere", ())

    assert (caught.value.code, caught.value.status) == ("PGRSTX00", 500)
    assert "nowhere" not in f"{caught.value.message}{caught.value.details}{caught.value.hint}"
    assert "nowhere" in caplog.text


async def test_a_virtual_key_of_a_table_without_row_numbers(engine: Engine) -> None:
    """Its value cannot be told; that it is taken can."""
    made = (
        "CREATE TABLE odd (k TEXT PRIMARY KEY, low TEXT AS (lower(k)) VIRTUAL UNIQUE) WITHOUT ROWID"
    )
    given = (made, "INSERT INTO odd VALUES ('a')")

    error = await refused(engine, "INSERT INTO odd VALUES ('A')", given=given)

    assert (error.code, error.details) == ("23505", None)
