"""The task that adds new and changed rows to the full-text indexes, in batches.

In charge of the schedule. Must not know how an index is built or queried (`schema.ddl.searches`).
No search waits for it: rows that are not indexed yet are searched directly.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.schema.ddl.searches import (
    index_pending,
    pending_query,
    set_tokenizer_version,
    skip_first,
)
from jotbase.schema.model.tables import Model
from jotbase.search.lexing import lexing_version
from jotbase.sql.units import UnitOfWork

log = logging.getLogger(__name__)

#: The interval between two polls for rows to be indexed, in seconds.
POLL_SECONDS = 0.5
#: The codes of a statement or unit of work that exceeded its time limit.
TOO_LONG = ("57014", "25P04")


def check_tokenizer(model: Model) -> UnitOfWork[None]:
    """Schedule all rows for indexing again when the lexemes of a text may have changed
    (`lexing_version`).
    """
    if any(table.searches for table in model):
        from importlib.metadata import version as version_of  # 30 ms that few starts need

        yield from set_tokenizer_version(model, lexing_version(version_of("snowballstemmer")))


async def index_periodically(engine: Engine, model: Callable[[], Model]) -> None:
    """Index pending rows until cancelled; a failure is logged and tried again.

    `model` returns the current model, which a reload replaces.
    """
    if engine.dialect.is_postgres:  # PostgreSQL keeps its text search indexes itself
        return
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            left = await index_batch(engine, model())
        except JotError as error:
            log.warning("indexing failed, and is tried again: %s", error.message)
            left = False
        # Pauses as long as the batch took: indexing takes at most half of the interpreter's time.
        await asyncio.sleep(clock() - began if left else POLL_SECONDS)


async def index_batch(engine: Engine, model: Model) -> bool:
    """Index one batch of the pending rows; return whether there may be more."""
    text = pending_query(model)
    if not text or not (await engine.read_internal(text, ()))[0][0]:
        return False
    try:
        return await engine.write(lambda: index_pending(model))
    except JotError as error:
        if error.code not in TOO_LONG:
            raise
    return await _index_one(engine, model)


async def _index_one(engine: Engine, model: Model) -> bool:
    """Index the first row of a batch that exceeded the time limit; skip the row when it does so
    alone, so that the rows after it are indexed. Returns True.
    """
    try:
        return await engine.write(lambda: index_pending(model, limit=1))
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
