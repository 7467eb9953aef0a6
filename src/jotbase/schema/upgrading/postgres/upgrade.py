"""A PostgreSQL database brought to a model, in one unit of work.

In charge of what `upgrade` is in charge of for SQLite: looked at, compared, changed, noted; nothing
is changed when something is refused. Must not know who starts it. What is not there yet is refused
in words: types that do not hold every stored value, and what numbers or computes a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jotbase.errors import Fault, JotError, ProjectError
from jotbase.schema.ddl.file_sql import views_in_order
from jotbase.schema.ddl.migration_history import noted_migration
from jotbase.schema.ddl.postgres.tables import (
    create_indexes,
    create_keys,
    create_statements,
    create_table,
    create_view,
    internal_statements,
)
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.upgrading import lossy_changes
from jotbase.schema.upgrading.comparison import TableChange, compare, removed_columns
from jotbase.schema.upgrading.plan import Plan, plan_of
from jotbase.schema.upgrading.postgres.changes import altered, rekeyed
from jotbase.schema.upgrading.rename_statements import postgres_renames
from jotbase.schema.upgrading.renames import described, renamed_model
from jotbase.schema.upgrading.stored_rows import check_stored_rows, check_stored_values
from jotbase.schema.upgrading.upgrade import UpgradeResult, stored_model
from jotbase.sql.dialect import POSTGRES
from jotbase.sql.units import Rows, Statement, UnitOfWork

_META = '"jotbase"."meta"'
#: One server at a time makes or changes tables (13.3.5); the number is nobody else's.
_LOCK = "SELECT pg_advisory_xact_lock(7366142011)"
_TABLES = (
    "SELECT c.relname::text, c.relkind::text FROM pg_class AS c"
    " WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = 'public'::regnamespace"
)


def lock() -> UnitOfWork[None]:
    """Wait until no other server changes tables; the lock ends with the transaction.

    What the transaction reads then is as the other one left it: a snapshot of the whole transaction
    would be taken before the wait (13.2.3 and 13.4.2 of the manual).
    """
    yield Statement("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    yield Statement(_LOCK)


@dataclass(frozen=True, slots=True)
class PostgresSteps:
    """What brings a database to a model: statements in order, the same in words, or why not.

    `checked` are the tables whose rows are held against their JSON Schema afterwards. `used` are
    the permits that the steps use up; `fresh` as in `UpgradeResult`.
    """

    statements: tuple[str, ...]
    told: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    used: tuple[str, ...] = ()
    fresh: bool = False
    checked: tuple[TableChange, ...] = ()


_NOTED = Statement(f'SELECT "key", "value" FROM {_META}')


def compared(model: Model, noted: Rows) -> UnitOfWork[PostgresSteps | None]:
    """Read what the database holds, and compare it with the model; None if it holds just that.

    `noted` is what the server's own table of notes holds. Only reads.
    """
    meta = {str(key): str(value) for key, value in noted}
    found = frozenset(name for name, _ in (yield Statement(_TABLES)))
    tables = [table for table in model if table.view is None]
    if meta.get("model") == serialization.dump(model) and all(one.name in found for one in tables):
        return None
    old = stored_model(meta)
    if not old.tables and not any(table.name in found for table in model):
        told = tuple(f"{table.name}: new table" for table in tables)
        return PostgresSteps(tuple(create_statements(model)), told, fresh=True)
    here = Model({table.name: table for table in old if table.name in found})
    named, renames = renamed_model(here, model, tells_case=True)
    gone = {one.old.name for one in renames if one.old.name != one.new.name}
    there = (found - gone) | {table.name for table in named}
    steps = _changed(named, model, there, frozenset(meta))
    first = [text for one in renames for text in postgres_renames(one)]
    told = (*described(renames), *steps.told)
    return replace(steps, statements=(*first, *steps.statements), told=told)


def preview(model: Model) -> UnitOfWork[Plan]:
    """Return the plan of a migration. Only reads; rows are held against it when it is applied."""
    exists = (yield Statement("SELECT to_regclass('jotbase.meta') IS NOT NULL"))[0][0]
    noted = (yield _NOTED) if exists else []
    found = yield from compared(model, noted)
    if found is None:
        return Plan()
    return plan_of(found.statements, found.told, found.faults, POSTGRES)


def upgrade(model: Model, by: str = "") -> UnitOfWork[UpgradeResult]:
    """Bring the database to the model; `auth.users` is to be there already. `by` is noted in the
    history.

    Raises ProjectError, and then nothing is changed.
    """
    for text in internal_statements():
        yield Statement(text)
    found = yield from compared(model, (yield _NOTED))
    if found is None:
        return UpgradeResult(fresh=False, descriptions=())
    if found.faults:
        raise ProjectError(found.faults)
    yield from _apply(found.statements, model)
    for change in found.checked:
        yield from _check_rows(change)
    for key in found.used:
        yield Statement(f'DELETE FROM {_META} WHERE "key" = ?', (key,))
    yield Statement(
        f'INSERT INTO {_META} ("key", "value") VALUES (\'model\', ?)'
        ' ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value"',
        (serialization.dump(model),),
    )
    if found.statements:
        yield noted_migration(POSTGRES, model, by, found.told, found.statements)
    return UpgradeResult(found.fresh, () if found.fresh else found.told)


def _check_rows(change: TableChange) -> UnitOfWork[None]:
    """Hold a table's rows against its changed schema, while nobody writes them. Raises
    ProjectError for those that do not fit.
    """
    yield Statement(
        f"LOCK TABLE {POSTGRES.identifier(change.new.name)} IN SHARE ROW EXCLUSIVE MODE"
    )
    fault = None
    if change.retyped_arrays or not change.rows:
        fault = yield from check_stored_values(change, dialect=POSTGRES)
    fault = fault or (yield from check_stored_rows(change, dialect=POSTGRES))
    if fault is not None:
        raise ProjectError([fault])


def _changed(
    old: Model, model: Model, found: frozenset[str], permits: frozenset[str]
) -> PostgresSteps:
    """Return the steps from what the database holds of the old model to the new one."""
    before = {table.name: table for table in old if table.name in found}
    unknown = [table for table in model if table.name in found and table.name not in before]
    faults = [_not_ours(table) for table in unknown]
    dropped = [one for one in before.values() if one.view is None and _is_gone(one, model)]
    faults += [
        lossy_changes.dropped_table(one)
        for one in dropped
        if lossy_changes.permit(one.name) not in permits
    ]
    made = [one for one in model if one.view is None and one.name not in before]
    kept = [one for one in model if one.view is None and one.name in before]
    moved = frozenset(one.name for one in kept if rekeyed(before[one.name], one))
    changes = [altered(before[table.name], table, permits, moved) for table in kept]
    faults += [fault for change in changes for fault in change.refused]
    statements = [
        *(text for change in changes for text in change.first),
        *(f"DROP TABLE {POSTGRES.identifier(one.name)}" for one in dropped),
        *(create_table(table) for table in made),
        *(text for change in changes for text in change.statements),
        *(text for table in made for text in _completed(table)),
        *(text for change in changes for text in change.last),
    ]
    views = views_in_order(before.values())
    wanted = [create_view(one) for one in views_in_order(model)]
    # A view stands in the way of changes of its tables.
    if statements or [create_view(one) for one in views] != wanted:
        gone = [_drop_view(view) for view in reversed(views)]
        statements = [*gone, *statements, *wanted]
    told = [f"{table.name}: new table" for table in made]
    told += [f"{table.name}: table dropped, as allowed" for table in dropped]
    told += [line for change in changes for line in change.told]
    differing = [compare(before[table.name], table) for table in kept]
    checked = [
        one for one in differing if one.columns or one.rows or one.filled or one.retyped_arrays
    ]
    used = [lossy_changes.permit(one.name) for one in dropped]
    used += [
        lossy_changes.permit(table.name, name)
        for table in kept
        for name in removed_columns(before[table.name], table)
    ]
    return PostgresSteps(
        tuple(statements), tuple(told), tuple(faults), tuple(used), checked=tuple(checked)
    )


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


def _apply(texts: Sequence[str], model: Model) -> UnitOfWork[None]:
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
