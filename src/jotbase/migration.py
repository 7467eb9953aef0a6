"""The database brought to what the schema files say: made anew, added to, or refused.

In charge of one unit of work that compares the model that was applied last with the files, and
applies the difference whole or not at all. Must not know what a difference is (`schema.diff`).
"""

from __future__ import annotations

from dataclasses import dataclass

from jotbase.auth.ddl import create as create_accounts
from jotbase.engines.base import Engine
from jotbase.schema.archive import dump
from jotbase.schema.ddl import META, create, internal_tables
from jotbase.schema.model import Model
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, sql
from jotbase.sql.units import UnitOfWork


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done: `fresh` says that the database was empty; `steps` are in words."""

    fresh: bool
    steps: tuple[str, ...] = ()


async def migrate(engine: Engine, model: Model) -> Migrated:
    """Bring the database to the model. Raises ProjectError, and changes nothing, if it must not."""
    return await engine.write(lambda: _migrate(engine.dialect, model))


def _migrate(dialect: Dialect, model: Model) -> UnitOfWork[Migrated]:
    for statement in (*create_accounts(dialect), *map(sql, internal_tables())):
        yield statement
    rows = yield sql(f"SELECT value FROM {dialect.identifier(META)} WHERE key = 'model'")
    if not rows:
        for statement in create(model, dialect):
            yield statement
        yield _remember(dialect, model)
        return Migrated(fresh=True)
    return Migrated(fresh=False)


def _remember(dialect: Dialect, model: Model) -> Fragment:
    table = dialect.identifier(META)
    return f"INSERT OR REPLACE INTO {table} (key, value) VALUES ('model', " + bound(dump(model)) + ")"
