"""Saving the changes of an open transaction while its code pauses, and applying them again later.

In charge of a transaction's changes as a value: SQLite's session extension records them by row, so
that applying them again detects rows that others have changed meanwhile
(https://sqlite.org/sessionintro.html). Must not know when this happens. Decision 63.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
class SavedChanges:
    """A transaction's changes, and the last identity number of each of its tables."""

    changes: bytes
    numbers: Mapping[str, Any]


class ChangesetConflict(Exception):
    """Another transaction has changed rows that the saved changes depend on."""


class Recording:
    """What a transaction changes, request by request: the changes of one that fails are undone."""

    def __init__(
        self, connection: apsw.Connection, ordinary: frozenset[str], changes: Sequence[bytes]
    ) -> None:
        self._connection = connection
        self._ordinary = ordinary
        self._changes = list(changes)
        self._request: list[bytes] = []
        self._session: apsw.Session | None = None

    @contextmanager
    def request(self) -> Iterator[None]:
        """Record the changes made inside the block, unless it raises."""
        self._start()
        try:
            yield
            self._stop()
            self._changes += self._request
        finally:
            self._request = []
            self._close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Release the connection's only pre-update hook, which the session extension uses."""
        recorded = self._session is not None
        if recorded:
            self._stop()
        try:
            yield
        finally:
            if recorded:
                self._start()

    def forget(self) -> None:
        """Drop what was recorded in this request: it was rolled back."""
        self._request.clear()

    def _start(self) -> None:
        session = apsw.Session(self._connection, "main")
        session.config(apsw.SQLITE_SESSION_OBJCONFIG_ROWID, 1)
        session.table_filter(self._ordinary.__contains__)
        session.attach()
        self._session = session

    def _stop(self) -> None:
        if self._session is not None and self._connection.in_transaction:
            self._request.append(self._session.changeset())
        self._close()

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def whole(self) -> bytes | None:
        """Return all recorded changes, None if they exceed `MOST_BYTES`."""
        parts = [part for part in self._changes if part]
        if sum(map(len, parts)) > MOST_BYTES:
            return None
        if len(parts) == 1:
            return parts[0]
        builder = apsw.ChangesetBuilder()  # type: ignore[no-untyped-call]
        for part in parts:
            builder.add(part)
        return builder.output()


class Recorder:
    """The state between leases: which tables are recorded, and identity numbers assigned by
    transactions that are not committed yet.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._schema: Any = None
        self._ordinary: frozenset[str] = frozenset()
        self._numbers: dict[str, Any] = {}

    def begin(self, changes: Sequence[bytes] = ()) -> Recording:
        """Begin to record a transaction in which these changes have been applied already."""
        schema = self._connection.execute("PRAGMA schema_version").fetchall()
        if schema != self._schema:
            found = self._connection.execute(_ORDINARY)
            self._schema, self._ordinary = schema, frozenset(str(name) for (name,) in found)
        return Recording(self._connection, self._ordinary, changes)

    def keep(self, aside: SavedChanges | None) -> None:
        """Reserve the assigned numbers, which are never assigned again, as in PostgreSQL."""
        if aside is not None:
            self._numbers |= aside.numbers

    def reserve(self) -> None:
        """Store the reserved numbers in the transaction that has just begun."""
        known = _numbers(self._connection) if self._numbers else {}
        for name, last in self._numbers.items():
            if last > known.get(name, 0):
                text = _NEXT if name in known else _FIRST
                self._connection.execute(text, (last, name))

    def reserved(self) -> None:
        """Record that the reserved numbers are committed."""
        self._numbers.clear()


def save_and_roll_back(connection: apsw.Connection, recording: Recording) -> SavedChanges | None:
    """Roll the transaction back and return its changes; None, without doing anything, if that is
    impossible.

    It is if an unmanaged trigger took part: its effects would be applied twice.
    """
    changes = recording.whole()
    if changes is None:
        return None
    indirect = {one.name for one in apsw.Changeset.iter(changes) if one.indirect}
    if any(not name.startswith(_OURS) for name in indirect) and _has_foreign_triggers(connection):
        return None
    aside = SavedChanges(changes, _numbers(connection))
    connection.execute("ROLLBACK")
    return aside


def reapply(connection: apsw.Connection, changes: bytes) -> None:
    """Apply the changes again. Raises ChangesetConflict; the caller must then roll back."""
    try:
        apsw.Changeset.apply(
            changes,
            connection,
            filter_change=lambda change: not change.indirect,
            conflict=lambda reason, change: apsw.SQLITE_CHANGESET_ABORT,
        )
    except (apsw.AbortError, apsw.ConstraintError) as error:
        raise ChangesetConflict from error


def _has_foreign_triggers(connection: apsw.Connection) -> bool:
    return bool(connection.execute(_FOREIGN_TRIGGERS).fetchall()[0][0])


def _numbers(connection: apsw.Connection) -> dict[str, Any]:
    if not connection.execute(_HAS_NUMBERS).fetchall():
        return {}
    return {str(name): last for name, last in connection.execute(_NUMBERS)}
