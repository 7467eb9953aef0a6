"""Validating stored rows against a changed schema, and converting arrays to their new item type.

In charge of validating column values before the change, and whole rows after it: only then has each
row the values that the database computes for new columns. Must not know why a schema changed
(`comparison`), or what follows from a violation (`upgrade`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jotbase.errors import Fault, JotError
from jotbase.schema.ddl.tables import column_list
from jotbase.schema.model.tables import RANGES, Column, Table, Type
from jotbase.schema.rows.check import RowCheck
from jotbase.schema.upgrading.comparison import TableChange
from jotbase.schema.upgrading.lossy_changes import broken_rows
from jotbase.schema.values.convert import canonical, loaded, stored
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import Rows, Statement, UnitOfWork
from jotbase.values import Row

#: The number of rows that are read at a time.
PAGE = 500

Faults = Callable[[Row], list[dict[str, Any]]]
#: Returns the statement that reads the page after the given one (None: the first page), None when
#: all are read; takes also how many rows were asked for before, and how many are to be now.
NextPage = Callable[[Rows | None, int, int], Statement | None]
#: The code of an engine that is to give back more bytes than it holds in memory.
_TOO_LARGE = "54000"


def check_stored_values(
    change: TableChange, only: Sequence[Any] | None = None, dialect: Dialect = SQLITE
) -> UnitOfWork[Fault | None]:
    """Validate stored values against their columns' changed schemas, before the change.

    With `only`, those of the rows with these numbers. Returns the fault of the rows that violate
    them, None if all are valid.
    """
    names = [name for name in change.columns if name in change.old.by_name]
    if not names:
        return None
    columns = [change.new.by_name[name] for name in names]
    check = RowCheck(change.new)
    keys = [change.new.by_name[name] for name in _keys(change) if name not in names]
    return (
        yield from _read(
            change,
            change.old.row_key,
            [*columns, *keys],
            lambda row: check.column_faults(_of(row, names)),
            only,
            dialect,
        )
    )


def check_stored_rows(
    change: TableChange, only: Sequence[Any] | None = None, dialect: Dialect = SQLITE
) -> UnitOfWork[Fault | None]:
    """Convert arrays to their new item type, then validate whole rows, or the values that the
    database has computed, against the changed schema.

    With `only`, validate the rows with these numbers. Returns the fault of the rows that violate
    it, None if all are valid.
    """
    if change.retyped_arrays:
        fault = yield from _convert_arrays(change, dialect)
        if fault is not None:
            return fault
    if not change.rows and not change.filled:
        return None
    check = RowCheck(change.new)

    def of_filled(row: Row) -> list[dict[str, Any]]:
        return check.column_faults(_of(row, change.filled))

    check_row: Faults = check.faults if change.rows else of_filled
    return (
        yield from _read(change, change.new.row_key, change.new.columns, check_row, only, dialect)
    )


def _keys(change: TableChange) -> Iterator[str]:
    """Yield the existing columns of the new primary key, by which messages identify rows."""
    yield from (name for name in change.new.primary_key if name in change.old.by_name)


def _of(row: Row, names: Sequence[str]) -> Row:
    return {name: row[name] for name in names if name in row}


def _read(
    change: TableChange,
    keys: Sequence[str],
    columns: Sequence[Column],
    check_row: Faults,
    only: Sequence[Any] | None,
    dialect: Dialect,
) -> UnitOfWork[Fault | None]:
    """Call `check_row` for each row; return the fault of the rows that it finds invalid."""
    count, first, asked, size = 0, "", 0, PAGE
    if only is None:
        next_page = _pages(change.new, keys, columns, dialect)
    else:
        next_page = _pages_of(change.new, keys, columns, only)
    page: Rows | None = None
    while (statement := next_page(page, asked, size)) is not None:
        try:
            page = yield statement
        except JotError as error:
            if error.code != _TOO_LARGE or size == 1:
                raise
            size //= 2
            continue
        asked += size
        for values in page:
            row = _row(columns, values[len(keys) :], dialect)
            faults = check_row(row)
            if faults:
                first = first or _described(change.new, row, faults[0])
                count += 1
    return broken_rows(change.new, count, first) if count else None


def _pages(
    table: Table, keys: Sequence[str], columns: Sequence[Column], dialect: Dialect = SQLITE
) -> NextPage:
    """Return the pages of all rows (keyset pagination)."""
    key = column_list(keys)
    names = ", ".join([key, *(_read_column(column, dialect) for column in columns)])
    select = f"SELECT {names} FROM {SQLITE.identifier(table.name)}"
    order = f" ORDER BY {key}"
    after = f"{select} WHERE ({key}) > ({', '.join('?' * len(keys))}){order}"

    def next_page(page: Rows | None, _asked: int, size: int) -> Statement | None:
        if page is None:
            return Statement(f"{select}{order} LIMIT {size}")
        return Statement(f"{after} LIMIT {size}", page[-1][: len(keys)]) if page else None

    return next_page


def _read_column(column: Column, dialect: Dialect) -> str:
    """Return the SQL of a column's value in the form that it has in SQLite."""
    name = dialect.identifier(column.name)
    if dialect.is_postgres and column.type is Type.TIMESTAMP:
        return f"to_json({name}) #>> '{{}}'"
    if dialect.is_postgres and column.type in (Type.DECIMAL, *RANGES):
        return f"{name}::text"
    return name


