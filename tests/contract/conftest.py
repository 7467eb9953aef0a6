"""What contract tests stand on: a fresh engine of each kind, on each event loop.

A test file marks itself with `pytest.mark.anyio` and asks for `engine`, or for `make_engine` to
choose options.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.contract.board import CREATE, run_all
from tests.postgres_server import Server

from jotbase.engines.base import Engine
from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.engines.sqlite import SqliteEngine, SqliteOptions

ENGINES = ("sqlite", "postgres")
#: What is no part of the protocol: indexes of words that the server keeps itself, and code that
#: is called in the middle of a statement.
OF_SQLITE = ("test_indexing", "test_code_in_statements")

MakeEngine = Callable[..., Awaitable[SqliteEngine]]

#: Options of SQLite's alone: what its connections are given to call, and what names constraints.
_OF_SQLITE = ("functions", "asking", "connection_functions", "constraint", "image", "code")


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run each test on the standard event loop and on uvloop."""
    return "asyncio", {"use_uvloop": request.param}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for an engine on each, but what is of SQLite's files alone on that."""
    if "engine_name" in metafunc.fixturenames:
        own = metafunc.module.__name__.rpartition(".")[2] in OF_SQLITE
        own = own or metafunc.module.__name__.rpartition(".")[2].startswith("test_sqlite_")
        engines = ("sqlite",) if own else ENGINES
        metafunc.parametrize("engine_name", engines, indirect=True)


@pytest.fixture
def engine_name(request: pytest.FixtureRequest) -> str:
    """Name the engine under test."""
    return str(request.param)


@pytest.fixture
async def make_engine(
    engine_name: str, anyio_backend: Any, request: pytest.FixtureRequest
) -> AsyncIterator[MakeEngine]:
    """Open engines with options of the test's own; all are closed after it."""
    async with AsyncExitStack() as stack:

        async def make(path: str = ":memory:", **options: Any) -> Any:
            engine: Engine = SqliteEngine(path, SqliteOptions(**options))
            if engine_name == "postgres":
                server: Server = request.getfixturevalue("postgres_server")
                given = {name: one for name, one in options.items() if name not in _OF_SQLITE}
                url = await server.create() if path == ":memory:" else path
                engine = PostgresEngine(url, PostgresOptions(**given))
            await engine.open()
            stack.push_async_callback(engine.close)
            return engine

        yield make


@pytest.fixture
async def engine(make_engine: MakeEngine, engine_name: str) -> SqliteEngine:
    """Give a fresh database with the tables of `board`."""
    made = await make_engine()
    await made.write(run_all(CREATE[engine_name]))
    return made
