"""Reflecting a database: tables, columns, keys, views, and statistics of the stored values.

In charge of reading SQLite's pragmas, and of one scan of each column's values. Must not know how
the result is used, and writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw

from jotbase.engines.sqlite.database.view_columns import column_origins
from jotbase.errors import Fault, ProjectError
from jotbase.sql.catalog import (
    Catalog,
    ReflectedColumn,
    ReflectedForeignKey,
    ReflectedIndex,
    ReflectedTable,
    StoredValues,
)
from jotbase.sql.dialect import SQLITE

_TABLES = (
    "SELECT l.name, l.type, l.wr, m.sql FROM pragma_table_list AS l, sqlite_schema AS m"
    " WHERE l.schema = 'main' AND m.name = l.name AND m.type IN ('table', 'view')"
    " AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.rowid"
)
_COLUMNS = (
    'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
    " WHERE hidden <> 1 ORDER BY cid"
)
_INDEXES = 'SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY name'
_INDEXED = 'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno'
_REFERENCES = (
    'SELECT id, "from", "table", "to", on_delete, on_update FROM pragma_foreign_key_list(?)'
    " ORDER BY id DESC, seq"
)
_TRIGGERS = (
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? ORDER BY rowid"
)

_MADE = (
    "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND sql IS NOT NULL"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
)

_LOOSE = (
    "SELECT m.name, l.name, x.name FROM sqlite_schema AS m, pragma_index_list(m.name) AS l,"
    " pragma_index_xinfo(l.name) AS x WHERE m.type = 'table' AND l.\"unique\" AND x.key AND EXISTS"
    " (SELECT 1 FROM pragma_index_xinfo(l.name) AS y WHERE y.key AND y.coll <> 'BINARY')"
    " ORDER BY m.rowid, l.seq, x.seqno"
)

#: The columns that SQLite gives generated ones in `hidden` (sqlite.org/pragma.html, table_xinfo).
_GENERATED = (2, 3)


def introspect(path: str, forms: Mapping[str, str]) -> Catalog:
    """Return what a database file holds; `forms` are SQL conditions over a column called `value`.

    Raises ProjectError when the file cannot be read as a database.
    """
    if not Path(path).is_file():
        raise _unreadable(path, "there is no such database", "name the file: sqlite:///app.db")
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        with contextlib.closing(connection):
            connection.set_busy_timeout(5000)
            connection.execute("BEGIN")  # all statements read the same snapshot
            return _catalog(connection, forms)
    except apsw.Error as error:
        hint = "it must be an SQLite database that nobody has locked"
        raise _unreadable(path, f"the database cannot be read: {error}", hint) from error


def _unreadable(path: str, reason: str, hint: str) -> ProjectError:
    return ProjectError([Fault(path, "", reason, hint)])


def _rows(connection: apsw.Connection, text: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(text, values).fetchall()


def _catalog(connection: apsw.Connection, forms: Mapping[str, str]) -> Catalog:
    tables = tuple(_table(connection, forms, *row) for row in _rows(connection, _TABLES))
    stored_model = None
    if any(table.name == "jotbase.meta" for table in tables):
        text = 'SELECT "value" FROM "jotbase.meta" WHERE "key" = \'model\''
        stored_model = next((str(value) for (value,) in _rows(connection, text)), None)
    return Catalog(tables, dict(_orphans(connection, tables)), stored_model)


def _table(
    connection: apsw.Connection,
    forms: Mapping[str, str],
    name: str,
    kind: Any,
    without_row_numbers: int,
    text: str,
) -> ReflectedTable:
    """Reflect a table or view; an unreadable one has its error in `broken`."""
    if kind in ("virtual", "shadow"):
        return ReflectedTable(name, kind, text or "")
    try:
        columns = tuple(_columns(connection, name, forms))
        origins = column_origins(connection, name) if kind == "view" else {}
    except apsw.Error as error:
        return ReflectedTable(name, kind, text, broken=str(error))
    return ReflectedTable(
        name=name,
        kind=kind,
        text=text,
        columns=columns,
        indexes=tuple(_indexes(connection, name)) if kind == "table" else (),
        references=tuple(_references(connection, name)) if kind == "table" else (),
        triggers=dict(_rows(connection, _TRIGGERS, name)),
        row_numbers=not without_row_numbers,
        origins=origins,
    )


def _columns(
    connection: apsw.Connection, table: str, forms: Mapping[str, str]
) -> Iterator[ReflectedColumn]:
    for name, declared, not_null, default, key, hidden in _rows(connection, _COLUMNS, table):
        statistics = _held(connection, table, name, forms)
        yield ReflectedColumn(
            name, declared, bool(not_null), default, key, hidden in _GENERATED, statistics
        )


def _held(
    connection: apsw.Connection, table: str, column: str, forms: Mapping[str, str]
) -> StoredValues:
    """Return statistics of a column's values, in one scan."""
    misfits = "".join(f", sum(NOT ifnull({condition}, 0))" for condition in forms.values())
    rows = _rows(
        connection,
        f'SELECT typeof("value"), max(length("value")){misfits} FROM'
        f' (SELECT {SQLITE.identifier(column)} AS "value" FROM {SQLITE.identifier(table)})'
        " GROUP BY 1",
    )
    values = [row for row in rows if row[0] != "null"]
    return StoredValues(
        storages=frozenset(row[0] for row in values),
        forms=frozenset(
            form for place, form in enumerate(forms, 2) if not any(row[place] for row in values)
        ),
        longest=max((row[1] for row in values if row[0] == "text"), default=0),
        nulls=len(values) < len(rows),
    )


