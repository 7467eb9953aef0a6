"""SQLite's errors as PostgreSQL's codes and messages.

In charge of converting an exception of the driver to a JotError that does not mention SQLite. Must
not use a connection: `diagnosis` finds the violated key and its values.
Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import apsw

from jotbase.engines.engine_errors import out_of_resources
from jotbase.errors import (
    ConflictError,
    JotError,
    OtherTable,
    RequestError,
    StatementTimeout,
    ViolatedKey,
    of_relation,
)

log = logging.getLogger(__name__)

#: Gives the name of a unique constraint or foreign key by its table and columns, None if unknown.
ConstraintName = Callable[[Literal["unique", "foreign"], str, tuple[str, ...]], str | None]

#: How PostgreSQL names the types of SQLite's strict columns in 42804.
_TYPES = {"INTEGER": "bigint", "INT": "bigint", "REAL": "double precision", "BLOB": "bytea"}

#: The prefixes of statements that no request runs.
_MAKING = ("CREATE ", "ALTER ", "DROP ", "EXPLAIN SELECT ")

_QUOTED = r'"(?:[^"]|"")*"'
_TARGET = re.compile(
    rf"'(?:[^']|'')*'|(INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?"
    rf"|DELETE\s+FROM)\s+({_QUOTED}|\w+)|{_QUOTED}",
    re.IGNORECASE,
)


def extended_code(error: apsw.Error) -> int:
    """Return SQLite's extended result code of the driver's exception."""
    return int(getattr(error, "extendedresult", 0))


#: A constraint's name. Of a CHECK without one SQLite tells the SQL instead, which names columns and
#: values that the request did not say.
_NAME = re.compile(r"\w+")


def target(text: str) -> tuple[str, str]:
    """Return the verb (INSERT, UPDATE, DELETE; "" for none) and the table a statement writes to."""
    for found in _TARGET.finditer(text):
        if found[1]:
            table = found[2]
            name = table[1:-1].replace('""', '"') if table.startswith('"') else table
            return found[1].split()[0].upper().replace("REPLACE", "INSERT"), name
    return "", ""


def refusal(error: Exception, text: str, limit_ms: int) -> JotError:
    """Return the JotError of what a statement raised; an unknown one is logged and hidden."""
    if isinstance(error, JotError):
        return error
    if isinstance(error, apsw.InterruptError):
        return StatementTimeout(limit_ms)
    for kind, make in _BY_TYPE:
        if isinstance(error, kind):
            return make(error)
    for found, make in _BY_MESSAGE:
        if isinstance(error, apsw.Error) and found.search(str(error)):
            return make(error)
    if isinstance(error, apsw.ConstraintError):
        return constraint_refusal(error, text)
    # What makes tables, or asks whether a view can be read, fails for what a project's files or its
    # database say: whoever runs it tells that at the start, in words.
    if not text.startswith(_MAKING):
        log.error("a statement failed: %s", text, exc_info=error)
    return JotError("PGRSTX00", "Something failed in the database.", hint="The log says more.")


def constraint_refusal(error: apsw.ConstraintError, text: str) -> JotError:
    """Return the refusal of a constraint other than a key."""
    message = str(error)
    after = message.partition(": ")[2]
    if extended_code(error) == apsw.SQLITE_CONSTRAINT_NOTNULL:
        table, _, column = after.rpartition(".")
        lacking = RequestError(
            "23502",
            f'null value in column "{column}" of relation "{table}" violates not-null constraint',
        )
        return of_relation(lacking, table)
    if extended_code(error) == apsw.SQLITE_CONSTRAINT_CHECK:
        return check_refusal(target(text)[1], after)
    if extended_code(error) == apsw.SQLITE_CONSTRAINT_DATATYPE:
        return _wrong_type(message)
    if extended_code(error) == apsw.SQLITE_CONSTRAINT_FOREIGNKEY:  # a deferred one, at COMMIT
        return unresolved()
    if extended_code(error) == apsw.SQLITE_CONSTRAINT_TRIGGER:
        return RequestError("P0001", message, status=400)
    log.error("a constraint failed: %s", text, exc_info=error)
    return ConflictError("23514", "a constraint of the database refuses this", status=409)


def check_refusal(table: str, name: str) -> RequestError:
    """Return the refusal of a row that breaks a CHECK of a table."""
    called = name if _NAME.fullmatch(name) else f"{table}_check"
    error = RequestError(
        "23514", f'new row for relation "{table}" violates check constraint "{called}"'
    )
    return of_relation(error, table)


def unique_refusal(
    table: str, columns: Sequence[str], name: str, values: Sequence[Any] | None
) -> JotError:
    """Return the refusal of a second row with one key; `values` are the key's, if known."""
    error = ConflictError(
        "23505",
        f'duplicate key value violates unique constraint "{name}"',
        details=values and f"Key {key(columns, values)} already exists.",
    )
    error.key = ViolatedKey(table, tuple(columns), tuple(values)) if values else None
    return of_relation(error, table)


def missing_parent(
    table: str, name: str, columns: Sequence[str], values: Sequence[Any], parent: str
) -> JotError:
    """Return the error of a row whose foreign key has no target (23503)."""
    error = ConflictError(
        "23503",
        f'insert or update on table "{table}" violates foreign key constraint "{name}"',
        details=f'Key {key(columns, values)} is not present in table "{parent}".',
    )
    redacted_details = f'Key is not present in table "{parent}".'
    other = OtherTable(parent, f' in table "{parent}".', error.message)
    error.key = ViolatedKey(table, tuple(columns), tuple(values), redacted_details, other)
    return of_relation(error, table)


