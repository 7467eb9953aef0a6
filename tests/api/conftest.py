"""The fixture `serve`: backends made of the schemas that a test writes down.

In charge of stopping them after the test. Must not know what is in them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from tests.api.account_world import World, opened
from tests.api.data_world import Serve
from tests.postgres_server import Server

from jotbase.engines.postgresql import PostgresEngine, PostgresOptions
from jotbase.testing.wire import LoopThread


@pytest.fixture(scope="session")
def _serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    numbers = itertools.count(1)
    threads = LoopThread()
    yield Serve(threads, lambda: tmp_path_factory.mktemp(f"project{next(numbers)}"))
    threads.stop()


ENGINES = ("sqlite", "postgres")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a backend on each engine."""
    if {"serve", "backend", "accounts"} & set(metafunc.fixturenames):
        metafunc.parametrize("database", ENGINES, indirect=True, scope="function")


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have backends keep their rows in this kind of database."""
    name = str(getattr(request, "param", "sqlite"))
    if name == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("JOTBASE_DATABASE_URL", server.url())
    return name


@pytest.fixture
def serve(_serve: Serve) -> Iterator[Serve]:
    """Return what makes a backend of schemas."""
    yield _serve
    _serve.close()


@pytest.fixture
def accounts(database: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """Give the accounts API alone, on each engine."""
    world = World()
    if database == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        world.engine = PostgresEngine(asyncio.run(server.create()), PostgresOptions())
    with opened(world):
        yield world