def _indexes(connection: apsw.Connection, table: str) -> Iterator[ReflectedIndex]:
    for name, unique, origin, partial in _rows(connection, _INDEXES, table):
        parts = _rows(connection, _INDEXED, name)
        named = all(column is not None for column, _, _ in parts)
        plain = named and not partial
        plain = plain and all(not down and coll == "BINARY" for _, down, coll in parts)
        columns = tuple(column for column, _, _ in parts) if named else ()
        yield ReflectedIndex(name, columns, bool(unique), origin, plain)


def _references(connection: apsw.Connection, table: str) -> Iterator[ReflectedForeignKey]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for number, *rest in _rows(connection, _REFERENCES, table):
        found.setdefault(number, []).append(tuple(rest))
    for parts in found.values():
        _, target, to, on_delete, on_update = parts[0]
        yield ReflectedForeignKey(
            columns=tuple(own for own, *_ in parts),
            target=target,
            target_columns=() if to is None else tuple(part[2] for part in parts),
            on_delete=on_delete,
            on_update=on_update,
        )


def nonbinary_unique_keys(path: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the unique keys, by table, that a database file does not compare by their bytes; none
    where there is no database that can be read.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for table, index, column in _read_only(path, _LOOSE):
        keys = found.setdefault(str(table), {})
        keys[str(index)] = (*keys.get(str(index), ()), str(column or "an expression"))
    return {table: tuple(keys.values()) for table, keys in found.items()}


def _read_only(path: str, text: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, [] if there is no readable database."""
    if not Path(path).is_file():
        return []
    with contextlib.suppress(apsw.Error):
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        with contextlib.closing(connection):
            connection.set_busy_timeout(1000)
            return list(connection.execute(text).fetchall())
    return []


def unmanaged_objects(path: str) -> dict[str, str]:
    """Return the SQL of the tables and views in a database file by name, the server's left out;
    none where there is no database that can be read.
    """
    return {
        str(name): str(text)
        for name, text in _read_only(path, _MADE)
        if not str(name).startswith(("jotbase.", "auth."))
    }


def _orphans(
    connection: apsw.Connection, tables: tuple[ReflectedTable, ...]
) -> Iterator[tuple[str, int]]:
    """Yield (table, number of rows whose foreign key has no target)."""
    for table in tables:
        if not table.references:
            continue
        # A reference to columns that are no key is no reference to SQLite either: it says so.
        with contextlib.suppress(apsw.SQLError):
            text = f"PRAGMA foreign_key_check({SQLITE.identifier(table.name)})"
            rows = {row[1] for row in _rows(connection, text)}
            if rows:
                yield table.name, len(rows)
