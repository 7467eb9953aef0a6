"""What an open transaction has changed, put aside while its code pauses, and done again later.

In charge of a transaction's changes as a value: SQLite's session extension records them row by row,
so that doing them again finds out whether somebody else has touched one of the rows meanwhile
(https://sqlite.org/sessionintro.html). Must not know when that is done. Why, and what it costs:
docs/decisions/0063-user-code-never-holds-the-writer.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import apsw

#: Changes of more bytes than this stay in their transaction: doing them again would take too long.
MOST_BYTES = 1_000_000

#: The triggers of a table's change log and search index do again what they did.
_OURS = "jotbase."
_FOREIGN_TRIGGERS = (
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger'"
    " AND name NOT LIKE 'jotbase.%' AND name NOT LIKE 'auth.%')"
)
#: Virtual tables and what is behind them are kept up by triggers.
_ORDINARY = (
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_NUMBERS = "SELECT name, seq FROM sqlite_sequence WHERE name NOT LIKE 'jotbase.%'"
_NEXT = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
_FIRST = "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)"
_HAS_NUMBERS = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"


@dataclass(frozen=True, slots=True)
class Aside:
    """A transaction's changes, and the last number that each of its tables has given."""

    changes: bytes
    numbers: Mapping[str, Any]


class Overtaken(Exception):
    """Somebody else has changed what the transaction rests on."""


class Recorder:
    """What the writer keeps from hold to hold: which tables are recorded, and numbers that were
    given by transactions that are not over yet.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._schema: Any = None
        self._ordinary: frozenset[str] = frozenset()
        self._numbers: dict[str, Any] = {}

    def record(self) -> apsw.Session:
        """Begin to record what the transaction changes."""
        schema = self._connection.execute("PRAGMA schema_version").fetchall()
        if schema != self._schema:
            found = self._connection.execute(_ORDINARY)
            self._schema, self._ordinary = schema, frozenset(str(name) for (name,) in found)
        recording = apsw.Session(self._connection, "main")
        recording.config(apsw.SQLITE_SESSION_OBJCONFIG_ROWID, 1)
        recording.table_filter(self._ordinary.__contains__)
        recording.attach()
        return recording

    def keep(self, aside: Aside | None) -> None:
        """Let nobody else have the numbers that were given, as with PostgreSQL's sequences."""
        if aside is not None:
            self._numbers |= aside.numbers

    def reserve(self) -> None:
        """Have the transaction that has just begun keep them in the database."""
        known = _numbers(self._connection) if self._numbers else {}
        for name, last in self._numbers.items():
            if last > known.get(name, 0):
                text = _NEXT if name in known else _FIRST
                self._connection.execute(text, (last, name))

    def reserved(self) -> None:
        """Take note that they are on disk."""
        self._numbers.clear()


def put_aside(connection: apsw.Connection, recording: apsw.Session) -> Aside | None:
    """Roll the transaction back and return its changes; None, and do nothing, where it cannot be.

    It cannot where a trigger of the database's own took part: what it did would be done twice.
    """
    if recording.memory_used > 4 * MOST_BYTES:
        return None
    changes = recording.changeset()
    if len(changes) > MOST_BYTES:
        return None
    indirect = {one.name for one in apsw.Changeset.iter(changes) if one.indirect}
    if any(not name.startswith(_OURS) for name in indirect) and _has_foreign_triggers(connection):
        return None
    aside = Aside(changes, _numbers(connection))
    recording.close()
    connection.execute("ROLLBACK")
    return aside


def redo(connection: apsw.Connection, changes: bytes) -> None:
    """Do the changes again. Raises Overtaken, and leaves the transaction to be rolled back."""
    try:
        apsw.Changeset.apply(
            changes,
            connection,
            filter_change=lambda change: not change.indirect,
            conflict=lambda reason, change: apsw.SQLITE_CHANGESET_ABORT,
        )
    except (apsw.AbortError, apsw.ConstraintError) as error:
        raise Overtaken from error


def _has_foreign_triggers(connection: apsw.Connection) -> bool:
    return bool(connection.execute(_FOREIGN_TRIGGERS).fetchall()[0][0])


def _numbers(connection: apsw.Connection) -> dict[str, Any]:
    if not connection.execute(_HAS_NUMBERS).fetchall():
        return {}
    return {str(name): last for name, last in connection.execute(_NUMBERS)}
