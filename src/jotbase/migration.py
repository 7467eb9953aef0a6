"""The database brought to what the schema files say: the accounts' tables, then the project's.

In charge of both being one unit of work. Must not know how a difference is found or applied
(`schema.upgrade`).
"""

from __future__ import annotations

from jotbase.auth.ddl import create
from jotbase.engines.base import Engine
from jotbase.indexing import same_words
from jotbase.schema.model import Model
from jotbase.schema.upgrade import Upgraded, upgrade
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork


async def migrate(engine: Engine, model: Model) -> Upgraded:
    """Bring the database to the model. Raises ProjectError, and changes nothing, if it must not."""
    return await engine.write(lambda: _migrate(engine.dialect, model), timed=False)


def _migrate(dialect: Dialect, model: Model) -> UnitOfWork[Upgraded]:
    for statement in create(dialect):  # noqa: UP028 - a list cannot be sent rows
        yield statement
    upgraded = yield from upgrade(model)
    yield from same_words(model)
    return upgraded
