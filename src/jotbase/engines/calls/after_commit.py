"""A call of an engine, and what it leaves to be done once its transaction is committed.

In charge of dropping what an attempt left whose transaction was not. Must not know what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from jotbase.engines.base import Engine, Session
from jotbase.errors import JotError
from jotbase.sql.units import RolledBack
from jotbase.values import never_disconnected, never_ended

Result = TypeVar("Result")
Left = TypeVar("Left")


async def call_leaving(
    engine: Engine,
    work: Callable[[Session, Left], Result],
    fresh: Callable[[], Left],
    *,
    reads: bool,
    again: bool = True,
    gone: Callable[[], bool] = never_disconnected,
    ending: Callable[[], JotError | None] = never_ended,
) -> tuple[Result, Left]:
    """Run `work` as `Engine.call` does, each attempt with a `fresh` place for what it leaves, and
    with the context variables of the caller.

    Returns its result, and what the attempt that was committed has left.
    """
    context = copy_context()

    def attempt(session: Session) -> tuple[Result, Left]:
        left = fresh()
        try:
            return context.copy().run(work, session, left), left
        except RolledBack as undone:
            raise RolledBack((undone.result, fresh())) from None

    return await engine.call(attempt, reads=reads, again=again, gone=gone, ending=ending)
