"""What a statement gives back, all of it in memory: so it has a bound where it may be much.

In charge of that bound. Must not know what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import apsw

from jotbase.errors import RequestError
from jotbase.sql.units import Rows

#: Takes a statement's rows.
Fetch = Callable[[apsw.Cursor], Rows]
#: Runs a statement with its bound values, and takes its rows.
Run = Callable[[apsw.Cursor, str, Sequence[Any]], Rows]
#: Characters and bytes that the rows of one writing statement may have together.
MOST_GIVEN = 32 << 20


def fetch_all(cursor: apsw.Cursor) -> Rows:
    """Return all rows: for statements that are over too soon to have many."""
    rows: Rows = cursor.fetchall()
    return rows


def run_plain(cursor: apsw.Cursor, text: str, values: Sequence[Any]) -> Rows:
    """Run a statement that asks for nobody's code, and return all rows."""
    return fetch_all(cursor.execute(text, values))


def fetch_bounded(cursor: apsw.Cursor) -> Rows:
    """Return all rows. Raises RequestError 54000 for more than fit into memory beside others'."""
    rows: Rows = []
    size = 0
    for row in cursor:
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if size > MOST_GIVEN:
            raise RequestError(
                "54000",
                "the rows that are written are together larger than the server holds in memory",
                details=f"The limit is {MOST_GIVEN} bytes.",
                hint="Write fewer rows at a time.",
            )
        rows.append(row)
    return rows
