"""Epochs of the change log: a cursor is valid within the epoch in which it was issued.

In charge of beginning an epoch with each start, and of ending all earlier ones when the log has a
gap that its numbers do not show. Must not know the format of a cursor
(`realtime.messages.cursors`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jotbase.schema.ddl.changelog import (
    CHANGES,
    TRANSACTIONS,
    named_triggers,
    trigger_names,
)
from jotbase.schema.ddl.constraints import literal
from jotbase.schema.model.tables import Model
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Statement, UnitOfWork

EPOCHS = "jotbase.epochs"
#: How many epochs are kept; a client that was away for more starts must read its rows again.
EPOCHS_KEPT = 1000

#: Ordered by rowid, oldest first; `after` is the newest change when the epoch began.
CREATE_EPOCHS = (
    f'CREATE TABLE IF NOT EXISTS "{EPOCHS}"'
    ' ("epoch" TEXT PRIMARY KEY NOT NULL, "after" INTEGER NOT NULL) STRICT'
)
_FOLLOWED = (
    "SELECT tbl_name FROM sqlite_schema"
    " WHERE type = 'trigger' AND name = 'jotbase.insert.' || tbl_name"
)
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"
_NEWEST = (
    f"SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = '{CHANGES}'), 0),"
    f' ifnull((SELECT max("number") FROM "{CHANGES}"), 0))'
)
_FORGET = (
    f'DELETE FROM "{EPOCHS}" WHERE rowid <= (SELECT max(rowid) FROM "{EPOCHS}") - {EPOCHS_KEPT}'
)


def unlogged_tables() -> UnitOfWork[frozenset[str]]:
    """Read the names of existing tables whose changes are not logged."""
    tables = yield Statement(_TABLES)
    followed = yield Statement(_FOLLOWED)
    return frozenset(name for (name,) in tables) - {name for (name,) in followed}


def table_names() -> UnitOfWork[frozenset[str]]:
    """Read the names of the existing tables."""
    return frozenset(name for (name,) in (yield Statement(_TABLES)))


def forget_earlier_tables(existed: frozenset[str], logged: Iterable[str]) -> UnitOfWork[None]:
    """Delete from the log what an earlier table of the same name as a new one has there.

    Its rows were never under the rules of the new one, by which they would be told.
    """
    for name in logged:
        if name not in existed:
            yield Statement(f'DELETE FROM "{CHANGES}" WHERE "table" = ?', (name,))


def forget_log() -> UnitOfWork[None]:
    """Delete all changes from the log: who resumes from before is told that there is a gap."""
    yield Statement(f'DELETE FROM "{CHANGES}"')
    yield Statement(f'DELETE FROM "{TRANSACTIONS}"')


def begin_epoch(
    epoch: str, unlogged: frozenset[str], logged: frozenset[str], *, started: bool
) -> UnitOfWork[None]:
    """Begin an epoch when the server has `started`, or when the log has a gap.

    There is a gap when changes of a table that existed without logging (`unlogged`) are logged from
    now on. All earlier epochs are deleted then, since the log lacks changes after their cursors.
    """
    gap = not unlogged.isdisjoint(logged)
    if gap:
        yield Statement(f'DELETE FROM "{EPOCHS}"')
    if gap or started:
        newest = yield Statement(_NEWEST)
        after = newest[0][0] if newest else 0
        yield Statement(f'INSERT INTO "{EPOCHS}" ("epoch", "after") VALUES (?, ?)', (epoch, after))
        yield Statement(_FORGET)


def refresh_triggers(model: Model, logged: frozenset[str]) -> UnitOfWork[None]:
    """Create the missing triggers and indexes of logged tables, replace those of another version,
    and drop those of tables that are not logged any more.
    """
    found = yield Statement(
        "SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'index')"
    )
    texts = {str(name): str(text) for name, text in found}
    for table in model:
        is_logged = table.name in logged
        wanted = named_triggers(replace(table, realtime=is_logged)) if table.view is None else {}
        there = {name for name in trigger_names(table.name) if name in texts}
        if there != wanted.keys() or any(texts[name] != text for name, text in wanted.items()):
            for name in sorted(there):
                yield Statement(f"DROP TRIGGER {SQLITE.identifier(name)}")
            for text in wanted.values():
                yield Statement(text)
        index = SQLITE.identifier(f"jotbase.looked.{table.name}")
        if is_logged and not table.realtime:
            yield Statement(
                f'CREATE INDEX IF NOT EXISTS {index} ON "{CHANGES}" ("number")'
                f' WHERE "table" = {literal(table.name)}'
            )
        elif f"jotbase.looked.{table.name}" in texts:
            yield Statement(f"DROP INDEX {index}")
