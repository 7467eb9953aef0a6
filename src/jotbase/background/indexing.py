"""The full-text indexes of a running backend, kept up with the rows a few at a time.

In charge of when. Must not know how an index is made or asked (`schema.searches`); no search waits
for it, since rows whose words are not in an index yet are looked at themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.schema.ddl.searches import index_pending, note_tokenizer, pending_query, skip_first
from jotbase.schema.model.tables import Model
from jotbase.search.lexing import lexing_version
from jotbase.sql.units import UnitOfWork

log = logging.getLogger(__name__)

#: How soon rows that were written are looked for, in seconds.
LOOK_EVERY = 0.5
#: The codes of a statement, or a unit of work, that outlasted its limit.
TOO_LONG = ("57014", "25P04")


def same_words(model: Model) -> UnitOfWork[None]:
    """See to it that the indexes have the words which searches ask for."""
    if any(table.searches for table in model):
        from importlib.metadata import version as version_of  # 30 ms that few starts need

        yield from note_tokenizer(model, lexing_version(version_of("snowballstemmer")))


async def keep_indexed(engine: Engine, model: Callable[[], Model]) -> None:
    """Keep the indexes of the model up until cancelled; what fails is logged and tried again."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            left = await index_some(engine, model())
        except JotError as error:
            log.warning("indexing failed, and is tried again: %s", error.message)
            left = False
        # As long as a batch took, others have the interpreter for themselves.
        await asyncio.sleep(clock() - began if left else LOOK_EVERY)


async def index_some(engine: Engine, model: Model) -> bool:
    """Index a few rows of those that wait; return whether some are left."""
    text = pending_query(model)
    if not text or not (await engine.look(text, ()))[0][0]:
        return False
    try:
        return await engine.write(lambda: index_pending(model))
    except JotError as error:
        if error.code not in TOO_LONG:
            raise
    return await _index_one(engine, model)


async def _index_one(engine: Engine, model: Model) -> bool:
    """Index the first row of those that together took too long; one that does so alone is set
    aside, so that the others get their turn.
    """
    try:
        return await engine.write(lambda: index_pending(model, most=1))
    except JotError as error:
        if error.code not in TOO_LONG:
            raise
        for table, row in await engine.write(lambda: skip_first(model)):
            log.warning(
                "row %d of %s cannot be indexed in time (%s), and no full-text search will find"
                " it until it is written again",
                row,
                table,
                error.message,
            )
    return True