def _pages_of(
    table: Table, keys: Sequence[str], columns: Sequence[Column], only: Sequence[Any]
) -> NextPage:
    """Return the pages of the rows with the numbers `only`; `keys` is one column."""
    names = column_list([*keys, *(column.name for column in columns)])
    key = column_list(keys)
    text = (
        f"SELECT {names} FROM {SQLITE.identifier(table.name)} WHERE {key} IN"
        f" (SELECT value FROM json_each(?)) ORDER BY {key}"
    )
    numbers = sorted(only)

    def next_page(_page: Rows | None, asked: int, size: int) -> Statement | None:
        part = numbers[asked : asked + size]
        return Statement(text, (json.dumps(part),)) if part else None

    return next_page


def _row(columns: Sequence[Column], values: Sequence[Any], dialect: Dialect) -> Row:
    """Return a stored row in the form in which it is validated."""
    return {
        column.name: loaded(column.type, value, dialect)
        for column, value in zip(columns, values, strict=True)
        if value is not None or column.null_is_value
    }


def _described(table: Table, row: Row, fault: Mapping[str, Any]) -> str:
    key = ", ".join(f"{name} {row.get(name)}" for name in table.primary_key)
    return f"{key or 'without a key'}: {fault['pointer']} {fault['message']}"


def _convert_arrays(change: TableChange, dialect: Dialect) -> UnitOfWork[Fault | None]:
    """Rewrite the arrays whose stored text changes with the new type of their items."""
    columns = [change.new.by_name[name] for name in change.retyped_arrays]
    keys, table = change.new.row_key, SQLITE.identifier(change.new.name)
    put = ", ".join(f"{SQLITE.identifier(column.name)} = ?" for column in columns)
    where = " AND ".join(f"{SQLITE.identifier(key)} = ?" for key in keys)
    update = f"UPDATE {table} SET {put} WHERE {where}"
    next_page = _pages(change.new, keys, columns)
    page: Rows | None = None
    while (statement := next_page(page, 0, PAGE)) is not None:
        page = yield statement
        for row in page:
            key, values = row[: len(keys)], list(row[len(keys) :])
            try:
                converted = [
                    _converted(column, value, dialect)
                    for column, value in zip(columns, values, strict=True)
                ]
                if converted != values:
                    yield Statement(update, [*converted, *key])
            except JotError as error:
                if error.code[:2] in ("53", "55", "57", "58", "XX"):
                    raise
                return broken_rows(change.new, 1, f"{error.__cause__ or error.message}")
    return None


def _converted(column: Column, value: Any, dialect: Dialect) -> Any:
    """Return a stored array in its canonical form. Raises RequestError if an item does not fit."""
    array = loaded(column.type, value, dialect)
    if not isinstance(array, list):
        return value
    return stored(column.type, canonical(column, array), dialect)
