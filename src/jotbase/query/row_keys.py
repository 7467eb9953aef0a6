"""Rows by what tells them apart: the row number, or the primary key of a table that has none.

In charge of the SQL that finds rows again which a statement has named, their keys bound in the form
in which they are stored. Must not know why they are looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from orjson import dumps

from jotbase.schema.model import Table
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql

#: The stored value of the column that is the key, a tuple of them where there are several.
Key = Any


def is_numbered(table: Table) -> bool:
    """Whether the row key is the row number, which is none of the table's columns."""
    return table.view is None and not table.without_rowid


def spelled(columns: Iterable[str], dialect: Dialect, alias: str | None = None) -> str:
    """Return columns of the row called `alias`, separated by commas."""
    prefix = "" if alias is None else dialect.identifier(alias) + "."
    return ", ".join(prefix + dialect.identifier(name) for name in columns)


def among(
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
            (spelled([name], dialect, alias) + " = " + bound(value) for name, value in pairs),
        )
    named = spelled(columns, dialect, alias)
    if not all(isinstance(value, int | str) for value in chain.from_iterable(rows)):
        marks = join(", ", ("(" + join(", ", map(bound, row)) + ")" for row in rows))
        return f"({named}) IN (VALUES " + marks + ")"
    if len(columns) == 1:
        listed = f"{named} IN (SELECT value FROM json_each("
    else:
        parts = ", ".join(f"value ->> {place}" for place in range(len(columns)))
        listed = f"({named}) IN (SELECT {parts} FROM json_each("
    return sql(listed) + bound(dumps(list(keys)).decode()) + "))"
