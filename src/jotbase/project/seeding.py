"""Seeds: the initial rows of a project, loaded with the same checks as any write.

In charge of their order (referenced rows first) and of storing all or none. Must not know how a row
is checked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import orjson

from jotbase.errors import Fault, JotError, ProjectError
from jotbase.pipeline import DataApi, prepare
from jotbase.project.folder import Project, read_files
from jotbase.project.migration import mark_seeded
from jotbase.query.plan.nodes import InsertPlan
from jotbase.query.request.body import payload_of, read_json
from jotbase.query.request.intent import Payload
from jotbase.query.request.shape import shape
from jotbase.query.response.prepared_cache import PreparedCache
from jotbase.query.write.units import insert_unit
from jotbase.schema.model.tables import USERS, Model, Table, Type
from jotbase.schema.values.convert import from_text
from jotbase.search.spelling import nearest
from jotbase.sql.dialect import POSTGRES
from jotbase.sql.fragment import bound, sql
from jotbase.sql.units import UnitOfWork
from jotbase.values import SERVICE_PRINCIPAL, Request

log = logging.getLogger("jotbase")

#: The folder's name in messages.
SEEDS = "seeds"
#: How many rows are checked and stored at a time: each takes about a kilobyte of memory.
STEP = 10_000

#: What to write, by a word of what is said of a file that is no JSON.
_NO_JSON = {
    "zero-length": "write an array of rows: [{…}, {…}], or [] for none",
    "byte order mark": "save it as UTF-8 without a byte order mark",
    "depth": "store less deeply nested values",
    "surrogate": "characters beyond U+FFFF are two \\u escapes, or stand as they are",
    "UTF-8": "save it as UTF-8",
}
#: What has references held against all rows together, in the end.
_DEFER = {
    "sqlite": "PRAGMA defer_foreign_keys = ON",
    "postgres": "SET CONSTRAINTS ALL DEFERRED",
}
#: Types whose JSON values are not strings.
_UNQUOTED = (Type.INTEGER, Type.NUMBER, Type.BOOLEAN)


async def seed(project: Project, data: DataApi) -> dict[str, int]:
    """Load seeds/ into the empty tables; return the number of rows by table.

    Raises ProjectError, and stores nothing, when a file or row has a fault.
    """
    folder = project.root / SEEDS
    files = read_files(folder)
    _check_names(files, _others(folder), data.model)
    api = _trusting(data)

    def work() -> UnitOfWork[dict[str, int]]:
        loaded: dict[str, int] = {}
        yield sql(_DEFER[api.engine.dialect.name])
        for table in in_order(data.model):
            body = files.get(f"{table.name}.json")
            if body is not None and (yield from _is_empty(table, api)):
                loaded[table.name] = yield from _load(table, body, api)
        if api.engine.dialect.is_postgres:
            yield from _refuse_references(data.model, loaded)
        else:
            yield from _tell_of_references(loaded)
        yield from mark_seeded(api.engine.dialect)
        return loaded

    return await data.engine.write(work, timed=False)


def _others(folder: Path) -> list[str]:
    """Return the names of files other than JSON, notes and hidden files in the folder."""
    if not folder.is_dir():
        return []
    kept = (".json", ".md", ".txt")
    names = sorted(path.name for path in folder.iterdir())
    return [one for one in names if not one.startswith(".") and not one.endswith(kept)]


def _check_names(files: Iterable[str], others: Iterable[str], model: Model) -> None:
    """Raise ProjectError for files that belong to no table."""
    faults = [
        Fault(f"{SEEDS}/{name}", "", "seeds are JSON files", "write an array of rows: [{…}, {…}]")
        for name in others
    ]
    for name in files:
        table = model.tables.get(name.removesuffix(".json"))
        if table is None:
            close = nearest(name.removesuffix(".json"), model.tables, 0.6)
            hint = f"did you mean {close}.json?" if close else _no_table(name, model)
            reason = "there is no table of that name in schemas/"
            faults.append(Fault(f"{SEEDS}/{name}", "", reason, hint))
        elif table.view is not None:
            reason = f'"{table.name}" is a view, which holds no rows of its own'
            faults.append(Fault(f"{SEEDS}/{name}", "", reason, "seed the table behind it"))
    if faults:
        raise ProjectError(faults)


def _no_table(file: str, model: Model) -> str:
    if file.removesuffix(".json") in (USERS.name, "users"):
        return "accounts are made by signing up, or by the admin API"
    return f"its tables: {', '.join(sorted(table.name for table in model if table.view is None))}"


def _refuse_references(model: Model, loaded: Iterable[str]) -> UnitOfWork[None]:
    """Look at references only now, of each table by itself so that the file is known.

    Raises ProjectError: PostgreSQL keeps no row that refers to nothing.
    """
    for name in loaded:
        table = model.tables[name]
        for key in table.foreign_keys:
            try:
                yield sql(f"SET CONSTRAINTS {POSTGRES.identifier(key.name)} IMMEDIATE")
            except JotError as error:
                raise ProjectError(list(_faults(table, error, 0))) from error


def _tell_of_references(loaded: Iterable[str]) -> UnitOfWork[None]:
    """Look at references only now, since rows may refer to each other in a ring.

    A part of a larger database may refer to what was left out; as with other loaders of dumps, such
    rows stand, and are told of. Turning the pragma off forgives what is open (SQLite's pragma.c).
    """
    for table in loaded:
        found = (
            yield sql("SELECT parent, count(*) FROM pragma_foreign_key_check(")
            + bound(table)
            + ") GROUP BY parent"
        )
        for parent, count in found:
            log.warning("seeds/%s.json: %d rows refer to rows that %s lacks", table, count, parent)
    yield sql("PRAGMA defer_foreign_keys = OFF")


def _trusting(data: DataApi) -> DataApi:
    """Return the data API for seeds, which may set `readOnly` columns and ignore JOTBASE_TX_END."""
    write_context = {
        passes: {name: replace(one, trusted=True) for name, one in tables.items()}
        for passes, tables in data.write_context.items()
    }
    return replace(
        data,
        write_context=write_context,
        limits=replace(data.limits, tx_end="commit"),
        prepared=PreparedCache(),
    )


def _is_empty(table: Table, api: DataApi) -> UnitOfWork[bool]:
    rows = yield sql(f"SELECT 1 FROM {api.engine.dialect.identifier(table.name)} LIMIT 1")
    return not rows


def _load(table: Table, body: bytes, api: DataApi) -> UnitOfWork[int]:
    """Load a file's rows in steps of `STEP`."""
    headers = {"content-type": "application/json", "prefer": "missing=default"}
    path = f"/rest/v1/{quote(table.name, safe='')}"
    question, values = shape(Request("POST", path, "", headers, b""))
    context = api.context(SERVICE_PRINCIPAL, values)
    prepared = prepare(question, SERVICE_PRINCIPAL, api)
    plan = cast(InsertPlan, prepared.plan)
    rows = _rows(table, body)
    count = 0
    for first in range(0, len(rows), STEP):
        try:
            some = payload_of(rows[first : first + STEP], prepared.intent)
            write_context = api.write_context[True][table.name]
            written = yield from insert_unit(plan, _readable(table, some), context, write_context)
        except JotError as error:
            raise ProjectError(list(_faults(table, error, first))) from error
        count += written.affected
    return count


def _rows(table: Table, body: bytes) -> list[Any]:
    """Return the rows of a file. Raises ProjectError."""
    file = f"{SEEDS}/{table.name}.json"
    try:
        orjson.loads(body)
        found = read_json(body)
    except orjson.JSONDecodeError as error:
        raise ProjectError([Fault(file, "", f"no JSON: {error}", _hint(str(error)))]) from error
    except JotError as error:
        raise ProjectError(list(_faults(table, error, 0))) from error
    rows = found if isinstance(found, list) else [found]
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            reason, hint = "a row is a JSON object", "write an array of rows: [{…}, {…}]"
            raise ProjectError([Fault(file, f"/{place}", reason, hint)])
    return rows


def _hint(said: str) -> str:
    """Return what to write where a file is no JSON."""
    for word, hint in _NO_JSON.items():
        if word in said:
            return hint
    return "JSON has double quotes only, no comments, and no comma before a closing bracket"


def _readable(table: Table, payload: Payload) -> Payload:
    """Return the payload with strings parsed for columns of numbers and booleans: dumps quote large
    numbers.
    """
    unquoted = {one.name: one.type for one in table.columns if one.type in _UNQUOTED}
    if not unquoted:
        return payload
    rows = [
        {
            name: from_text(unquoted[name], value)
            if name in unquoted and isinstance(value, str)
            else value
            for name, value in row.items()
        }
        for row in payload.rows
    ]
    return replace(payload, rows=tuple(rows))


def _faults(table: Table, error: JotError, first: int) -> Iterator[Fault]:
    """Yield an error's faults; `first` is the index in the file of the step's first row."""
    file = f"{SEEDS}/{table.name}.json"
    if error.code == "23514" and isinstance(error.details, list):
        for fault in error.details:
            at = _moved(fault.get("pointer", ""), first)
            yield Fault(file, at, fault.get("message", error.message))
    else:
        hint = error.hint or error.details
        if hint is None and error.code == "PGRST204":
            hint = f"its columns: {', '.join(table.by_name)}"
        yield Fault(file, "", f"{error.message} ({error.code})", hint)


def _moved(pointer: str, first: int) -> str:
    """Return a pointer into the step's rows as one into the file, by adding `first`."""
    _, row, *rest = pointer.split("/") if pointer.startswith("/") else ("", "")
    return "/".join(("", str(int(row) + first), *rest)) if row.isdigit() else pointer


def in_order(model: Model) -> list[Table]:
    """Return the tables with referenced ones first, as far as there is no cycle."""
    ordered: dict[str, Table] = {}

    def visit(table: Table, path: frozenset[str]) -> None:
        if table.name in ordered or table.name in path:
            return
        for key in table.foreign_keys:
            target = model.get(key.target)
            if target is not None:
                visit(target, path | {table.name})
        ordered[table.name] = table

    for table in model:
        if table.view is None:
            visit(table, frozenset())
    return list(ordered.values())
