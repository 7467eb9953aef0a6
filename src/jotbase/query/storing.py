"""Rows as statements: INSERT, UPDATE and DELETE with all that RETURNING gives back.

In charge of the SQL that changes rows, and of rows between stored and canonical form. Must not
know payloads, answers or rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from orjson import dumps

from jotbase.query.expr import Context
from jotbase.query.rows import rowid
from jotbase.schema.convert import loaded, stored
from jotbase.schema.model import Table, Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Rows, Statement
from jotbase.values import Row

#: Rows a statement: enough that parsing it costs little a row, few enough that it is cached.
CHUNK = 32

#: Types whose stored form is their canonical form.
_SAME = frozenset(
    (Type.INTEGER, Type.NUMBER, Type.TEXT, Type.UUID, Type.TIMESTAMP, Type.DATE, Type.TIME)
)


def ready(fragment: Fragment, context: Context) -> Statement:
    """Return a fragment as a statement with its slots filled from the context."""
    values = [value.fill(context) if hasattr(value, "fill") else value for value in fragment.params]
    return Statement(fragment.text, values)


def inserts(
    table: Table, rows: Sequence[Row], dialect: Dialect, conflict: str = ""
) -> Iterator[Statement]:
    """Yield statements that insert the rows, in order; `conflict` is an ON CONFLICT clause.

    What comes back is the row number (tables alone) and then all columns of each row.
    """
    for names, alike in groupby(rows, _names):
        some = list(alike)
        for start in range(0, len(some), CHUNK):
            chunk = some[start : start + CHUNK]
            if not names:
                # Without a value there is none to clash, and SQLite has no ON CONFLICT here.
                yield from [Statement(_insert(table, names, 0, "", dialect))] * len(chunk)
                continue
            text = _insert(table, names, len(chunk), conflict, dialect)
            yield Statement(text, _values(table, names, chunk, dialect))


@lru_cache(maxsize=1024)
def _insert(
    table: Table, names: tuple[str, ...], count: int, conflict: str, dialect: Dialect
) -> str:
    """Return the text of an INSERT of so many rows of those columns."""
    into = f"INSERT INTO {dialect.identifier(table.name)}"
    back = f" RETURNING {returned(table, dialect)}"
    if not names:
        return f"{into} DEFAULT VALUES{back}"
    listed = ", ".join(map(dialect.identifier, names))
    marks = f"({', '.join('?' * len(names))})"
    return f"{into} ({listed}) VALUES {', '.join([marks] * count)}{conflict}{back}"


def _names(row: Row) -> tuple[str, ...]:
    return _sorted(tuple(row))


@lru_cache(maxsize=4096)
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _values(
    table: Table, names: tuple[str, ...], rows: Sequence[Row], dialect: Dialect
) -> list[Any]:
    # A driver binds a boolean as the database has it.
    odd = [(name, kind) for name, kind in _odd(table) if name in names and kind is not Type.BOOLEAN]
    if odd:
        rows = [
            row | {name: stored(kind, row[name], dialect) for name, kind in odd} for row in rows
        ]
    return [row[name] for row in rows for name in names]


@lru_cache(maxsize=1024)
def returned(table: Table, dialect: Dialect, alias: str | None = None) -> str:
    """Return the list of a table's row number and columns; a view has no row number."""
    names = [dialect.identifier(column.name) for column in table.columns]
    if table.view is None:
        names.insert(0, rowid(table))
    prefix = "" if alias is None else dialect.identifier(alias) + "."
    return ", ".join(prefix + name for name in names)


def load(table: Table, found: Rows, dialect: Dialect) -> tuple[list[int], list[Row]]:
    """Return the row numbers and the rows in canonical form of what `returned` listed."""
    numbered = table.view is None
    first = 1 if numbered else 0
    names = tuple(table.by_name)
    rows: list[Row] = [dict(zip(names, values[first:], strict=True)) for values in found]
    for name, kind in _odd(table):
        for row in rows:
            if row[name] is not None:
                row[name] = loaded(kind, row[name], dialect)
    return [values[0] for values in found] if numbered else [], rows


@lru_cache(maxsize=1024)
def _odd(table: Table) -> tuple[tuple[str, Type], ...]:
    """Return the columns whose stored form is not their canonical one."""
    return tuple((one.name, one.type) for one in table.columns if one.type not in _SAME)


def update(table: Table, changed: Row, numbers: Sequence[int], dialect: Dialect) -> Statement:
    """Return the statement that sets columns in the rows of those numbers."""
    setting = ", ".join(f"{dialect.identifier(name)} = ?" for name in changed)
    values = [stored(table.by_name[name].type, value, dialect) for name, value in changed.items()]
    text = (
        f"UPDATE {dialect.identifier(table.name)} SET {setting}"
        f"{_numbered(table, numbers)} RETURNING {returned(table, dialect)}"
    )
    return Statement(text, [*values, _listed(numbers)])


def delete(table: Table, numbers: Sequence[int], dialect: Dialect) -> Statement:
    """Return the statement that removes the rows of those numbers."""
    text = (
        f"DELETE FROM {dialect.identifier(table.name)}{_numbered(table, numbers)}"
        f" RETURNING {rowid(table)}"
    )
    return Statement(text, [_listed(numbers)])


def _numbered(table: Table, numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f" WHERE {rowid(table)} = ?"
    return f" WHERE {rowid(table)} IN (SELECT value FROM json_each(?))"


def _listed(numbers: Sequence[int]) -> int | str:
    return numbers[0] if len(numbers) == 1 else dumps(list(numbers)).decode()
