"""The writer's transactions: taking the lock, committing, reopening the file.

In charge of refusing commits to a file that was moved or replaced, and of reporting disk failures
and locks of other processes. Must not know what is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import inf
from time import perf_counter

import apsw

from jotbase.engines.sqlite.database.files import FileWatch
from jotbase.engines.sqlite.database.sqlite_errors import file_moved, is_broken, refusal
from jotbase.errors import JotError

log = logging.getLogger(__name__)

#: The interval of log messages about a lock that another process holds, in seconds.
TELL_LOCKED_EVERY = 30.0


class WriteTransactions:
    """What the writer of one file needs besides its connection; `reconnect` opens one more.

    `trouble` is what the file did to the connection, until `fresh` has given another.
    """

    def __init__(
        self,
        reconnect: Callable[[], apsw.Connection],
        watch: FileWatch,
        *,
        lock_ms: int,
        limit_ms: int,
    ) -> None:
        self._reconnect = reconnect
        self._watch = watch
        self._lock_ms = lock_ms
        self._limit_ms = limit_ms
        self._told_locked = -inf
        self.trouble: str | None = None

    def unavailable_reason(self) -> str | None:
        """Return why writes cannot be done at present, None if they can."""
        return str(file_moved()) if self._watch.look() else self.trouble

    def check(self) -> None:
        """Raise JotError 58P01 while the file is moved or replaced."""
        if self._watch.gone and self._watch.look():
            raise file_moved()

    def begin(self, connection: apsw.Connection) -> None:
        """Take the write lock, waiting for other processes up to `lock_ms`."""
        connection.set_busy_timeout(self._lock_ms)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._tell_locked()
            raise
        finally:
            connection.set_busy_timeout(0)

    def _tell_locked(self) -> None:
        if perf_counter() - self._told_locked > TELL_LOCKED_EVERY:
            self._told_locked = perf_counter()
            log.warning(
                "another process has kept the database locked for %d ms and more: writes are"
                " refused until it ends its transaction",
                self._lock_ms,
            )

    def commit(self, connection: apsw.Connection) -> None:
        """Commit, and check that the file at the path is still the one that was written."""
        try:
            connection.execute("COMMIT")
        except apsw.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if self._watch.look():
            raise file_moved()

    def refusal(self, error: Exception, text: str) -> JotError:
        """Return the JotError of an exception; remember if the connection must be replaced."""
        if is_broken(error):
            self.trouble = f"the database file fails: {error}"
        return refusal(error, text, self._limit_ms)

    def fresh(self) -> apsw.Connection | None:
        """Return a connection to go on with, or None: the file cannot be used.

        After a failure of the disk, what the old one remembers may be wrong where the file is not.
        """
        connection = None
        try:
            connection = self._reconnect()
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except apsw.Error as error:
            if connection is not None:
                connection.close(True)
            log.critical("the database cannot be used; restart the server: %s", error)
            return None
        self.trouble = None
        log.warning("the database was opened again after a failure of its file")
        return connection

    def close(self, connection: apsw.Connection) -> None:
        """Checkpoint the WAL into the database, and close."""
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except apsw.Error as error:
            log.warning("the write-ahead log was left as it is: %s", error)
        connection.close(True)
