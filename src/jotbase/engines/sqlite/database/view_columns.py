"""The columns that a view passes on, from SQLite's column metadata.

In charge of mapping a view's columns to those of its tables. Must not know the use of the mapping.
"""

from __future__ import annotations

import contextlib
from typing import Any

import apsw

from jotbase.errors import Fault, ProjectError
from jotbase.sql.dialect import SQLITE


def origins(connection: apsw.Connection, view: str) -> dict[str, tuple[str, str]]:
    """Return (table, column) by view column, for the columns that the view passes on.

    Raises ProjectError if the view cannot be read.
    """
    try:
        return column_origins(connection, view)
    except apsw.SQLError as error:
        reason = f'the database cannot read the view "{view}": {error}'
        hint = "what it shows was dropped or renamed by hand: mend the view's file"
        raise ProjectError([Fault("database", "", reason, hint)]) from error


def column_origins(connection: apsw.Connection, view: str) -> dict[str, tuple[str, str]]:
    """Return the same as `origins`. Raises apsw.SQLError if the view cannot be read."""
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
