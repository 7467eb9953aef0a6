"""Fetching a statement's rows into memory, with a size limit where they may be many.

In charge of that limit. Must not know the statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sys import getsizeof
from typing import Any

import apsw

from jotbase.errors import RequestError
from jotbase.sql.units import Rows

#: Fetches a statement's rows.
Fetch = Callable[[apsw.Cursor], Rows]
#: Runs a statement with its bound values, and fetches its rows.
Run = Callable[[apsw.Cursor, str, Sequence[Any]], Rows]
#: The most characters and bytes of all rows that one writing statement returns.
MOST_GIVEN = 32 << 20
#: The same of a statement on the event loop.
MOST_ON_LOOP = 2 << 20
#: A value of more characters or bytes is kept by no statement: SQLite's hold theirs until they run
#: again, and a connection remembers a hundred statements.
LARGE_VALUE = 65_536
#: Where there are more values, none is looked at: they are those of many rows.
MOST_LOOKED_AT = 200
_TEXTS: frozenset[Any] = frozenset((str, bytes))
#: So many rows are not counted there: most statements give back one.
FEW = 4


class TooManyBytes(Exception):
    """A statement gives back more than may be fetched on the event loop."""


def execute(cursor: apsw.Cursor, text: str, values: Sequence[Any]) -> apsw.Cursor:
    """Execute a statement, and have it forgotten where it would keep a large value."""
    if len(values) <= MOST_LOOKED_AT:
        for value in values:
            if value.__class__ in _TEXTS and len(value) > LARGE_VALUE:
                return cursor.execute(text, values, can_cache=False)
    return cursor.execute(text, values)


def fetch_all(cursor: apsw.Cursor) -> Rows:
    """Fetch all rows, for statements whose time limit bounds them."""
    rows: Rows = cursor.fetchall()
    return rows


def run_short(cursor: apsw.Cursor, text: str, values: Sequence[Any]) -> Rows:
    """Run a statement on the event loop. Raises TooManyBytes beyond `MOST_ON_LOOP`."""
    rows: Rows = []
    size = 0
    for row in execute(cursor, text, values):
        rows.append(row)
        if len(rows) > FEW:
            size += _size(row)
            if size > MOST_ON_LOOP:
                raise TooManyBytes
    return rows


def _size(row: Sequence[Any]) -> int:
    return sum(len(value) for value in row if isinstance(value, str | bytes))


def fetch_bounded(cursor: apsw.Cursor) -> Rows:
    """Fetch all rows. Raises RequestError 54000 beyond `MOST_GIVEN`."""
    rows: Rows = []
    size, counted, bound = 0, 0, 0  # of the first `counted` rows; `bound` is of all, or more
    for row in cursor:
        rows.append(row)
        # The memory that values take is no less than their length, and is summed without bytecode.
        bound += sum(map(getsizeof, row))
        if bound > MOST_GIVEN:
            size += sum(map(_size, rows[counted:]))
            counted, bound = len(rows), size
            if size > MOST_GIVEN:
                raise RequestError(
                    "54000",
                    "the rows that are written are together larger than the server holds in memory",
                    details=f"The limit is {MOST_GIVEN} bytes.",
                    hint="Write fewer rows at a time.",
                )
    return rows
