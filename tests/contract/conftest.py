"""What contract tests stand on: a fresh engine of each kind, on each event loop.

A test file marks itself with `pytest.mark.anyio` and asks for `engine`, or for `make_engine` to
choose options. PostgreSQL joins as a second entry of ENGINES.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.contract.board import CREATE, run_all

from jotbase.engines.sqlite import SqliteEngine, SqliteOptions

ENGINES = ("sqlite",)

MakeEngine = Callable[..., Awaitable[SqliteEngine]]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run each test on the standard event loop and on uvloop."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Name the engine under test."""
    return str(request.param)


@pytest.fixture
async def make_engine(engine_name: str, anyio_backend: Any) -> AsyncIterator[MakeEngine]:
    """Open engines with options of the test's own; all are closed after it."""
    async with AsyncExitStack() as stack:

        async def make(path: str = ":memory:", **options: Any) -> SqliteEngine:
            engine = SqliteEngine(path, SqliteOptions(**options))
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
