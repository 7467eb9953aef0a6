"""The history of the change log's numbers: the epochs that cursors are of.

In charge of an epoch beginning with each start, and of all earlier ones ending where the log has a
gap that its numbers do not show. Must not know what a cursor looks like (`realtime.cursors`).
"""

from __future__ import annotations

from jotbase.schema.ddl.changelog import CHANGES, named_triggers, trigger_names
from jotbase.schema.model.tables import Model
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Statement, UnitOfWork

EPOCHS = "jotbase.epochs"
#: How many are kept: who was away for more starts reads its rows again.
KEPT = 1000

#: Oldest first by the row's number; `after` is the newest change when the epoch began.
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
_FORGET = f'DELETE FROM "{EPOCHS}" WHERE rowid <= (SELECT max(rowid) FROM "{EPOCHS}") - {KEPT}'


def unlogged_tables() -> UnitOfWork[frozenset[str]]:
    """Return the tables that are there, and whose changes are not logged."""
    tables = yield Statement(_TABLES)
    followed = yield Statement(_FOLLOWED)
    return frozenset(name for (name,) in tables) - {name for (name,) in followed}


def begin_epoch(
    epoch: str, silent: frozenset[str], model: Model, *, started: bool
) -> UnitOfWork[None]:
    """Begin an epoch where the server has `started`, or the log has a gap.

    A gap is where changes of a table that was there (`silent`) are logged from now on: all earlier
    epochs are forgotten then, since no cursor from before tells of what was not logged.
    """
    gap = any(table.realtime and table.name in silent for table in model)
    if gap:
        yield Statement(f'DELETE FROM "{EPOCHS}"')
    if gap or started:
        newest = yield Statement(_NEWEST)
        after = newest[0][0] if newest else 0
        yield Statement(f'INSERT INTO "{EPOCHS}" ("epoch", "after") VALUES (?, ?)', (epoch, after))
        yield Statement(_FORGET)


def refresh_triggers(model: Model) -> UnitOfWork[None]:
    """Make the triggers of followed tables anew that are missing, or of another version."""
    found = yield Statement("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    texts = {str(name): str(text) for name, text in found}
    for table in model:
        wanted = named_triggers(table) if table.view is None else {}
        if any(texts.get(name) != text for name, text in wanted.items()):
            for name in trigger_names(table.name):
                yield Statement(f"DROP TRIGGER IF EXISTS {SQLITE.identifier(name)}")
            for text in wanted.values():
                yield Statement(text)
