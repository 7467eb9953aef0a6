"""The rules of the project's views, asked of the database where they look into tables.

In charge of asking. Must not know requests, nor how a view is run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jotbase.access.language.rules import ARGUMENTS
from jotbase.auth.tokens.times import timestamp
from jotbase.engines.base import Engine, bind
from jotbase.expression.expr import Context
from jotbase.expression.judge import Env
from jotbase.expression.predicate import from_row, predicate
from jotbase.functions.api.context import caller
from jotbase.functions.api.registering import Requirement
from jotbase.functions.api.views import Holds
from jotbase.sql.fragment import sql
from jotbase.values import Row


def holds_in(engine: Engine, now: Callable[[], float], loop: asyncio.AbstractEventLoop) -> Holds:
    """Return what a view's thread asks; the event loop asks the database."""

    def holds(requirement: Requirement, arguments: Row) -> bool:
        context = Context(caller(), (), timestamp(now()))
        if requirement.local is not None:
            return requirement.local(Env({ARGUMENTS: arguments}, context)) is True
        asking = _ask(engine, requirement, arguments, context)
        return asyncio.run_coroutine_threadsafe(asking, loop).result()

    return holds


async def _ask(engine: Engine, requirement: Requirement, arguments: Row, context: Context) -> bool:
    row = from_row({ARGUMENTS: arguments}, engine.dialect)
    asked = sql("SELECT 1 WHERE ") + predicate(requirement.expression, engine.dialect, row)
    text = asked.numbered(engine.dialect.mark)
    return bool(await engine.read(text, bind(asked, context)))
