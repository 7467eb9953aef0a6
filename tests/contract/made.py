"""Databases made from schema files, on a connection of the test's own, without an engine."""

from typing import Any, TypeVar

import apsw

from jotbase.auth.accounts.ddl import create as create_accounts
from jotbase.engines.sqlite.database.connection import PRAGMAS
from jotbase.errors import JotError
from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.upgrade import UpgradeResult, upgrade
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import UnitOfWork

Result = TypeVar("Result")


def empty() -> apsw.Connection:
    """Return a fresh database in memory, set as the engine sets its own, with accounts."""
    connection = apsw.Connection(":memory:")
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    for statement in create_accounts(SQLITE):
        connection.execute(statement.text)
    return connection


def drive(connection: apsw.Connection, unit: UnitOfWork[Result]) -> Result:
    """Run a unit of work as the engine does: in a savepoint, all of it or nothing."""
    connection.execute("BEGIN")
    connection.execute("SAVEPOINT unit")
    try:
        statement = next(unit)
        while True:
            try:
                rows = connection.execute(statement.text, list(statement.params)).fetchall()
            except apsw.Error as error:
                refused = JotError("PGRSTX00", "refused")
                refused.__cause__ = error
                statement = unit.throw(refused)
            else:
                statement = unit.send(rows)
    except StopIteration as stop:
        connection.execute("RELEASE unit")
        connection.execute("COMMIT")
        result: Result = stop.value
        return result
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def made(model: Model) -> apsw.Connection:
    """Return a fresh database that holds the model."""
    connection = empty()
    drive(connection, upgrade(model))
    return connection


def bring(connection: apsw.Connection, model: Model) -> UpgradeResult:
    """Bring a database to a model."""
    return drive(connection, upgrade(model))


def rows(connection: apsw.Connection, text: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what a statement gives."""
    return connection.execute(text, values).fetchall()
