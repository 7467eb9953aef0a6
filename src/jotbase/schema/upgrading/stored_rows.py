"""Rows that are there held against a changed schema, and brought into its forms.

In charge of which values are looked at before anything changes, and of whole rows once the change
is made: only then has each row what the database itself puts into new columns. Must not know why a
schema changed (`comparison`), or what is done where a row does not fit (`upgrade`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jotbase.errors import Fault, JotError
from jotbase.schema.ddl.tables import column_list
from jotbase.schema.model.tables import Column, Table
from jotbase.schema.rows.check import RowCheck
from jotbase.schema.upgrading.comparison import TableChange
from jotbase.schema.upgrading.refusals import broken_rows
from jotbase.schema.values.convert import canonical, loaded, stored
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.values import Row

#: Rows read at a time.
PAGE = 500

Faults = Callable[[Row], list[dict[str, Any]]]


def check_stored_values(change: TableChange) -> UnitOfWork[Fault | None]:
    """Hold stored values against their columns' changed schemas, before anything is changed."""
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
        )
    )


def check_stored_rows(change: TableChange) -> UnitOfWork[Fault | None]:
    """Bring arrays into the form that their items now have, then hold whole rows, and the values
    that the database put in, against the changed schema.
    """
    if change.reread:
        fault = yield from _bring(change)
        if fault is not None:
            return fault
    if not change.rows and not change.filled:
        return None
    check = RowCheck(change.new)

    def of_filled(row: Row) -> list[dict[str, Any]]:
        return check.column_faults(_of(row, change.filled))

    look: Faults = check.faults if change.rows else of_filled
    return (yield from _read(change, change.new.row_key, change.new.columns, look))


def _keys(change: TableChange) -> Iterator[str]:
    """Yield the columns of the new primary key that are there already: messages name rows by it."""
    yield from (name for name in change.new.primary_key if name in change.old.by_name)


def _of(row: Row, names: Sequence[str]) -> Row:
    return {name: row[name] for name in names if name in row}


def _read(
    change: TableChange, keys: Sequence[str], columns: Sequence[Column], look: Faults
) -> UnitOfWork[Fault | None]:
    """Hold each row against `look`; return the fault of those that do not fit."""
    count, first = 0, ""
    pages = _pages(change.new, keys, columns)
    page = yield pages(None)
    while page:
        for found in page:
            row = _row(columns, found[len(keys) :])
            faults = look(row)
            if faults:
                first = first or _shown(change.new, row, faults[0])
                count += 1
        page = yield pages(page[-1][: len(keys)])
    return broken_rows(change.new, count, first) if count else None


def _pages(
    table: Table, keys: Sequence[str], columns: Sequence[Column]
) -> Callable[[Sequence[Any] | None], Statement]:
    """Return what reads the page of rows after a key, the first for None."""
    key = column_list(keys)
    names = column_list([*keys, *(column.name for column in columns)])
    select = f"SELECT {names} FROM {SQLITE.identifier(table.name)}"
    order = f" ORDER BY {key} LIMIT {PAGE}"
    after = f"{select} WHERE ({key}) > ({', '.join('?' * len(keys))}){order}"
    return lambda last: Statement(select + order) if last is None else Statement(after, last)


def _row(columns: Sequence[Column], values: Sequence[Any]) -> Row:
    """Return a stored row as JSON Schema is to see it."""
    return {
        column.name: loaded(column.type, value, SQLITE)
        for column, value in zip(columns, values, strict=True)
        if value is not None or column.null_is_value
    }


def _shown(table: Table, row: Row, fault: Mapping[str, Any]) -> str:
    key = ", ".join(f"{name} {row.get(name)}" for name in table.primary_key)
    return f"{key or 'without a key'}: {fault['pointer']} {fault['message']}"


def _bring(change: TableChange) -> UnitOfWork[Fault | None]:
    """Write arrays anew whose items are of another type now, where that makes another text."""
    columns = [change.new.by_name[name] for name in change.reread]
    keys, table = change.new.row_key, SQLITE.identifier(change.new.name)
    put = ", ".join(f"{SQLITE.identifier(column.name)} = ?" for column in columns)
    where = " AND ".join(f"{SQLITE.identifier(key)} = ?" for key in keys)
    update = f"UPDATE {table} SET {put} WHERE {where}"
    pages = _pages(change.new, keys, columns)
    page = yield pages(None)
    while page:
        for found in page:
            key, values = found[: len(keys)], list(found[len(keys) :])
            try:
                brought = [_brought(*pair) for pair in zip(columns, values, strict=True)]
                if brought != values:
                    yield Statement(update, [*brought, *key])
            except JotError as error:
                if error.code[:2] in ("53", "55", "57", "58", "XX"):
                    raise
                return broken_rows(change.new, 1, f"{error.__cause__ or error.message}")
        page = yield pages(page[-1][: len(keys)])
    return None


def _brought(column: Column, value: Any) -> Any:
    """Return a stored array in its canonical form. Raises RequestError where it has none."""
    found = loaded(column.type, value, SQLITE)
    if not isinstance(found, list):
        return value
    return stored(column.type, canonical(column, found), SQLITE)
