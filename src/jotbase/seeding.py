"""Seeds: the rows a project begins with, loaded through the same checks as any write.

In charge of their order (a row comes after what it refers to) and of all of them or none being
stored. Must not know how a row is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import orjson

from jotbase.errors import Fault, JotError, ProjectError
from jotbase.pipeline import DataApi, prepare, write_work
from jotbase.project import Project, read_files
from jotbase.query.shape import shape
from jotbase.schema.model import Model, Table
from jotbase.sql.fragment import sql
from jotbase.sql.units import UnitOfWork
from jotbase.values import SERVICE_PRINCIPAL, Request


async def seed(project: Project, data: DataApi) -> dict[str, int]:
    """Load seeds/ into the tables that hold no row yet; return how many rows went into which.

    Raises ProjectError, and stores nothing, when a file or row is wrong.
    """
    files = read_files(project.root / "seeds")
    _check_names(files, data.model)
    api = _trusting(data)

    def work() -> UnitOfWork[dict[str, int]]:
        loaded: dict[str, int] = {}
        for table in in_order(data.model):
            body = files.get(f"{table.name}.json")
            if body is not None and (yield from _is_empty(table, api)):
                loaded[table.name] = yield from _load(table, body, api)
        return loaded

    return await data.engine.write(work)


def _check_names(files: dict[str, bytes], model: Model) -> None:
    unknown = [name for name in files if name.removesuffix(".json") not in model.tables]
    if unknown:
        reason = "there is no table of that name in schemas/"
        raise ProjectError([Fault(f"seeds/{name}", "", reason) for name in unknown])


def _trusting(data: DataApi) -> DataApi:
    """Seeds set `readOnly` columns too, and are kept whatever JOTBASE_TX_END says."""
    means = {
        passes: {name: replace(one, trusted=True) for name, one in tables.items()}
        for passes, tables in data.means.items()
    }
    return replace(data, means=means, limits=replace(data.limits, tx_end="commit"), prepared={})


def _is_empty(table: Table, api: DataApi) -> UnitOfWork[bool]:
    rows = yield sql(f"SELECT 1 FROM {api.engine.dialect.identifier(table.name)} LIMIT 1")
    return not rows


def _load(table: Table, body: bytes, api: DataApi) -> UnitOfWork[int]:
    headers = {"content-type": "application/json", "prefer": "missing=default"}
    path = f"/rest/v1/{quote(table.name, safe='')}"
    question, values = shape(Request("POST", path, "", headers, body))
    context = api.context(SERVICE_PRINCIPAL, values)
    try:
        orjson.loads(body)
        prepared = prepare(question, True, api)
        written = yield from write_work(prepared, body, context, api)()
    except orjson.JSONDecodeError as error:
        raise ProjectError([Fault(f"seeds/{table.name}.json", "", f"no JSON: {error}")]) from error
    except JotError as error:
        raise ProjectError(list(_faults(table, error))) from error
    return written.affected


def _faults(table: Table, error: JotError) -> Iterator[Fault]:
    file = f"seeds/{table.name}.json"
    if error.code == "23514" and isinstance(error.details, list):
        for fault in error.details:
            yield Fault(file, fault.get("pointer", ""), fault.get("message", error.message))
    else:
        yield Fault(file, "", f"{error.message} ({error.code})", error.hint or error.details)


def in_order(model: Model) -> list[Table]:
    """Return the tables so that each comes after those it refers to, as far as there is no ring."""
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
