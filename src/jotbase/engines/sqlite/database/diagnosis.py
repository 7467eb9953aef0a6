"""Diagnosing constraint violations: the key and its values, which SQLite does not report.

In charge of running a refused statement once more in a savepoint with the constraint deferred, of
finding the violation in the rows that it touches, and of rolling back. Runs on the writer's
connection inside its transaction. Must not know the messages (`sqlite_errors`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import apsw

from jotbase.engines.sqlite.database.sqlite_errors import (
    ConstraintName,
    check_refusal,
    extended_code,
    missing_parent,
    refusal,
    sequence_exhausted,
    still_referenced,
    target,
    unique_refusal,
    unknown_reference,
    unresolved,
)
from jotbase.errors import JotError
from jotbase.sql.dialect import quoted_name

#: How many touched rows are examined; beyond them the foreign key stays unknown.
ROWS_SEEN = 1000

_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*\""""
_WRITES = re.compile(rf"{_QUOTED}|\b(INSERT)\s+INTO\b|\b(UPDATE)\s+(?=[\w\"])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Touched:
    """One row before and after, as SQLite's pre-update hook shows it; `number` is its new rowid.

    The hook cannot show rows with VIRTUAL columns (SQLITE_RANGE): they are there, and empty.
    """

    table: str
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None
    number: int


@dataclass(frozen=True, slots=True)
class _Reference:
    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


def conflict(
    cursor: apsw.Cursor,
    error: apsw.ConstraintError,
    text: str,
    values: Sequence[Any],
    name: ConstraintName,
) -> JotError:
    """Return the refusal of a statement that broke a constraint, with the key it broke.

    The statement's own effects are undone already; so is all that is done here. Raises apsw.Error
    when the second run hits the time limit or the disk.
    """
    if extended_code(error) in (
        apsw.SQLITE_CONSTRAINT_UNIQUE,
        apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
        apsw.SQLITE_CONSTRAINT_ROWID,
    ):
        return _unique(cursor, error, text, values, name)
    if "FOREIGN KEY" in str(error):
        return _foreign(cursor, text, values, name)
    if extended_code(error) == apsw.SQLITE_CONSTRAINT_CHECK:
        return _check(cursor, error, text)
    return refusal(error, text, 0)


def _check(cursor: apsw.Cursor, error: apsw.ConstraintError, text: str) -> JotError:
    """Tell which table a CHECK is of: the one that is written, or one that has its name."""
    said = str(error).partition(": ")[2]
    written = target(text)[1]
    found = cursor.execute(_CHECKED, ("%" + said + "%", written)).fetchall()
    return check_refusal(str(found[0][0]) if found else written, said)


_CHECKED = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE ? ORDER BY name <> ? LIMIT 1"
)


def refuse_unresolved(connection: apsw.Connection) -> None:
    """Refuse to end a unit that leaves deferred references broken: its COMMIT, which others share,
    would fail. Raises ConflictError 23503.
    """
    if connection.status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0]:
        raise unresolved()


def full(cursor: apsw.Cursor, error: apsw.FullError, text: str) -> Exception:
    """Return what SQLITE_FULL means: no space, or AUTOINCREMENT has given its last number.

    SQLite has one code for both (sqlite.org/autoinc.html).
    """
    ended: list[tuple[Any, ...]] = []
    if target(text)[0] == "INSERT":
        with suppress(apsw.Error):
            ended = cursor.execute(_ENDED).fetchall()
    return sequence_exhausted(ended[0][0]) if ended else error


_ENDED = "SELECT name FROM sqlite_sequence WHERE seq = 9223372036854775807 LIMIT 1"


def _unique(
    cursor: apsw.Cursor,
    error: apsw.ConstraintError,
    text: str,
    values: Sequence[Any],
    name: ConstraintName,
) -> JotError:
    """Let the statement replace the row that stands in its way: what comes then has its key.

    The new row's values are told, as PostgreSQL tells them: a collation may make others equal.
    """
    failed = str(error).partition(": ")[2]
    if failed.startswith("index '"):
        return unique_refusal("", (), failed[7:-1], None)
    table = failed.split(", ")[0].rpartition(".")[0]
    columns = [part.rpartition(".")[2] for part in failed.split(", ")]
    primary = extended_code(error) != apsw.SQLITE_CONSTRAINT_UNIQUE
    named = name("unique", table, tuple(columns)) or (
        f"{table}_pkey" if primary else "_".join((table, *columns, "key"))
    )
    with _rerun(cursor, _replacing(text), values) as touched:
        there = [row for row in touched if row.table == table]
        for place, row in enumerate(there):
            if row.old is not None and row.new is None:
                new = next((one for one in there[place:] if one.new is not None), None)
                found = _new_key(cursor, new, columns) if new else None
                return unique_refusal(table, columns, named, found)
    return unique_refusal(table, columns, named, None)


def _replacing(text: str) -> str:
    """Write OR REPLACE into the first INSERT or UPDATE that is not part of a quoted name."""
    for found in _WRITES.finditer(text):
        if found[1] or found[2]:
            verb = "INSERT OR REPLACE INTO" if found[1] else "UPDATE OR REPLACE "
            return text[: found.start()] + verb + text[found.end() :]
    return text


