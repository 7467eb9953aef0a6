"""What the writer's transactions have logged: the newest number, and where each begins.

In charge of noting units of several changes in "jotbase.transactions", so that readers of the log
know them; a change that is noted nowhere is alone in its transaction. Must not know what a unit is.
"""

from __future__ import annotations

from typing import Any

import apsw

#: AUTOINCREMENT keeps the highest number, whatever was pruned, and is behind where a statement of
#: another program failed in the middle (INSERT OR FAIL).
NEWEST = (
    "SELECT max("
    "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'jotbase.changes'), 0),"
    ' ifnull((SELECT max(number) FROM "jotbase.changes"), 0))'
)
_NOTE = 'INSERT INTO "jotbase.transactions" ("first", "last") VALUES (?, ?)'


class LoggedTransactions:
    """The numbers that units of one group have logged; `newest` is the last one."""

    def __init__(self) -> None:
        self.newest = 0

    def begin(self, cursor: apsw.Cursor) -> None:
        """Begin a group, before its first unit."""
        self.newest = newest_change(cursor)

    def note(self, cursor: apsw.Cursor) -> None:
        """Note what was logged since the last call as one transaction."""
        newest = newest_change(cursor)
        if newest > self.newest + 1:
            cursor.execute(_NOTE, (self.newest + 1, newest))
        self.newest = newest


def newest_change(cursor: apsw.Cursor) -> int:
    """Return the newest number of the change log, 0 without a log."""
    try:
        rows = cursor.execute(NEWEST).fetchall()
    except apsw.SQLError:
        return 0
    newest: Any = rows[0][0] if rows else 0
    return int(newest)