def still_referenced(
    parent: str, columns: Sequence[str], values: Sequence[Any], name: str, table: str
) -> JotError:
    """Return the error of deleting or changing a row that is still referenced (23503)."""
    error = ConflictError(
        "23503",
        f'update or delete on table "{parent}" violates foreign key constraint "{name}"'
        f' on table "{table}"',
        details=f'Key {key(columns, values)} is still referenced from table "{table}".',
    )
    redacted_details = f'Key is still referenced from table "{table}".'
    message = f'update or delete on table "{parent}" violates a foreign key constraint'
    other = OtherTable(table, f' from table "{table}".', message)
    error.key = ViolatedKey(parent, tuple(columns), tuple(values), redacted_details, other)
    return of_relation(error, parent)


def unknown_reference(table: str) -> JotError:
    """Return the error of a foreign key that could not be determined (23503)."""
    return ConflictError("23503", f'write to table "{table}" violates a foreign key constraint')


def key(columns: Sequence[str], values: Sequence[Any]) -> str:
    """Return a key in PostgreSQL's format: `(company, title)=(acme, Baker)`."""
    shown = ("null" if value is None else _shown(value) for value in values)
    return f"({', '.join(columns)})=({', '.join(shown)})"


def _shown(value: Any) -> str:
    return "\\x" + value.hex() if isinstance(value, bytes) else str(value)


def _wrong_type(message: str) -> JotError:
    found = re.search(r"cannot store (\w+) value in (\w+) column (.+)\.([^.]+)$", message)
    if not found:
        return RequestError("42804", "a value does not fit the type of its column")
    given, wanted = (_TYPES.get(name, name.lower()) for name in (found[1], found[2]))
    return RequestError(
        "42804", f'column "{found[4]}" is of type {wanted} but expression is of type {given}'
    )


def _disk(error: Exception) -> JotError:
    log.error("the disk failed: %s", error)
    return ConflictError(
        "53100",
        "could not write to the database: no space left on device, or the disk is read-only",
        hint="Nothing was written. Free some space, or make the database's folder writable.",
    )


def _disk_failed(error: Exception) -> JotError:
    log.critical("the disk of the database fails: %s", error)
    return ConflictError(
        "58030",
        "the disk of the database fails",
        hint="Nothing was written. The log says more; /health tells whether it goes on.",
    )


def unresolved() -> JotError:
    """Return the error of a transaction that ends with deferred foreign keys violated."""
    return ConflictError("23503", "the write violates a foreign key constraint")


def sequence_exhausted(table: str) -> JotError:
    """Return the error of an exhausted identity sequence (2200H)."""
    return RequestError(
        "2200H",
        f'nextval: reached maximum value of the sequence of table "{table}"',
        hint="Give the row an id of your own, or remove the row with the greatest one.",
    )


def locked(_: Exception) -> JotError:
    """Return the error of a lock that another process holds (55P03)."""
    return ConflictError(
        "55P03",
        "could not obtain the lock on the database: another process holds it",
        hint="Try again; a transaction left open in another program is the usual cause.",
    )


def file_moved() -> JotError:
    """Return the error of a write to a database file that was moved or replaced (58P01)."""
    return JotError(
        "58P01",
        "the database file was moved or replaced while the server has it open",
        hint="Nothing counts as written. Put the file back in its place, or restart the server.",
    )


def is_broken(error: Exception) -> bool:
    """Return whether a connection must be replaced after this error, as it may read wrong data."""
    return isinstance(error, apsw.IOError | apsw.CorruptError | apsw.NotADBError)


def _damaged(error: Exception) -> JotError:
    log.critical("the database is damaged: %s", error)
    return JotError(
        "XX001",
        "the database file is damaged",
        hint="The log says more. Restart the server; restore a backup if that does not help.",
    )


def _refuse(code: str, message: str, status: int | None = None) -> Callable[[Exception], JotError]:
    return lambda _: RequestError(code, message, status=status)


_TOO_BIG = _refuse("54000", "a value is larger than the database allows", 413)
_TOO_COMPLEX = _refuse("54001", "stack depth limit exceeded: the statement is too complex")
_OUT_OF_RANGE = _refuse("22003", "value out of range for type bigint")

_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Callable[[Exception], JotError]], ...] = (
    ((apsw.FullError, apsw.ReadOnlyError), _disk),
    ((apsw.IOError,), _disk_failed),
    ((apsw.BusyError, apsw.LockedError), locked),
    ((apsw.CorruptError, apsw.NotADBError), _damaged),
    ((apsw.CantOpenError,), lambda _: out_of_resources("file")),
    ((apsw.NoMemError, MemoryError), lambda _: out_of_resources("memory")),
    ((apsw.TooBigError,), _TOO_BIG),
    ((apsw.MismatchError,), _refuse("42804", "a key that numbers rows must be an integer")),
    ((OverflowError,), _OUT_OF_RANGE),
    (
        (UnicodeEncodeError,),
        _refuse("22P05", "text holds half a surrogate pair, which UTF-8 lacks"),
    ),
    ((re.error,), lambda e: RequestError("2201B", f"invalid regular expression: {e}", status=400)),
)

_BY_MESSAGE: tuple[tuple[re.Pattern[str], Callable[[Exception], JotError]], ...] = (
    (re.compile(r"^malformed JSON|^JSON path error"), _refuse("22P02", "invalid input for json")),
    (re.compile(r"^integer overflow"), _OUT_OF_RANGE),
    (
        re.compile(r"^non-deterministic use of"),
        _refuse("22007", "a computed column would depend on the time of now"),
    ),
    (re.compile(r"LIKE or GLOB pattern too complex"), _TOO_BIG),
    (
        re.compile(r"parser stack overflow|Expression tree is too large|too many"),
        _TOO_COMPLEX,
    ),
)
