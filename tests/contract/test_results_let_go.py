"""What a write or a call gave is let go of with its last reader: it may be large, and the next one
may come in an hour.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator

import pytest

from jotbase.engines.base import Engine
from jotbase.sql.units import PAUSE, UnitOfWork

pytestmark = pytest.mark.anyio


class Result:
    """Something that can be watched."""


def unit(pauses: int) -> UnitOfWork[Result]:
    """Write nothing, after so many pauses."""
    for _ in range(pauses):
        yield PAUSE
    return Result()


WAYS: dict[str, Callable[[Engine], Awaitable[Result]]] = {
    "a unit": lambda engine: engine.write(lambda: unit(0)),
    "a long unit": lambda engine: engine.write(lambda: unit(1)),
    "a call": lambda engine: engine.call(lambda _: Result(), reads=False),
    "a call that reads": lambda engine: engine.call(lambda _: Result(), reads=True),
}


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Have references alone keep things: the collector seldom looks at what is old."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Watch:
    """Waits until something is let go."""

    def __init__(self) -> None:
        self._gone = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def begin(self, given: object) -> None:
        """Watch it."""
        weakref.finalize(given, self._loop.call_soon_threadsafe, self._gone.set)

    async def end(self) -> None:
        """Wait. Raises TimeoutError where it is kept."""
        async with asyncio.timeout(5):
            await self._gone.wait()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("way", WAYS)
async def test_what_was_given_is_let_go(engine: Engine, way: str) -> None:
    """By the writer, and by the threads that made it."""
    watch = Watch()
    watch.begin(await WAYS[way](engine))
    await watch.end()
