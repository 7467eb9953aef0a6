"""Any model brought to any other on PostgreSQL: it is then what a fresh database would be."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.postgres_server import Server
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.engines.base import Engine
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.errors import ProjectError, RequestError
from jotbase.project.migration import migrate, plan
from jotbase.schema.model.tables import Model
from jotbase.sql.units import Statement, UnitOfWork

MOMENT = {"type": "string", "format": "date-time"}
#: Columns by name, each in several forms; values of the first form are stored.
FORMS: dict[str, list[dict[str, Any]]] = {
    "n": [NUMBER, {**NUMBER, "minimum": 2}, {"type": "number"}, {**NUMBER, "default": 3}],
    "a": [TEXT, {**TEXT, "maxLength": 3}, {**TEXT, "pattern": "^(?!l)"}, {**TEXT, "default": "d"}],
    "at": [MOMENT, TEXT, {**MOMENT, "default": "2026-01-01T00:00:00Z"}],
}  # fmt: skip
#: What a database is: columns, constraints and indexes; in PostgreSQL's own words.
SHAPE = (
    "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text,"
    " coalesce(column_default, '')::text FROM information_schema.columns"
    " WHERE table_schema = 'public' UNION ALL"
    " SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), '', ''"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' UNION ALL"
    " SELECT tablename::text, indexname::text, indexdef, '', '' FROM pg_indexes"
    " WHERE schemaname = 'public' ORDER BY 1, 2, 3"
)
NAMES = {"n": "m", "a": "b", "at": "on"}


@st.composite
def projects(draw: st.DrawFn, *, renames: bool) -> Model:
    """Make a project of one table and one that refers to it."""
    renamed = {name for name in NAMES if renames and draw(st.integers(0, 3)) == 0}
    columns: dict[str, Any] = {"id": ID}
    for name, forms in FORMS.items():
        form = draw(st.sampled_from(forms))
        columns[NAMES[name] if name in renamed else name] = (
            {**form, "renamedFrom": name} if name in renamed else form
        )
    own = [name for name in columns if name != "id"]
    table = "s" if renames and draw(st.integers(0, 3)) == 0 else "t"
    keys = st.lists(st.sampled_from(own), min_size=1, max_size=2, unique=True)
    file = table_file(
        columns,
        primaryKey=draw(st.sampled_from([["id"], ["id"], [own[0]], [own[1], "id"]])),
        required=[name for name in own if draw(st.integers(0, 3)) == 0],
        unique=[draw(keys)] if draw(st.booleans()) else [],
        indexes=[draw(keys)] if draw(st.booleans()) else [],
        realtime=draw(st.booleans()),
        **({"renamedFrom": "t"} if table == "s" else {}),
    )
    refers = {"references": f"{table}.id"} if file["primaryKey"] == ["id"] else {}
    other = table_file({"t": {**NUMBER, **refers}})
    return model(**{table: file, "u": other})


async def opened(server: Server) -> PostgresEngine:
    """Return an engine on an empty database."""
    engine = PostgresEngine(await server.create(), PostgresOptions())
    await engine.open()
    return engine


async def held(engine: Engine, model_: Model) -> Any:
    """Return the rows, without the names of their columns."""
    table = next(one for one in model_ if one.name != "u")
    names = ", ".join(f'"{column.name}"::text' for column in table.columns[:3])
    return await engine.read_internal(f'SELECT {names} FROM "{table.name}" ORDER BY id', ())


def put_in() -> UnitOfWork[None]:
    """Put in two rows that fit most models, and one that refers to them."""
    yield Statement("INSERT INTO t (n, a, at) VALUES (2, 'x', '2026-01-31T12:00:00+00:00')")
    yield Statement("INSERT INTO t (n, a, at) VALUES (7, 'long', '2026-02-01T00:00:00+00:00')")
    yield Statement("INSERT INTO u (t) VALUES (1)")


async def compare(server: Server, old: Model, new: Model) -> str:
    """Migrate from the one to the other, and hold the outcome against a fresh database."""
    engine, fresh = await opened(server), await opened(server)
    try:
        await migrate(engine, old)
        try:
            await engine.write(put_in)
            before = await held(engine, old)
            await migrate(engine, new, started=False)
        except ProjectError as error:
            assert await held(engine, old) == before
            return "refused: " + error.faults[0].reason[:30]
        except RequestError:
            return "the rows do not fit the old model"
        await migrate(fresh, new)
        shapes = [set(await one.read_internal(SHAPE, ())) for one in (engine, fresh)]
        assert (shapes[0] - shapes[1], shapes[1] - shapes[0]) == (set(), set())
        assert len(await held(engine, new)) == len(before)
        assert not (await plan(engine, new)).is_pending
        return "applied"
    finally:
        await engine.close()
        await fresh.close()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(projects(renames=False), projects(renames=True))
def test_a_migrated_database_is_as_a_fresh_one(
    postgres_server: Server, old: Model, new: Model
) -> None:
    """Columns, constraints and indexes are the same, rows are kept; refused, nothing changed."""
    event(asyncio.run(compare(postgres_server, old, new)))
