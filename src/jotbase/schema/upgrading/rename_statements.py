"""Renamed tables and columns as statements: of the names, and of what is named after them.

In charge of bringing a database to the old model under its new names. Must not know what is
renamed (`renames`). Both databases follow a new name in foreign keys, indexes and views.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jotbase.schema.ddl import searches, tables
from jotbase.schema.ddl.changelog import trigger_names, triggers
from jotbase.schema.ddl.constraints import check_condition
from jotbase.schema.ddl.postgres import tables as postgres_tables
from jotbase.schema.ddl.postgres.columns import check_condition as postgres_condition
from jotbase.schema.ddl.tables import is_strict
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import Column, Table
from jotbase.schema.upgrading.renames import Renamed
from jotbase.sql.dialect import POSTGRES, SQLITE, Dialect


def sqlite_renames(one: Renamed, *, in_place: bool) -> Iterator[str]:
    """Yield the statements for SQLite; names of CHECKs are changed if that can be done `in_place`.

    Triggers of the change log name columns as text, which SQLite does not follow.
    """
    old, new = one.old, one.new
    if old.realtime:
        for trigger in trigger_names(old.name):
            yield f"DROP TRIGGER IF EXISTS {SQLITE.identifier(trigger)}"
    for search in old.searches:
        yield from searches.drop_statements(search)
    yield from _names(one, SQLITE)
    before, after = tables.create_indexes(old), tables.create_indexes(new)
    for name in before:
        if name not in after:
            yield f"DROP INDEX IF EXISTS {SQLITE.identifier(name)}"
    yield from (text for name, text in after.items() if name not in before)
    if in_place:
        yield from _checks(old, new)
    yield from triggers(new)


def has_renamed_checks(one: Renamed) -> bool:
    """Return whether a CHECK of SQLite is to have another name."""
    return next(_checks(one.old, one.new), None) is not None


def _names(one: Renamed, dialect: Dialect) -> Iterator[str]:
    name = dialect.identifier(one.new.name)
    if one.old.name != one.new.name:
        yield f"ALTER TABLE {dialect.identifier(one.old.name)} RENAME TO {name}"
    for old, new in one.columns.items():
        yield (
            f"ALTER TABLE {name} RENAME COLUMN {dialect.identifier(old)}"
            f" TO {dialect.identifier(new)}"
        )


def _checks(old: Table, new: Table) -> Iterator[str]:
    on = f"ALTER TABLE {SQLITE.identifier(new.name)}"
    for was, column in zip(old.columns, new.columns, strict=True):
        condition = check_condition(column, new.schema, strict=is_strict(new))
        before, after = _check_name(old, was), _check_name(new, column)
        if condition and before != after:
            yield f"{on} DROP CONSTRAINT {SQLITE.identifier(before)}"
            yield f"{on} ADD CONSTRAINT {SQLITE.identifier(after)} CHECK ({condition})"


def _check_name(table: Table, column: Column) -> str:
    return default_name(table.name, [column.name], "check")


def postgres_renames(one: Renamed) -> Iterator[str]:
    """Yield the statements for PostgreSQL: names alone, in no time."""
    old, new = one.old, one.new
    kept = postgres_tables.create_indexes(_without_searches(old))
    for name, text in postgres_tables.create_indexes(old).items():
        if name not in kept:
            yield f"DROP INDEX IF EXISTS {_index(text)}"
    yield from _names(one, POSTGRES)
    on = f"ALTER TABLE {POSTGRES.identifier(new.name)} RENAME CONSTRAINT"
    for before, after in zip(_constraints(old), _constraints(new), strict=True):
        if before != after:
            yield f"{on} {POSTGRES.identifier(before)} TO {POSTGRES.identifier(after)}"
    indexes = postgres_tables.create_indexes(new).values()
    for was, now in zip(kept.values(), indexes, strict=True):
        if _index(was) != _index(now):
            yield f"ALTER INDEX {_index(was)} RENAME TO {_index(now)}"


def _without_searches(table: Table) -> Table:
    return replace(table, searches=())


def _index(text: str) -> str:
    return text.removeprefix("CREATE INDEX ").partition(" ON ")[0]


def _constraints(table: Table) -> Iterator[str]:
    if table.primary_key:
        yield default_name(table.name, (), "pkey")
    # What numbers the rows is unique, under the name that PostgreSQL itself gives.
    if table.row_key != table.primary_key:
        yield default_name(table.name, table.row_key, "key")
    yield from (one.name for one in table.unique)
    yield from (key.name for key in table.foreign_keys)
    for column in table.columns:
        if postgres_condition(column, table.schema):
            yield postgres_tables.check_name(table, column)
