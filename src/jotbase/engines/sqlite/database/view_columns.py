"""What a view passes on, asked of SQLite itself.

In charge of the columns behind a view's. Must not know why that is asked.
"""

from __future__ import annotations

import contextlib
from typing import Any

import apsw

from jotbase.errors import Fault, ProjectError
from jotbase.sql.dialect import SQLITE


def origins(connection: apsw.Connection, view: str) -> dict[str, tuple[str, str]]:
    """Return the table and column behind each of a view's columns; computed ones lack.

    Raises ProjectError where the view cannot be read.
    """
    try:
        return column_origins(connection, view)
    except apsw.SQLError as error:
        reason = f'the database cannot read the view "{view}": {error}'
        hint = "what it shows was dropped or renamed by hand: mend the view's file"
        raise ProjectError([Fault("database", "", reason, hint)]) from error


def column_origins(connection: apsw.Connection, view: str) -> dict[str, tuple[str, str]]:
    """Return what `origins` returns. Raises apsw.SQLError where the view cannot be read."""
    found: list[tuple[tuple[str | None, ...], ...]] = []

    def look(cursor: apsw.Cursor, text: str, values: Any) -> bool:
        found.append(cursor.description_full)
        return False

    cursor = connection.cursor()
    cursor.exec_trace = look
    with contextlib.suppress(apsw.ExecTraceAbort):
        cursor.execute("SELECT * FROM " + SQLITE.identifier(view))
    return {
        str(name): (table, column)
        for name, _, _, table, column in found[0]
        if table is not None and column is not None
    }
