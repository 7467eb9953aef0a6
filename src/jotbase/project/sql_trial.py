"""Validating the SQL of a project's files on an empty database in memory, before any migration.

In charge of checking with SQLite itself that a view is one SELECT that only reads, that its columns
exist, and that an expression can be evaluated. Must not know files or the project's database
(decision 69).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

from jotbase.auth.accounts.ddl import create as create_accounts
from jotbase.engines.sqlite.database.connection import ConnectionFactory
from jotbase.errors import Fault
from jotbase.expression.data_types.casting import CAST_FUNCTIONS
from jotbase.expression.operators import SQL_FUNCTIONS
from jotbase.project import sql_hints
from jotbase.schema.ddl.constraints import TYPES
from jotbase.schema.ddl.definitions import tokens
from jotbase.schema.ddl.file_sql import in_parentheses, select_fault
from jotbase.schema.ddl.tables import create_table, create_view, internal_tables, probe_view
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.model.tables import RANGES, Column, Model, Table, Type
from jotbase.schema.values.zones import ZONE_FUNCTIONS
from jotbase.search.spelling import nearest
from jotbase.sql.dialect import SQLITE

#: The functions that operators call, by SQL name: every connection has them.
FUNCTIONS = {**SQL_FUNCTIONS, **CAST_FUNCTIONS, **ZONE_FUNCTIONS}

#: What reading asks of SQLite's authorizer (sqlite.org/c3ref/c_alter_table.html).
_READING = frozenset(
    (apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE)
)
#: Functions of SQLite and its shell that reach beyond the database.
_REACHING = frozenset(
    ("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "lsdir", "sqlite_log")
)

_EXAMPLES: Mapping[Type, Any] = {
    Type.INTEGER: 1,
    Type.NUMBER: 1.5,
    Type.DECIMAL: 1,
    Type.BOOLEAN: 1,
    Type.TEXT: "a",
    Type.UUID: "00000000-0000-4000-8000-000000000000",
    Type.TIMESTAMP: "2026-01-01T00:00:00+00:00",
    Type.DATE: "2026-01-01",
    Type.TIME: "12:00:00",
    Type.BYTES: b"a",
    Type.JSON: "{}",
    Type.ARRAY: "[]",
    **dict.fromkeys(RANGES, "empty"),
}
_NO_TABLE = "no such table: "

NOTHING: Mapping[str, str] = {}


@dataclass(slots=True)
class Tried:
    """The result: faults, and the tables that each view reads, by the view's name."""

    faults: list[Fault] = field(default_factory=list)
    reads: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Trial:
    connection: apsw.Connection
    model: Model
    tried: Tried = field(default_factory=Tried)
    denied: str | None = None
    read: set[str] = field(default_factory=set)


def has_sql(model: Model) -> bool:
    """Return whether any file of the project has SQL."""
    return any(
        table.view is not None or any(one.generated is not None for one in table.columns)
        for table in model
    )


@contextlib.contextmanager
def _database() -> Iterator[apsw.Connection]:
    """Open a database in memory that holds the server's own tables."""
    connection = ConnectionFactory(":memory:", FUNCTIONS, durable=False).connect(reader=False)
    with contextlib.closing(connection):
        for statement in create_accounts(SQLITE):
            connection.execute(statement.text)
        for text in internal_tables():
            connection.execute(text)
        yield connection


@contextlib.contextmanager
def emptied(model: Model) -> Iterator[apsw.Connection]:
    """Open a database in memory that holds the model's tables, without views and rows."""
    with _database() as connection:
        trial = _Trial(connection, model)
        for table in model:
            if table.view is None:
                _try_table(trial, table)
        yield connection


