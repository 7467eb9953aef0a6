"""The history of the change log's numbers in PostgreSQL, and the triggers that fill the log.

In charge of what `schema.ddl.epochs` is in charge of for SQLite. Must not know what a cursor looks
like.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jotbase.schema.ddl.epochs import EPOCHS_KEPT
from jotbase.schema.ddl.postgres.changelog import TRIGGER, followed, unfollowed
from jotbase.schema.model.tables import Model
from jotbase.sql.units import Statement, UnitOfWork

_TABLES = (
    "SELECT c.relname::text FROM pg_class AS c"
    " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
)
_FOLLOWED = (
    "SELECT c.relname::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
    f" WHERE t.tgname = '{TRIGGER}' AND t.tgenabled <> 'D'"
    " AND c.relnamespace = 'public'::regnamespace"
)
_FORGET = (
    'DELETE FROM "jotbase"."epochs" WHERE "id" <='
    f' (SELECT max("id") FROM "jotbase"."epochs") - {EPOCHS_KEPT}'
)


def unlogged_tables() -> UnitOfWork[frozenset[str]]:
    """Return the tables that are there, and whose changes are not logged."""
    tables = yield Statement(_TABLES)
    logged = yield Statement(_FOLLOWED)
    return frozenset(name for (name,) in tables) - {name for (name,) in logged}


def table_names() -> UnitOfWork[frozenset[str]]:
    """Read the names of the existing tables."""
    return frozenset(name for (name,) in (yield Statement(_TABLES)))


def forget_earlier_tables(existed: frozenset[str], tables: Iterable[str]) -> UnitOfWork[None]:
    """Delete what the log has of an earlier table of a new one's name; see `schema.ddl.epochs`."""
    for name in tables:
        if name not in existed:
            for log in ("pending", "changes"):
                yield Statement(f'DELETE FROM "jotbase"."{log}" WHERE "table" = ?', (name,))


def forget_log() -> UnitOfWork[None]:
    """Delete all changes from the log; see `schema.ddl.epochs`."""
    yield Statement('SELECT "jotbase"."number_changes"()')
    for name in ("changes", "transactions"):
        yield Statement(f'DELETE FROM "jotbase"."{name}"')


def begin_epoch(
    epoch: str, silent: frozenset[str], logged: frozenset[str], *, started: bool
) -> UnitOfWork[None]:
    """Begin an epoch where the server has `started`, or the log has a gap (`silent` tables)."""
    gap = not silent.isdisjoint(logged)
    if gap:
        yield Statement('DELETE FROM "jotbase"."epochs"')
    if gap or started:
        newest = yield Statement('SELECT "jotbase"."number_changes"()')
        yield Statement(
            'INSERT INTO "jotbase"."epochs" ("epoch", "after") VALUES (?, ?)',
            (epoch, newest[0][0]),
        )
        yield Statement(_FORGET)


def refresh_triggers(model: Model, wanted: frozenset[str]) -> UnitOfWork[None]:
    """See to it that the wanted tables, and no others, have the triggers."""
    logged = {name for (name,) in (yield Statement(_FOLLOWED))}
    for table in model:
        if table.view is not None or (table.name in wanted) == (table.name in logged):
            continue
        for text in unfollowed(table):
            yield Statement(text)
        for text in followed(replace(table, realtime=table.name in wanted)):
            yield Statement(text)
