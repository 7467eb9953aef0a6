"""One table compared with what it was: the statements that change it in PostgreSQL, or why not.

In charge of what ALTER TABLE does in place. Must not run anything. PostgreSQL itself holds the rows
that are there against new constraints, and refuses them in its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jotbase.errors import Fault
from jotbase.schema.ddl.postgres_columns import TYPES, check_condition, default_sql
from jotbase.schema.ddl.postgres_tables import (
    check_constraint,
    check_name,
    column_definition,
    create_indexes,
    foreign_key,
    unique_constraint,
)
from jotbase.schema.model.tables import Column, Table
from jotbase.schema.upgrading import refusals
from jotbase.schema.upgrading.comparison import new_columns_like
from jotbase.sql.dialect import POSTGRES


@dataclass(frozen=True, slots=True)
class Altered:
    """What changes a table: `refused` says why it is not changed at all."""

    statements: list[str]
    told: list[str]
    refused: list[Fault]


def altered(old: Table, new: Table, permits: frozenset[str]) -> Altered:
    """Return what brings a table from the one to the other."""
    found = Altered([], [], [])
    on = f"ALTER TABLE {POSTGRES.identifier(new.name)}"
    for column in old.columns:
        if column.name not in new.by_name:
            _drop(found, on, old, new, column, permits)
    for column in new.columns:
        was = old.by_name.get(column.name)
        if was is None:
            found.statements.append(f"{on} ADD COLUMN {column_definition(new, column)}")
            found.told.append(f"{new.name}: new column {column.name}")
        elif (reason := _fixed(was, column)) is not None:
            found.refused.append(Fault(new.file, f"/properties/{column.name}", reason, _BY_HAND))
        else:
            _alter(found, on, old, new, was, column)
    if old.primary_key != new.primary_key:
        found.refused.append(Fault(new.file, "/primaryKey", "the key would change", _BY_HAND))
    _keys(found, on, old, new)
    return found


_BY_HAND = "make another column or table, and move the rows"


def _drop(
    found: Altered, on: str, old: Table, new: Table, column: Column, permits: frozenset[str]
) -> None:
    if refusals.permit(old.name, column.name) not in permits:
        found.refused.append(
            refusals.dropped_column(new, column.name, new_columns_like(old, new, column.name))
        )
        return
    found.statements.append(f"{on} DROP COLUMN {POSTGRES.identifier(column.name)}")
    found.told.append(f"{new.name}: column {column.name} dropped, as allowed")


def _fixed(was: Column, column: Column) -> str | None:
    """Return what of a column cannot be changed in place, None if it can."""
    if TYPES[was.type] != TYPES[column.type]:
        return f"the column's type would change from {was.type_name} to {column.type_name}"
    if was.identity != column.identity:
        return "whether the column numbers the rows would change"
    if was.generated != column.generated:
        return "what the column computes would change"
    return None


def _alter(found: Altered, on: str, old: Table, new: Table, was: Column, column: Column) -> None:
    name = POSTGRES.identifier(column.name)
    before = len(found.statements)
    if check_condition(was, old.schema) != check_condition(column, new.schema):
        called = POSTGRES.identifier(check_name(old, was))
        found.statements.append(f"{on} DROP CONSTRAINT IF EXISTS {called}")
        found.statements.extend(f"{on} ADD {text}" for text in check_constraint(new, column))
    if was.nullable != column.nullable and not column.identity:
        filled = default_sql(column)
        if not column.nullable and filled is not None:
            table = POSTGRES.identifier(new.name)
            found.statements.append(f"UPDATE {table} SET {name} = {filled} WHERE {name} IS NULL")
        word = "DROP" if column.nullable else "SET"
        found.statements.append(f"{on} ALTER COLUMN {name} {word} NOT NULL")
    default = default_sql(column)
    if default_sql(was) != default and not column.identity:
        setting = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
        found.statements.append(f"{on} ALTER COLUMN {name} {setting}")
    if len(found.statements) > before:
        found.told.append(f"{new.name}: column {column.name} changed")


def _keys(found: Altered, on: str, old: Table, new: Table) -> None:
    """Drop constraints and indexes that are no more, and make new ones."""
    before, after = dict(_constraints(old)), dict(_constraints(new))
    for name, text in before.items():
        if after.get(name) != text:
            found.statements.append(f"{on} DROP CONSTRAINT IF EXISTS {POSTGRES.identifier(name)}")
            found.told.append(f"{new.name}: {name} dropped")
    for name, text in after.items():
        if before.get(name) != text:
            found.statements.append(f"{on} ADD {text}")
            found.told.append(f"{new.name}: {name} added")
    indexes, wanted = create_indexes(old), create_indexes(new)
    for name, text in indexes.items():
        if wanted.get(name) != text:
            found.statements.append(f"DROP INDEX IF EXISTS {_index_name(text)}")
    for name, text in wanted.items():
        if indexes.get(name) != text:
            found.statements.append(text)
            found.told.append(f"{new.name}: index {name} made")


def _index_name(text: str) -> str:
    return text.removeprefix("CREATE INDEX ").partition(" ON ")[0]


def _constraints(table: Table) -> Iterator[tuple[str, str]]:
    for unique in table.unique:
        yield unique.name, unique_constraint(unique.name, unique.columns)
    for key in table.foreign_keys:
        yield key.name, foreign_key(key)