def tried(model: Model, strangers: Mapping[str, str] | None = NOTHING) -> Tried:
    """Return what the database says of the project's SQL.

    `strangers` are the SQL of what stands in the project's database, by name: what no file speaks
    of may be read too. None says that they are not known, so that a missing table is no fault.
    """
    known = {name.lower() for name in model.tables}
    with _database() as db:
        trial = _Trial(db, model)
        for name, text in (strangers or {}).items():
            if name.lower() in known or select_fault(text) is not None:
                continue
            with contextlib.suppress(apsw.Error):
                db.execute(text)
        for table in model:
            if table.view is None:
                _try_table(trial, table)
        _try_views(trial, [table for table in model if table.view is not None])
    found = trial.tried
    if strangers is None:
        found.faults = [one for one in found.faults if _NO_TABLE not in one.reason]
    return found


def _try_table(trial: _Trial, table: Table) -> None:
    """Create a table, after trying its generated columns one by one to locate faults."""
    before = len(trial.tried.faults)
    for column in table.columns:
        if column.generated is not None:
            trial.tried.faults.extend(_computed(trial, table, column))
    try:
        if len(trial.tried.faults) == before:
            trial.connection.execute(create_table(table))
            return
    except apsw.Error as error:
        trial.tried.faults.append(Fault(table.file, "", f"the database refuses the table: {error}"))
    names = ", ".join(map(SQLITE.identifier, table.by_name))
    trial.connection.execute(f"CREATE TABLE {SQLITE.identifier(table.name)} ({names})")


def _computed(trial: _Trial, table: Table, column: Column) -> Iterator[Fault]:
    """Try a column beside the others as plain ones, on a row without values and on an example."""
    others = [one for one in table.columns if one is not column]
    listed = [f"{SQLITE.identifier(one.name)} {TYPES[one.type]}" for one in others]
    expression = in_parentheses(column.generated or "")
    listed.append(f"{SQLITE.identifier(column.name)} GENERATED ALWAYS AS {expression} STORED")
    at = pointer(["properties", column.name, "generated"])
    examples = [_EXAMPLES[one.type] for one in others]
    names = ", ".join(SQLITE.identifier(one.name) for one in others)
    try:
        trial.connection.execute(f'CREATE TABLE "jotbase.project.sql_trial" ({", ".join(listed)})')
    except apsw.Error as error:
        reason = f"the database cannot compute it: {error}"
        names_of = [one.name for one in others]
        hint = _columns_hint(str(error), names_of) or sql_hints.of_computed(str(error), expression)
        yield Fault(table.file, at, reason, hint)
        return
    try:
        for values in ([None] * len(examples), examples):
            marks = ", ".join("?" * len(values))
            put = f"({names}) VALUES ({marks})" if others else "DEFAULT VALUES"
            trial.connection.execute(f'INSERT INTO "jotbase.project.sql_trial" {put}', values)
    except apsw.Error as error:
        # What an example alone makes fail may be right for the values that are meant.
        if values is not examples or "non-deterministic" in str(error):
            hint = sql_hints.of_computed(str(error), expression)
            yield Fault(table.file, at, f"the database cannot compute it: {error}", hint)
    finally:
        trial.connection.execute('DROP TABLE "jotbase.project.sql_trial"')


_ONE_SELECT = "a view is one SELECT, which may join and unite others"


def _columns_hint(said: str, names: Sequence[str]) -> str | None:
    _, found, wanted = said.partition("no such column: ")
    if not found:
        return None
    close = nearest(wanted.partition(" - ")[0].strip('"').rpartition(".")[2], names, 0.6)
    return f"did you mean {close}?" if close else f"its columns: {', '.join(names)}"


def _try_views(trial: _Trial, views: Sequence[Table]) -> None:
    """Create all views, then read each; a fault of one view is not repeated for views on it."""
    found: dict[str, Fault] = {}
    for view in views:
        fault = _shape(trial, view) or _made(trial, view)
        if fault is not None:
            found[view.name] = fault
            trial.connection.execute(_stub(view))
    told = list(found)
    for view in views:
        if view.name not in found and (fault := _readable(trial, view)) is not None:
            found[view.name] = fault
    wrong = [view for view in views if view.name in found]
    for view in wrong:
        circular = "circularly" in found[view.name].reason
        if view.name not in told and (circular or _is_its_own(trial, view, wrong)):
            told.append(view.name)
    trial.tried.faults.extend(found[name] for name in told)


