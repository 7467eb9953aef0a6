"""The fixture `serve`: backends made of the schemas that a test writes down.

In charge of stopping them after the test. Must not know what is in them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from tests.api.data_world import Serve

from jotbase.testing.wire import LoopThread


@pytest.fixture(scope="session")
def _serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    numbers = itertools.count(1)
    threads = LoopThread()
    yield Serve(threads, lambda: tmp_path_factory.mktemp(f"project{next(numbers)}"))
    threads.stop()


@pytest.fixture
def serve(_serve: Serve) -> Iterator[Serve]:
    """Return what makes a backend of schemas."""
    yield _serve
    _serve.close()
