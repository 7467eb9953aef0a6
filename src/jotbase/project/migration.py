"""Migrating the database to the schema files: the tables of accounts, then the project's.

In charge of both being one unit of work. Must not know how differences are found or applied
(`schema.upgrading.upgrade`).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Any

from jotbase.access.enforcement.policy import load_policy
from jotbase.auth.accounts.ddl import upgrade_tables
from jotbase.background.indexing import check_tokenizer
from jotbase.engines.base import Engine
from jotbase.errors import Fault, JotError, ProjectError
from jotbase.project.early_check import EarlyCheck, check_early, reading
from jotbase.realtime.matching.logged_rows import may_be_told_otherwise
from jotbase.realtime.matching.rules import logged_tables
from jotbase.schema.ddl.epochs import (
    begin_epoch,
    forget_earlier_tables,
    forget_log,
    refresh_triggers,
    table_names,
    unlogged_tables,
)
from jotbase.schema.ddl.migration_history import noted_migrations
from jotbase.schema.ddl.postgres import epochs as postgres_epochs
from jotbase.schema.ddl.tables import META
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.plan import Plan
from jotbase.schema.upgrading.postgres import upgrade as postgres_upgrade
from jotbase.schema.upgrading.touched_rows import CheckedAhead, take_touched_rows
from jotbase.schema.upgrading.upgrade import UpgradeResult, upgrade
from jotbase.schema.upgrading.upgrade import preview as sqlite_preview
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import bound, sql
from jotbase.sql.units import UnitOfWork
from jotbase.tasks.units import hooked_tables, keep_untold_changes

_META = {"sqlite": f'"{META}"', "postgres": '"jotbase"."meta"'}
_META_EXISTS = {
    "sqlite": f"SELECT count(*) FROM sqlite_schema WHERE name = '{META}'",
    "postgres": "SELECT to_regclass('jotbase.meta') IS NOT NULL",
}
_HISTORY_EXISTS = {
    "sqlite": "SELECT count(*) FROM sqlite_schema WHERE name = 'jotbase.migrations'",
    "postgres": "SELECT to_regclass('jotbase.migrations') IS NOT NULL",
}
#: Noted from the moment that the first tables are made until the first seeds are loaded.
_UNSEEDED = "first seeds"


async def migrate(
    engine: Engine,
    model: Model,
    by: str = "",
    *,
    started: bool = True,
    hooked: frozenset[str] | None = None,
) -> UpgradeResult:
    """Migrate the database to the model, at a start or a reload; the result is `fresh` until the
    first seeds have been loaded. `by` is noted in the history of migrations. Changes of `hooked`
    tables are logged for hooks; None for those of the last server.

    Raises ProjectError, with the database unchanged, if the migration is refused.
    """
    epoch = secrets.token_hex(5)
    try:
        if engine.dialect.is_postgres:
            return await engine.write(
                lambda: _migrate_postgres(engine.dialect, model, epoch, by, started, hooked),
                timed=False,
            )
        early = await check_early(engine, model, epoch)
        return await engine.write(
            lambda: _migrate(engine.dialect, model, epoch, by, early, started, hooked), timed=False
        )
    except JotError as error:
        raise _unusable(error) from error


def _unusable(error: JotError) -> ProjectError:
    """Return what is not the fault of a schema file: a damaged file, a full disk, a lock."""
    return ProjectError([Fault("database", "", f"it cannot be used: {error.message}", error.hint)])


async def plan(engine: Engine, model: Model) -> Plan:
    """Return what `migrate` would do, and what it would refuse; nothing is written.

    Raises ProjectError if the database cannot be read.
    """
    preview = postgres_upgrade.preview if engine.dialect.is_postgres else sqlite_preview
    try:
        return await reading(engine, preview(model))
    except JotError as error:
        raise _unusable(error) from error


async def history(engine: Engine) -> list[dict[str, Any]]:
    """Return the migrations of the database so far, oldest first; none of a new one."""
    exists = _HISTORY_EXISTS[engine.dialect.name]
    if not (await engine.read_internal(exists, ()))[0][0]:
        return []
    statement = noted_migrations(engine.dialect)
    rows = await engine.read_internal(statement.text, statement.params)
    return [
        {
            "number": number,
            "applied_at": at,
            "applied_by": by,
            "model": model,
            "changes": json.loads(changes),
            "statements": json.loads(statements),
        }
        for number, at, by, model, changes, statements in rows
    ]


def logged_by(model: Model) -> frozenset[str]:
    """Return the tables whose changes the model has logged."""
    policy = load_policy(model)
    rules = {table.name: policy.rule(table, "select").expression for table in model}
    return logged_tables(rules, model)


def _hooked(dialect: Dialect, known: frozenset[str] | None) -> UnitOfWork[frozenset[str]]:
    return known if known is not None else (yield from hooked_tables(dialect))


def _migrate_postgres(
    dialect: Dialect,
    model: Model,
    epoch: str,
    by: str,
    started: bool,
    hooked: frozenset[str] | None,
) -> UnitOfWork[UpgradeResult]:
    yield from postgres_upgrade.lock()
    yield from upgrade_tables(dialect)
    existed = yield from postgres_epochs.table_names()
    unlogged = yield from postgres_epochs.unlogged_tables()
    served = yield from _served(dialect)
    upgraded = yield from postgres_upgrade.upgrade(model, by)
    logged = logged_by(model) | (yield from _hooked(dialect, hooked))
    if _is_told_otherwise(served, model):
        yield from keep_untold_changes(dialect)
        yield from postgres_epochs.forget_log()
    yield from postgres_epochs.forget_earlier_tables(existed, logged)
    yield from postgres_epochs.refresh_triggers(model, logged)
    yield from postgres_epochs.begin_epoch(epoch, unlogged, logged, started=started)
    table = _META["postgres"]
    if upgraded.fresh:
        insert = sql(f'INSERT INTO {table} ("key", "value") VALUES (') + bound(_UNSEEDED)
        yield insert + ", '') ON CONFLICT DO NOTHING"
        return upgraded
    waiting = yield sql(f'SELECT 1 FROM {table} WHERE "key" = ') + bound(_UNSEEDED)
    return replace(upgraded, fresh=bool(waiting))


def _migrate(
    dialect: Dialect,
    model: Model,
    epoch: str,
    by: str,
    early: EarlyCheck | None,
    started: bool,
    hooked: frozenset[str] | None,
) -> UnitOfWork[UpgradeResult]:
    written = yield from take_touched_rows(epoch)
    yield from upgrade_tables(dialect)
    existed = yield from table_names()
    unlogged = yield from unlogged_tables()
    ahead = None
    if early is not None and written is not None:
        ahead = CheckedAhead(early.stored, {name: written.get(name, []) for name in early.tables})
    served = yield from _served(dialect)
    upgraded = yield from upgrade(model, by, ahead)
    logged = logged_by(model) | (yield from _hooked(dialect, hooked))
    if _is_told_otherwise(served, model):
        yield from keep_untold_changes(dialect)
        yield from forget_log()
    yield from forget_earlier_tables(existed, logged)
    yield from refresh_triggers(model, logged)
    yield from begin_epoch(epoch, unlogged, logged, started=started)
    yield from check_tokenizer(model)
    if upgraded.fresh:
        insert = sql(f'INSERT OR IGNORE INTO "{META}" ("key", "value") VALUES (')
        yield insert + bound(_UNSEEDED) + ", '')"
        return upgraded
    waiting = yield sql(f'SELECT 1 FROM "{META}" WHERE "key" = ') + bound(_UNSEEDED)
    return replace(upgraded, fresh=bool(waiting))


def _served(dialect: Dialect) -> UnitOfWork[str]:
    """Read the text of the model that the database was brought to last; an empty one if none."""
    exists = yield sql(_META_EXISTS[dialect.name])
    if not exists[0][0]:
        return serialization.dump(Model())
    rows = yield sql(f'SELECT "value" FROM {_META[dialect.name]} WHERE "key" = \'model\'')
    return str(rows[0][0]) if rows else serialization.dump(Model())


def _is_told_otherwise(served: str, model: Model) -> bool:
    """Return whether rows that were logged under the model with this text may be told otherwise."""
    if served == serialization.dump(model):  # as at most starts; to read the text takes longer
        return False
    return may_be_told_otherwise(serialization.load(served), model)


def mark_seeded(dialect: Dialect) -> UnitOfWork[None]:
    """Record that the first seeds are loaded, in the unit of work that loads them."""
    yield sql(f'DELETE FROM {_META[dialect.name]} WHERE "key" = ') + bound(_UNSEEDED)
