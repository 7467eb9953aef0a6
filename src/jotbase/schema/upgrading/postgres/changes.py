"""One table compared with what it was: the statements that change it in PostgreSQL, or why not.

In charge of what ALTER TABLE does in place. Must not run anything. PostgreSQL itself holds the rows
that are there against new constraints, and refuses them in its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from jotbase.errors import Fault
from jotbase.schema.ddl.postgres.columns import (
    TYPES,
    check_condition,
    default_sql,
    dollar_quoted,
)
from jotbase.schema.ddl.postgres.tables import (
    check_constraint,
    check_name,
    column_definition,
    column_list,
    create_indexes,
    foreign_key,
    unique_constraint,
)
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import MISSING, Column, Table, Type
from jotbase.schema.upgrading import lossy_changes
from jotbase.schema.upgrading.comparison import WIDER, new_columns_like
from jotbase.sql.dialect import POSTGRES


@dataclass(frozen=True, slots=True)
class Altered:
    """What changes a table: `refused` says why it is not changed at all.

    Foreign keys go before anything else is changed in any table (`first`), and come when all keys
    that they refer to are there (`last`).
    """

    statements: list[str]
    told: list[str]
    refused: list[Fault]
    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)


def rekeyed(old: Table, new: Table) -> bool:
    """Return whether foreign keys stand in the way of a table's change: of keys, or of types."""
    types = {column.name: TYPES[column.type] for column in new.columns}
    retyped = any(types.get(one.name, TYPES[one.type]) != TYPES[one.type] for one in old.columns)
    return retyped or (old.primary_key, old.unique) != (new.primary_key, new.unique)


def altered(
    old: Table, new: Table, permits: frozenset[str], rekeyed_tables: frozenset[str] = frozenset()
) -> Altered:
    """Return what brings a table from the one to the other; see `rekeyed` for the tables."""
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
        _primary_key(found, on, old, new)
    _keys(found, on, old, new)
    _foreign_keys(found, on, old, new, rekeyed_tables)
    return found


def _foreign_keys(
    found: Altered, on: str, old: Table, new: Table, rekeyed_tables: frozenset[str]
) -> None:
    """Drop foreign keys that are no more, or in the way, and make them (again)."""
    before = {key.name: foreign_key(key) for key in old.foreign_keys}
    after = {key.name: foreign_key(key) for key in new.foreign_keys}
    moved = {
        key.name
        for key in (*old.foreign_keys, *new.foreign_keys)
        if key.target in rekeyed_tables or new.name in rekeyed_tables
    }
    for name, text in before.items():
        if after.get(name) != text or name in moved:
            dropped = f"{on} DROP CONSTRAINT IF EXISTS {POSTGRES.identifier(name)}"
            found.first.append(dropped)
        if after.get(name) != text:
            found.told.append(f"{new.name}: {name} dropped")
    for name, text in after.items():
        if before.get(name) != text or name in moved:
            found.last.append(f"{on} ADD {text}")
        if before.get(name) != text:
            found.told.append(f"{new.name}: {name} added")


def _primary_key(found: Altered, on: str, old: Table, new: Table) -> None:
    """Drop the old primary key before all else, whose columns may then be NULL; add the new one."""
    name = POSTGRES.identifier(default_name(new.name, (), "pkey"))
    numbered = tuple(column.name for column in new.columns if column.identity)
    if old.primary_key:
        found.statements.insert(0, f"{on} DROP CONSTRAINT IF EXISTS {name}")
    if new.primary_key:
        found.statements.append(
            f"{on} ADD CONSTRAINT {name} PRIMARY KEY ({column_list(new.primary_key)})"
        )
    if numbered and numbered in (old.primary_key, new.primary_key):
        key = default_name(new.name, numbered, "key")
        found.statements.append(
            f"{on} DROP CONSTRAINT IF EXISTS {POSTGRES.identifier(key)}"
            if numbered == new.primary_key
            else f"{on} ADD {unique_constraint(key, numbered)}"
        )
    found.told.append(f"{new.name}: another primary key")


_BY_HAND = "make another column or table, and move the rows"


def _drop(
    found: Altered, on: str, old: Table, new: Table, column: Column, permits: frozenset[str]
) -> None:
    if lossy_changes.permit(old.name, column.name) not in permits:
        found.refused.append(
            lossy_changes.dropped_column(new, column.name, new_columns_like(old, new, column.name))
        )
        return
    found.statements.append(f"{on} DROP COLUMN {POSTGRES.identifier(column.name)}")
    found.told.append(f"{new.name}: column {column.name} dropped, as allowed")


def _fixed(was: Column, column: Column) -> str | None:
    """Return what of a column cannot be changed in place, None if it can."""
    if TYPES[was.type] != TYPES[column.type] and (was.type, column.type) not in WIDER:
        return f"the column's type would change from {was.type_name} to {column.type_name}"
    if was.identity != column.identity:
        return "whether the column numbers the rows would change"
    if was.generated != column.generated:
        return "what the column computes would change"
    return None


def _alter(found: Altered, on: str, old: Table, new: Table, was: Column, column: Column) -> None:
    name = POSTGRES.identifier(column.name)
    before = len(found.statements)
    is_retyped = TYPES[was.type] != TYPES[column.type]
    if is_retyped or check_condition(was, old.schema) != check_condition(column, new.schema):
        called = POSTGRES.identifier(check_name(old, was))
        found.statements.append(f"{on} DROP CONSTRAINT IF EXISTS {called}")
        if is_retyped:
            found.statements.extend(_retyped(on, was, column))
            was = replace(was, default=MISSING, default_expression=None)
        found.statements.extend(f"{on} ADD {text}" for text in check_constraint(new, column))
    if was.nullable != column.nullable and not column.identity:
        filled = default_sql(column)
        if not column.nullable and filled is not None and not was.null_is_value:
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


def _retyped(on: str, was: Column, column: Column) -> Iterator[str]:
    """Yield the statements that give a column a type which holds all values of the old one."""
    name = POSTGRES.identifier(column.name)
    if (was.type, column.type) == (Type.INTEGER, Type.NUMBER):
        table = on.removeprefix("ALTER TABLE ")
        body = (
            f" BEGIN IF EXISTS (SELECT 1 FROM {table} WHERE"
            f" {name}::double precision::numeric <> {name}) THEN"
            " RAISE 'integers beyond 2^53 would be rounded'; END IF; END "
        )
        yield f"DO {dollar_quoted(body)}"
    yield f"{on} ALTER COLUMN {name} DROP DEFAULT"
    # Times as text are in the form of JSON, as they are in SQLite.
    text = f"to_json({name}) #>> '{{}}'" if was.type is Type.TIMESTAMP else f"{name}::text"
    value = text if column.type is Type.TEXT else f"({text})::{TYPES[column.type]}"
    yield f"{on} ALTER COLUMN {name} TYPE {TYPES[column.type]} USING {value}"


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
