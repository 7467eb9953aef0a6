"""Opening SQLite connections: the file, the pragmas, the SQL functions of operators.

In charge of configuring all connections alike, and of clear errors when the file cannot be used.
Must not know the statements that run on a connection.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import apsw

from jotbase.engines.sqlite.database.code_calls import CodeCalls, Connection
from jotbase.engines.sqlite.database.code_threads import CodeThreads
from jotbase.engines.sqlite.database.files import keep_database_private, make_file, make_folder
from jotbase.engines.sqlite.database.functions import install
from jotbase.errors import Fault, ProjectError
from jotbase.sql.aggregate import Aggregate

#: The size of a connection's cache of prepared statements; one takes a few kilobytes.
STATEMENTS = 512
#: A connection's page cache in KiB. Only the writer and the first reader are always open.
CACHE_KIB = 4096

#: FULL makes each commit wait for the disk (promise 1). LIKE is to be PostgreSQL's, which minds the
#: case. An untrusted schema cannot call what is not harmless. The WAL is moved into the database
#: every 16 MB, in a commit that then takes longer, and gives back the space of a large transaction.
#: The first GiB of the file is read in place: a page that no cache holds costs no call into the
#: kernel and no copy, which a table of a million rows needs all the time
#: (https://sqlite.org/pragma.html, https://sqlite.org/mmap.html).
PRAGMAS = (
    "trusted_schema = OFF",
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "case_sensitive_like = ON",
    f"cache_size = -{CACHE_KIB}",
    f"mmap_size = {1 << 30}",
    "journal_size_limit = 67108864",
    "wal_autocheckpoint = 4000",
)


@dataclass(frozen=True, slots=True)
class ConnectionFactory:
    """The database's path, and the functions and pragmas of each connection.

    `functions` are by SQL name and never see NULL: SQLite's answer to NULL is NULL. Those of
    `connection_functions` may read while they are asked: they are given what runs a statement
    first, and run in a thread of `code`. `durable` is False only for a database that ends with the
    process. Opening waits `lock_ms` for other processes.
    """

    path: str
    functions: Mapping[str, Callable[..., Any] | Aggregate]
    connection_functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    durable: bool = True
    code: CodeThreads = field(default_factory=lambda: CodeThreads(16))
    lock_ms: int = 0

    def connect(self, *, reader: bool) -> apsw.Connection:
        """Open one more connection; a reader's refuses to write. Raises apsw.Error."""
        connection = Connection(self.path, statementcachesize=STATEMENTS)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        # Some pragmas read the schema, which another process may have locked as it sets WAL mode.
        connection.set_busy_timeout(self.lock_ms)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'OFF'}")
        # What a write can undo, and what it gives back, may be as large as what it touches.
        connection.execute(f"PRAGMA temp_store = {'MEMORY' if reader else 'FILE'}")
        if reader:
            connection.execute("PRAGMA query_only = ON")
        connection.set_busy_timeout(0)
        install(connection, self.functions)
        if self.connection_functions:
            connection.code = CodeCalls(connection, self.connection_functions, self.code)
        return connection


def first_connection(place: ConnectionFactory, image: bytes | None) -> apsw.Connection:
    """Open the database for writing, making folder and file where they are missing.

    An `image` (what `serialize` gave) fills a database that does not exist yet. Raises
    ProjectError in words for the owner of the file.
    """
    file = Path(place.path)
    try:
        make_folder(file.parent)
        if not file.exists():
            make_file(file, image or b"")
    except OSError as error:
        raise _unusable(place.path, _os_reason(error), _WRITABLE) from error
    if file.is_dir():
        raise _unusable(place.path, "is a folder", "name a file in JOTBASE_DATABASE_URL")
    if file.exists() and not os.access(file, os.W_OK):
        raise _unusable(place.path, "cannot be written", _WRITABLE)
    keep_database_private(file)
    try:
        connection = _usable(place)
    except apsw.Error as error:
        raise cannot_open(place.path, error) from error
    keep_database_private(file)
    return connection


def cannot_open(path: str, error: apsw.Error) -> ProjectError:
    """Return the error for the developer, from SQLite's error on opening the file."""
    return _unusable(path, *_REASONS.get(type(error), _UNKNOWN))


def _usable(place: ConnectionFactory) -> apsw.Connection:
    connection = place.connect(reader=False)
    try:
        connection.set_busy_timeout(place.lock_ms)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        mode = _to_wal(connection, place.lock_ms)
        connection.set_busy_timeout(0)
    except apsw.Error:
        connection.close()
        raise
    if mode != [("wal",)] or connection.readonly("main"):
        connection.close()
        raise _unusable(place.path, "cannot be kept in WAL mode", _WRITABLE)
    return connection


def _to_wal(connection: apsw.Connection, lock_ms: int) -> Any:
    """Set WAL mode. SQLite does not wait where others set it on a new file at the same time."""
    end = monotonic() + lock_ms / 1000
    while True:
        try:
            return connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except apsw.BusyError:
            if monotonic() > end:
                raise
            sleep(0.01)


_WRITABLE = "the file and its folder must be writable, on a local disk with space left"
_UNKNOWN = ("cannot be opened", _WRITABLE)
_REASONS: dict[type[apsw.Error], tuple[str, str]] = {
    apsw.NotADBError: (
        "is not an SQLite database",
        "name another file in JOTBASE_DATABASE_URL, or move this one away",
    ),
    apsw.CorruptError: (
        "is damaged",
        "restore a backup, or save what can be read with `sqlite3 FILE .recover`",
    ),
    apsw.BusyError: (
        "is locked by another process",
        "end the process that holds it (an open transaction, or locking_mode=EXCLUSIVE)",
    ),
    apsw.ReadOnlyError: ("cannot be written", _WRITABLE),
    apsw.CantOpenError: ("cannot be opened", _WRITABLE),
    apsw.IOError: ("cannot be read or written", _WRITABLE),
    apsw.FullError: ("lies on a disk that is full", _WRITABLE),
}


def _os_reason(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "cannot be made: its folder cannot be written"
    return f"cannot be made: {(error.strerror or 'unknown').lower()}"


def _unusable(path: str, reason: str, hint: str) -> ProjectError:
    return ProjectError([Fault(path, "", f"the database {reason}", hint)])