def _foreign(
    cursor: apsw.Cursor, text: str, values: Sequence[Any], name: ConstraintName
) -> JotError:
    """Put foreign keys off, run again, and ask of each touched row whether its keys hold."""
    with _rerun(cursor, text, values) as touched:
        references = _references(cursor)
        for row in touched:
            found = _missing(cursor, row, references, name) or _orphaned(
                cursor, row, references, name
            )
            if found:
                return found
    return unknown_reference(target(text)[1])


def _missing(
    cursor: apsw.Cursor, row: _Touched, references: list[_Reference], name: ConstraintName
) -> JotError | None:
    if row.new is None:
        return None
    for each in references:
        if each.table != row.table:
            continue
        key = _new_key(cursor, row, each.columns)
        if key and None not in key and not _exists(cursor, each.target, each.target_columns, key):
            return missing_parent(row.table, _named(each, name), each.columns, key, each.target)
    return None


def _orphaned(
    cursor: apsw.Cursor, row: _Touched, references: list[_Reference], name: ConstraintName
) -> JotError | None:
    if not row.old:
        return None
    names = _columns(cursor, row.table)
    for each in references:
        if each.target != row.table:
            continue
        key = _pick(names, row.old, each.target_columns)
        if row.new and key == _pick(names, row.new, each.target_columns):
            continue
        if None not in key and _exists(cursor, each.table, each.columns, key):
            return still_referenced(
                each.target, each.target_columns, key, _named(each, name), each.table
            )
    return None


def _named(reference: _Reference, name: ConstraintName) -> str:
    return name("foreign", reference.table, reference.columns) or "_".join(
        (reference.table, *reference.columns, "fkey")
    )


@contextmanager
def _rerun(cursor: apsw.Cursor, text: str, values: Sequence[Any]) -> Iterator[list[_Touched]]:
    """Run the statement with foreign keys put off, give the rows it touches, and undo it."""
    connection = cursor.connection
    touched: list[_Touched] = []

    def see(update: apsw.PreUpdate) -> None:
        if len(touched) < ROWS_SEEN:
            touched.append(_seen(update))

    cursor.execute("SAVEPOINT diagnosis")
    try:
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        connection.preupdate_hook(see)
        try:
            # It may well be refused again: then what it touched until there is what counts.
            with suppress(apsw.ConstraintError, apsw.SQLError):
                cursor.execute(text, values).fetchall()
        finally:
            connection.preupdate_hook(None)
        yield touched
    finally:
        if connection.in_transaction:
            cursor.execute("ROLLBACK TO diagnosis")
            cursor.execute("RELEASE diagnosis")
            cursor.execute("PRAGMA defer_foreign_keys = OFF")


def _columns(cursor: apsw.Cursor, table: str) -> list[str]:
    rows = cursor.execute("SELECT name FROM pragma_table_xinfo(?)", (table,)).fetchall()
    return [str(name) for (name,) in rows]


def _references(cursor: apsw.Cursor) -> list[_Reference]:
    """Read all foreign keys of the database."""
    rows = cursor.execute(
        'SELECT s.name, k.id, k."table", k."from", coalesce(k."to", p.name)'
        " FROM sqlite_schema s, pragma_foreign_key_list(s.name) k"
        ' LEFT JOIN pragma_table_info(k."table") p ON k."to" IS NULL AND p.pk = k.seq + 1'
        " WHERE s.type = 'table' ORDER BY s.name, k.id, k.seq"
    ).fetchall()
    keys: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for table, number, parent, column, parent_column in rows:
        pairs = keys.setdefault((table, number, parent), [])
        pairs.append((str(column), str(parent_column)))
    return [
        _Reference(table, tuple(a for a, _ in pairs), parent, tuple(b for _, b in pairs))
        for (table, _, parent), pairs in keys.items()
    ]


def _seen(update: apsw.PreUpdate) -> _Touched:
    kind = update.op
    try:
        return _Touched(update.table_name, update.old, update.new, update.rowid_new)
    except apsw.RangeError:
        old, new = () if kind != "INSERT" else None, () if kind != "DELETE" else None
        return _Touched(update.table_name, old, new, update.rowid_new)


def _new_key(cursor: apsw.Cursor, row: _Touched, columns: Sequence[str]) -> tuple[Any, ...] | None:
    """Read a row's current values in some columns, None if it cannot be found."""
    if row.new:
        return _pick(_columns(cursor, row.table), row.new, columns)
    listed = ", ".join(map(quoted_name, columns))
    text = f"SELECT {listed} FROM {quoted_name(row.table)} WHERE rowid = ?"
    found: list[tuple[Any, ...]] = []
    with suppress(apsw.SQLError):  # a table WITHOUT ROWID
        found = cursor.execute(text, (row.number,)).fetchall()
    return found[0] if found else None


def _pick(names: Sequence[str], row: Sequence[Any], columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[names.index(column)] for column in columns)


def _exists(cursor: apsw.Cursor, table: str, columns: Sequence[str], key: Sequence[Any]) -> bool:
    where = " AND ".join(f"{quoted_name(column)} = ?" for column in columns)
    text = f"SELECT 1 FROM {quoted_name(table)} WHERE {where} LIMIT 1"
    return bool(cursor.execute(text, key).fetchall())
