"""Migrating the database to the schema files: the tables of accounts, then the project's.

In charge of both being one unit of work. Must not know how differences are found or applied
(`schema.upgrading.upgrade`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from jotbase.auth.accounts.ddl import upgrade_tables
from jotbase.background.indexing import check_tokenizer
from jotbase.engines.base import Engine
from jotbase.errors import Fault, JotError, ProjectError
from jotbase.schema.ddl import postgres_epochs
from jotbase.schema.ddl.epochs import (
    begin_epoch,
    forget_earlier_tables,
    refresh_triggers,
    table_names,
    unlogged_tables,
)
from jotbase.schema.ddl.tables import META
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading import postgres_upgrade
from jotbase.schema.upgrading.upgrade import UpgradeResult, upgrade
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import bound, sql
from jotbase.sql.units import UnitOfWork

_META = {"sqlite": f'"{META}"', "postgres": '"jotbase"."meta"'}
#: Noted from the moment that the first tables are made until the first seeds are loaded.
_UNSEEDED = "first seeds"


async def migrate(engine: Engine, model: Model, *, started: bool = True) -> UpgradeResult:
    """Migrate the database to the model, at a start or a reload; the result is `fresh` until the
    first seeds have been loaded.

    Raises ProjectError, with the database unchanged, if the migration is refused.
    """
    epoch = secrets.token_hex(5)
    try:
        return await engine.write(
            lambda: _migrate_of(engine.dialect)(engine.dialect, model, epoch, started), timed=False
        )
    except JotError as error:
        # Not the fault of a schema file: a damaged file, a full disk, another process's lock.
        fault = Fault("database", "", f"it cannot be used: {error.message}", error.hint)
        raise ProjectError([fault]) from error


def _migrate_of(dialect: Dialect) -> Callable[..., UnitOfWork[UpgradeResult]]:
    return _migrate_postgres if dialect.is_postgres else _migrate


def _migrate_postgres(
    dialect: Dialect, model: Model, epoch: str, started: bool
) -> UnitOfWork[UpgradeResult]:
    yield from postgres_upgrade.lock()
    yield from upgrade_tables(dialect)
    existed = yield from postgres_epochs.table_names()
    unlogged = yield from postgres_epochs.unlogged_tables()
    upgraded = yield from postgres_upgrade.upgrade(model)
    yield from postgres_epochs.forget_earlier_tables(existed, model)
    yield from postgres_epochs.refresh_triggers(model)
    yield from postgres_epochs.begin_epoch(epoch, unlogged, model, started=started)
    table = _META["postgres"]
    if upgraded.fresh:
        insert = sql(f'INSERT INTO {table} ("key", "value") VALUES (') + bound(_UNSEEDED)
        yield insert + ", '') ON CONFLICT DO NOTHING"
        return upgraded
    waiting = yield sql(f'SELECT 1 FROM {table} WHERE "key" = ') + bound(_UNSEEDED)
    return replace(upgraded, fresh=bool(waiting))


def _migrate(
    dialect: Dialect, model: Model, epoch: str, started: bool
) -> UnitOfWork[UpgradeResult]:
    yield from upgrade_tables(dialect)
    existed = yield from table_names()
    unlogged = yield from unlogged_tables()
    upgraded = yield from upgrade(model)
    yield from forget_earlier_tables(existed, model)
    yield from refresh_triggers(model)
    yield from begin_epoch(epoch, unlogged, model, started=started)
    yield from check_tokenizer(model)
    if upgraded.fresh:
        insert = sql(f'INSERT OR IGNORE INTO "{META}" ("key", "value") VALUES (')
        yield insert + bound(_UNSEEDED) + ", '')"
        return upgraded
    waiting = yield sql(f'SELECT 1 FROM "{META}" WHERE "key" = ') + bound(_UNSEEDED)
    return replace(upgraded, fresh=bool(waiting))


def mark_seeded(dialect: Dialect) -> UnitOfWork[None]:
    """Record that the first seeds are loaded, in the unit of work that loads them."""
    yield sql(f'DELETE FROM {_META[dialect.name]} WHERE "key" = ') + bound(_UNSEEDED)