def _made(trial: _Trial, view: Table) -> Fault | None:
    try:
        trial.connection.execute(create_view(view))
    except apsw.Error as error:
        return _refused(trial, view, str(error))
    return None


def _refused(trial: _Trial, view: Table, said: str, otherwise: str | None = None) -> Fault:
    """Return a view's fault with the database's message and a hint."""
    tables = {table.name: list(table.by_name) for table in trial.model}
    hint = sql_hints.hint(said, view.view or "", tables) or otherwise
    return _of_view(view, f"the database cannot read the view: {said}", hint)


def _stub(view: Table) -> str:
    columns = ", ".join(f"NULL AS {SQLITE.identifier(name)}" for name in view.by_name) or "NULL"
    return f"CREATE VIEW {SQLITE.identifier(view.name)} AS SELECT {columns}"


def _is_its_own(trial: _Trial, view: Table, wrong: Sequence[Table]) -> bool:
    """Return whether a view's fault is its own, not that of another view."""
    with contextlib.ExitStack() as undo:
        trial.connection.execute("SAVEPOINT own")
        undo.callback(trial.connection.execute, "ROLLBACK TO own")
        for other in wrong:
            if other is not view:
                trial.connection.execute(f"DROP VIEW {SQLITE.identifier(other.name)}")
                trial.connection.execute(_stub(other))
        return _readable(trial, view) is not None


def _shape(trial: _Trial, view: Table) -> Fault | None:
    """Return the fault of a text that is not one SELECT; its tables need not exist yet."""
    said = _prepared(trial, view.view or "")
    if trial.denied is not None:
        return _of_view(view, f"a view only reads, and this would {trial.denied}")
    if said.startswith("near ") or "incomplete" in said or "unrecognized" in said:
        return _refused(trial, view, said)
    return _of_view(view, said, _ONE_SELECT) if said.startswith("more than") else None


def _readable(trial: _Trial, view: Table) -> Fault | None:
    """Return the fault of a view that cannot be read, with the database's message."""
    said = _prepared(trial, probe_view(view).removeprefix("EXPLAIN "))
    trial.tried.reads[view.name] = frozenset(trial.read)
    if trial.denied is not None:
        return _of_view(view, f"a view only reads, and this would {trial.denied}")
    if not said:
        return None
    return _refused(trial, view, said, 'each of "properties" must be a column of the SELECT')


def _of_view(view: Table, reason: str, hint: str | None = None) -> Fault:
    return Fault(view.file, "/view", reason, hint)


def _prepared(trial: _Trial, text: str) -> str:
    """Have SQLite prepare one statement and never run it; return what it says against it."""
    trial.denied, trial.read = None, set()
    found: list[tuple[str, bool]] = []

    def look(cursor: apsw.Cursor, statement: str, _values: Any) -> bool:
        found.append((statement, cursor.is_readonly))
        return False

    def allow(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if action not in _READING:
            trial.denied = (
                str(apsw.mapping_authorizer_function[action]).removeprefix("SQLITE_").lower()
            )
            trial.denied = trial.denied.replace("_", " ")
            return apsw.SQLITE_DENY
        if action == apsw.SQLITE_FUNCTION and str(second).lower() in _REACHING:
            trial.denied = f"call {second}()"
            return apsw.SQLITE_DENY
        if action == apsw.SQLITE_READ and first is not None:
            trial.read.add(first)
        return apsw.SQLITE_OK

    cursor = trial.connection.cursor()
    cursor.exec_trace = look
    trial.connection.authorizer = allow
    try:
        cursor.execute(text, can_cache=False)
    except apsw.ExecTraceAbort:
        pass
    except apsw.Error as error:
        return str(error)
    finally:
        trial.connection.authorizer = None
    if not found or tokens(text[len(found[0][0]) :].replace(";", " ")):
        return "more than one statement"
    return "" if found[0][1] else "it writes"
