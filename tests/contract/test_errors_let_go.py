"""An error is let go of with its last reader, and the rows in the frames it came by too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.contract.test_results_let_go import Result, Watch, no_collector, unit

from jotbase.engines.base import Engine, Session
from jotbase.errors import RequestError
from jotbase.sql.units import UnitOfWork

__all__ = ["no_collector"]

pytestmark = pytest.mark.anyio


class Failed(RequestError):
    """An error that can be watched."""


def failing(pauses: int) -> UnitOfWork[Result]:
    """Fail, after so many pauses."""
    yield from unit(pauses)
    raise Failed("22000", "no")


def broken(session: Session) -> Result:
    """Fail in a call."""
    raise Failed("22000", "no")


WAYS: dict[str, Callable[[Engine], Awaitable[Result]]] = {
    "a unit": lambda engine: engine.write(lambda: failing(0)),
    "a long unit": lambda engine: engine.write(lambda: failing(1)),
    "a call": lambda engine: engine.call(broken, reads=True),
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("way", WAYS)
async def test_an_error_is_let_go(engine: Engine, way: str) -> None:
    """No frame of its traceback holds what holds the error."""
    watch = Watch()
    try:
        await WAYS[way](engine)
    except RequestError as error:
        watch.begin(error)
    await watch.end()
