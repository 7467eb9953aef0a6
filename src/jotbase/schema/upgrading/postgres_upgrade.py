"""A PostgreSQL database brought to a model, in one unit of work.

In charge of what `upgrade` is in charge of for SQLite: looked at, compared, changed, noted; nothing
is changed when something is refused. Must not know who starts it. What is not there yet: a column
of another type or key, and whatever rows would have to be held against, are refused in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.errors import Fault, JotError, ProjectError
from jotbase.schema.ddl.postgres_tables import (
    create_indexes,
    create_keys,
    create_statements,
    create_table,
    create_view,
    internal_statements,
)
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.upgrading import refusals
from jotbase.schema.upgrading.postgres_changes import altered
from jotbase.schema.upgrading.upgrade import UpgradeResult
from jotbase.sql.dialect import POSTGRES
from jotbase.sql.units import Statement, UnitOfWork

_META = '"jotbase"."meta"'
#: One server at a time makes or changes tables (13.3.5); the number is nobody else's.
_LOCK = "SELECT pg_advisory_xact_lock(7366142011)"
_TABLES = (
    "SELECT c.relname::text, c.relkind::text FROM pg_class AS c"
    " WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = 'public'::regnamespace"
)


def lock() -> UnitOfWork[None]:
    """Wait until no other server changes tables; the lock ends with the transaction."""
    yield Statement(_LOCK)


def upgrade(model: Model) -> UnitOfWork[UpgradeResult]:
    """Bring the database to the model; `auth.users` is to be there already.

    Raises ProjectError, and then nothing is changed.
    """
    for text in internal_statements():
        yield Statement(text)
    noted = yield Statement(f'SELECT "key", "value" FROM {_META}')
    meta = {str(key): str(value) for key, value in noted}
    found = {name for name, _ in (yield Statement(_TABLES))}
    tables = [table for table in model if table.view is None]
    if meta.get("model") == serialization.dump(model) and all(one.name in found for one in tables):
        return UpgradeResult(fresh=False, descriptions=())
    fresh = not any(table.name in found for table in model)
    if fresh:
        yield from _apply(create_statements(model), model)
        told: tuple[str, ...] = ()
    else:
        old = serialization.load(meta["model"]) if "model" in meta else Model()
        told = yield from _change(old, model, frozenset(found), frozenset(meta))
    yield Statement(
        f'INSERT INTO {_META} ("key", "value") VALUES (\'model\', ?)'
        ' ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value"',
        (serialization.dump(model),),
    )
    return UpgradeResult(fresh, told)


def _change(
    old: Model, model: Model, found: frozenset[str], permits: frozenset[str]
) -> UnitOfWork[tuple[str, ...]]:
    """Change what differs; return it in words."""
    before = {table.name: table for table in old if table.name in found}
    unknown = [table for table in model if table.name in found and table.name not in before]
    faults = [_not_ours(table) for table in unknown]
    dropped = [one for one in before.values() if one.view is None and _is_gone(one, model)]
    faults += [
        refusals.dropped_table(one) for one in dropped if refusals.permit(one.name) not in permits
    ]
    made = [one for one in model if one.view is None and one.name not in before]
    kept = [one for one in model if one.view is None and one.name in before]
    changes = [altered(before[table.name], table, permits) for table in kept]
    faults += [fault for change in changes for fault in change.refused]
    if faults:
        raise ProjectError(faults)
    views = [one for one in before.values() if one.view is not None]
    yield from _apply([_drop_view(view) for view in reversed(views)], model)
    yield from _apply([f"DROP TABLE {POSTGRES.identifier(one.name)}" for one in dropped], model)
    yield from _apply([create_table(table) for table in made], model)
    for change in changes:
        yield from _apply(change.statements, model)
    yield from _apply([text for table in made for text in _completed(table)], model)
    yield from _apply([create_view(one) for one in model if one.view is not None], model)
    for one in dropped:
        yield Statement(f'DELETE FROM {_META} WHERE "key" = ?', (refusals.permit(one.name),))
    told = [f"{table.name}: new table" for table in made]
    told += [f"{table.name}: table dropped, as allowed" for table in dropped]
    return (*told, *(line for change in changes for line in change.told))


def _is_gone(table: Table, model: Model) -> bool:
    now = model.get(table.name)
    return now is None or now.view is not None


def _completed(table: Table) -> Iterator[str]:
    yield from create_keys(table)
    yield from create_indexes(table).values()


def _drop_view(view: Table) -> str:
    return f"DROP VIEW IF EXISTS {POSTGRES.identifier(view.name)} CASCADE"


def _not_ours(table: Table) -> Fault:
    reason = "the database has a table of that name which Jotbase did not make"
    return Fault(table.file, "", reason, "name another database, or move that table away")


def _apply(texts: list[str], model: Model) -> UnitOfWork[None]:
    """Run the statements. Raises ProjectError with what the database says of them."""
    for text in texts:
        try:
            yield Statement(text)
        except JotError as error:
            if error.code[:2] in ("08", "53", "55", "57", "58", "XX"):
                raise
            said = str(error.__cause__ or error.message)
            table = next((one for one in model if f'"{one.name}"' in text), None)
            place = "/view" if table is not None and table.view is not None else ""
            reason = f"the database refuses: {said}"
            hint = f"the statement: {text[:4000]}"
            file = table.file if table is not None else "schemas"
            raise ProjectError([Fault(file, place, reason, hint)]) from error
