"""Holding the rows of large tables against a changed schema beside the traffic, on SQLite.

In charge of doing so before the migration's transaction, in which writers wait: it has only the
rows left that were written meanwhile. Must not know how rows are checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from jotbase.engines.base import Engine
from jotbase.errors import ProjectError
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.comparison import TableChange
from jotbase.schema.upgrading.stored_rows import check_stored_rows, check_stored_values
from jotbase.schema.upgrading.touched_rows import (
    can_be_checked_ahead,
    note_touched_rows,
    rows_can_be_checked_ahead,
    take_touched_rows,
)
from jotbase.schema.upgrading.upgrade import Comparison, compared_now
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import UnitOfWork

Result = TypeVar("Result")

#: Rows of smaller tables are checked in the migration's transaction, in some 50 ms.
LARGE_TABLE = 5000


@dataclass(frozen=True, slots=True)
class EarlyCheck:
    """A check that was done: of these tables, of a database with this stored model; see
    `touched_rows` for the token.
    """

    token: str
    stored: str | None
    tables: tuple[str, ...]


async def check_early(engine: Engine, model: Model, token: str) -> EarlyCheck | None:
    """Check the rows of the large tables whose changes ask for it; None if there are none.

    Raises ProjectError, with the database unchanged, for rows that do not fit.
    """
    found = await reading(engine, compared_now(model))
    if found is None or found.steps.refusal_faults or found.renames:
        return None
    changes = await _large(engine, found)
    if not changes:
        return None
    tables = [change.old for change in changes]
    await engine.write(lambda: note_touched_rows(token, tables), timed=False)
    try:
        for change in changes:
            await _hold(engine, change)
    except BaseException:
        await engine.write(lambda: take_touched_rows(token), timed=False)
        raise
    return EarlyCheck(token, found.stored, tuple(table.name for table in tables))


async def _large(engine: Engine, found: Comparison) -> Sequence[TableChange]:
    large = []
    for change in found.steps.changed:
        if can_be_checked_ahead(change):
            some = f"SELECT 1 FROM {SQLITE.identifier(change.old.name)} LIMIT {LARGE_TABLE}"
            count = (await engine.read_internal(f"SELECT count(*) FROM ({some})", ()))[0][0]
            if count >= LARGE_TABLE:
                large.append(change)
    return large


async def _hold(engine: Engine, change: TableChange) -> None:
    """Check the rows of one table. Raises ProjectError for those that do not fit."""
    fault = await reading(engine, check_stored_values(change))
    if fault is None and rows_can_be_checked_ahead(change):
        fault = await reading(engine, check_stored_rows(change))
    if fault is not None:
        raise ProjectError([fault])


async def reading(engine: Engine, unit: UnitOfWork[Result]) -> Result:
    """Drive a unit that only reads, each statement by itself; others have their turn between."""
    try:
        statement = next(unit)
        while True:
            rows = await engine.read_internal(statement.text, statement.params)
            statement = unit.send(rows)
            await asyncio.sleep(0)
    except StopIteration as end:
        result: Result = end.value
        return result
