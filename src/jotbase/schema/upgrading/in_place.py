"""Constraints of columns that SQLite changes in place: CHECK and NOT NULL, from 3.53.0 on.

In charge of deciding whether these suffice, and of their statements. A table that is made anew
instead holds up writers for as long as copying its rows takes. Must not know stored rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from jotbase.schema.ddl.constraints import check_condition
from jotbase.schema.ddl.tables import create_table, default_sql, is_strict
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import Column, Model, Table
from jotbase.sql.dialect import SQLITE

#: The first version with ALTER TABLE … ADD CONSTRAINT, DROP CONSTRAINT and SET NOT NULL.
FIRST_VERSION = (3, 53, 0)


def alterable_tables(old: Model, texts: Mapping[str, str], version: str) -> frozenset[str]:
    """Return the tables whose constraints can be changed in place: their CREATE TABLE in the
    database (`texts`) has each CHECK that the old model gives them, under its name.
    """
    if tuple(map(int, version.split("."))) < FIRST_VERSION:
        return frozenset()
    return frozenset(
        table.name
        for table in old
        if all(
            f"CONSTRAINT {_check_name(table, column)} CHECK" in texts.get(table.name, "")
            for column in table.columns
            if _condition(table, column)
        )
    )


def constraint_statements(old: Table, new: Table) -> list[str] | None:
    """Return the statements that change the constraints of the kept columns; None if the tables
    differ in what these cannot change. Added columns are not looked at.
    """
    kept = [column for column in new.columns if column.name in old.by_name]
    if len(kept) < len(old.columns) or is_strict(old) != is_strict(new):
        return None
    pairs = [(old.by_name[column.name], column) for column in kept]
    if any(_is_made_by_hand(was) or _is_filled(was, column) for was, column in pairs):
        return None
    alike = tuple(
        replace(was, nullable=column.nullable, schema=column.schema) for was, column in pairs
    )
    if create_table(replace(old, columns=alike, schema=new.schema)) != create_table(
        replace(new, columns=tuple(kept))
    ):
        return None
    return [text for was, column in pairs for text in _altered(old, new, was, column)]


def _is_made_by_hand(column: Column) -> bool:
    """Return whether the column's definition in the database is not known."""
    return "" in column.schema


def _is_filled(was: Column, column: Column) -> bool:
    """Return whether rows take the default of a column that becomes NOT NULL."""
    return was.nullable and not column.nullable and default_sql(column) is not None


def _altered(old: Table, new: Table, was: Column, column: Column) -> Iterator[str]:
    on = f"ALTER TABLE {SQLITE.identifier(new.name)}"
    before, after = _condition(old, was), _condition(new, column)
    if before != after:
        if before:
            yield f"{on} DROP CONSTRAINT {_check_name(old, was)}"
        if after:
            yield f"{on} ADD CONSTRAINT {_check_name(new, column)} CHECK ({after})"
    if was.nullable != column.nullable and not column.identity:
        word = "DROP" if column.nullable else "SET"
        yield f"{on} ALTER COLUMN {SQLITE.identifier(column.name)} {word} NOT NULL"


def _condition(table: Table, column: Column) -> str | None:
    return check_condition(column, table.schema, strict=is_strict(table))


def _check_name(table: Table, column: Column) -> str:
    return SQLITE.identifier(default_name(table.name, [column.name], "check"))
