"""Row keys: the rowid, or the primary key of a table WITHOUT ROWID.

In charge of the SQL conditions that select rows by their keys, in stored form. Must not know the
use of these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from orjson import dumps

from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql

#: An alias that no table can have.
_KEY = "jotbase.key"

#: The stored value of the column that is the key, a tuple of them where there are several.
Key = Any


def is_numbered(table: Table) -> bool:
    """Whether the row key is the rowid, which is no column of the table."""
    return table.view is None and not table.without_rowid


def column_list(columns: Iterable[str], dialect: Dialect, alias: str | None = None) -> str:
    """Return the quoted columns of the row `alias`, separated by commas."""
    prefix = "" if alias is None else dialect.identifier(alias) + "."
    return ", ".join(prefix + dialect.identifier(name) for name in columns)


def key_in(
    columns: Sequence[str], keys: Sequence[Key], dialect: Dialect, alias: str | None = None
) -> Fragment:
    """Return the condition that a row has one of the keys in its columns.

    Numbers and texts go as one JSON value, so that any number of keys is one parameter and one
    text to prepare; bytes have no JSON, and doubles might come out of it with another last digit.
    """
    rows = [(key,) for key in keys] if len(columns) == 1 else list(keys)
    if len(rows) == 1:
        pairs = zip(columns, rows[0], strict=True)
        return join(
            " AND ",
            (column_list([name], dialect, alias) + " = " + bound(value) for name, value in pairs),
        )
    named = column_list(columns, dialect, alias)
    if dialect.is_postgres:
        if len(columns) == 1 and all(type(key) is int for key in keys):
            return sql(f"{named} = ANY(") + bound(list(keys)) + "::bigint[])"
        marks = join(", ", ("(" + join(", ", map(bound, row)) + ")" for row in rows))
        return (f"({named}) IN (" + marks + ")") if rows else sql("FALSE")
    if not all(isinstance(value, int | str) for value in chain.from_iterable(rows)):
        marks = join(", ", ("(" + join(", ", map(bound, row)) + ")" for row in rows))
        return f"({named}) IN (VALUES " + marks + ")"
    if len(columns) == 1:
        listed = f"{named} IN (SELECT value FROM json_each("
    else:
        parts = ", ".join(f"value ->> {place}" for place in range(len(columns)))
        listed = f"({named}) IN (SELECT {parts} FROM json_each("
    return sql(listed) + bound(dumps(list(keys)).decode()) + "))"


def table_key_in(
    table: Table, keys: Sequence[Key], dialect: Dialect, alias: str | None = None
) -> Fragment:
    """Return the condition that a row of the table, or view, has one of the row keys.

    A view's are whole rows, NULLs among them.
    """
    if table.view is None:
        return key_in(table.row_key, keys, dialect, alias)
    row = alias or table.name
    names = [column_list([name], dialect, row) for name in table.row_key]
    rows = [(key,) for key in keys] if len(names) == 1 else list(keys)
    if len(rows) == 1:
        return join(" AND ", map(_is_postgres if dialect.is_postgres else _is, names, rows[0]))
    if not rows:
        return sql("FALSE")
    marks = join(", ", ("(" + join(", ", map(bound, row)) + ")" for row in rows))
    if dialect.is_postgres:
        same = (join(" AND ", map(_is_postgres, names, row)) for row in rows)
        return "(" + join(" OR ", ("(" + one + ")" for one in same)) + ")"
    alike = " AND ".join(f'"{_KEY}".column{n} IS {name}' for n, name in enumerate(names, 1))
    return "EXISTS (SELECT 1 FROM (VALUES " + marks + f') AS "{_KEY}" WHERE {alike})'


def _is_postgres(name: str, value: Key) -> Fragment:
    return f"{name} IS NOT DISTINCT FROM " + bound(value)


def _is(name: str, value: Key) -> Fragment:
    return f"{name} IS " + bound(value)
