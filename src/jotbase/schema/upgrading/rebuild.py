"""Rebuilding tables with their rows: the statements, in an order in which no row is lost.

In charge of SQLite's behaviour: renaming a table renames it in foreign keys that refer to it, and
dropping one deletes its rows first, with cascades. So every table that refers to a rebuilt one is
rebuilt too. Must not know why a table changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.schema.ddl import searches
from jotbase.schema.ddl.changelog import trigger_names, triggers
from jotbase.schema.ddl.constraints import literal
from jotbase.schema.ddl.tables import (
    column_definition,
    column_list,
    create_indexes,
    create_table,
    create_view,
    default_sql,
)
from jotbase.schema.model.tables import Column, Model, Table
from jotbase.schema.upgrading.comparison import TableChange, backfills_default
from jotbase.schema.upgrading.diff import UpgradeSteps
from jotbase.sql.dialect import SQLITE


def upgrade_statements(steps: UpgradeSteps, old: Model, new: Model) -> Iterator[str]:
    """Yield the statements of the steps, to be run in order in one transaction."""
    moved = _tables_to_rebuild(steps, old, new)
    # Foreign keys are checked at the commit, when all tables exist again.
    yield "PRAGMA defer_foreign_keys = ON"
    yield from (f"DROP VIEW IF EXISTS {_name(view)}" for view in steps.dropped_views)
    yield from _triggers_dropped(steps, moved, old)
    yield from _searches_dropped(steps, moved)
    yield from (f"ALTER TABLE {_name(was)} RENAME TO {_old_name(was)}" for was, _ in moved)
    yield from (create_table(table) for table in steps.created)
    yield from (create_table(table) for _, table in moved)
    for position, (was, table) in enumerate(moved):
        late = {later.name for _, later in moved[position:]}
        yield from _copy_statements(was, table, late)
    yield from (f"DROP TABLE {_old_name(was)}" for was, _ in reversed(moved))
    yield from (f"DROP TABLE IF EXISTS {_name(table)}" for table in steps.dropped)
    yield from _in_place(steps, {table.name for _, table in moved})
    for table in (*steps.created, *(table for _, table in moved)):
        yield from create_indexes(table).values()
        yield from triggers(table)
        for search in table.searches:
            yield from searches.create_statements(table, search)
    yield from map(create_view, steps.created_views)


def rebuilt_tables(steps: UpgradeSteps, old: Model, new: Model) -> list[Table]:
    """Return the tables that are rebuilt: their foreign keys must be checked at the end."""
    return [table for _, table in _tables_to_rebuild(steps, old, new)]


def _name(table: Table) -> str:
    return SQLITE.identifier(table.name)


def _old_name(table: Table) -> str:
    return SQLITE.identifier(f"jotbase.old.{table.name}")


def _tables_to_rebuild(steps: UpgradeSteps, old: Model, new: Model) -> list[tuple[Table, Table]]:
    """Return (old, new) of the tables to rebuild and of all that refer to them, referenced tables
    before referencing ones as far as there is no cycle.
    """
    names = {change.new.name for change in steps.changed if change.rebuild}
    kept = [
        (was, table)
        for table in new
        if (was := old.get(table.name)) is not None and was.view is None and table.view is None
    ]
    while True:
        more = {
            was.name
            for was, _ in kept
            if was.name not in names and any(key.target in names for key in was.foreign_keys)
        }
        if not more:
            return _parents_first([(was, table) for was, table in kept if was.name in names])
        names |= more


def _parents_first(pairs: list[tuple[Table, Table]]) -> list[tuple[Table, Table]]:
    left = {table.name: (was, table) for was, table in pairs}
    ordered: list[tuple[Table, Table]] = []
    while left:
        free = [
            name
            for name, (_, table) in left.items()
            if not any(key.target in left and key.target != name for key in table.foreign_keys)
        ]
        ordered.extend(left.pop(name) for name in free or [next(iter(left))])
    return ordered


def _triggers_dropped(
    steps: UpgradeSteps, moved: list[tuple[Table, Table]], old: Model
) -> Iterator[str]:
    names = {was.name for was, _ in moved} | {
        change.old.name for change in steps.changed if change.triggers_changed
    }
    for name in sorted(names):
        table = old.get(name)
        if table is not None and table.realtime:
            for trigger in trigger_names(name):
                yield f"DROP TRIGGER IF EXISTS {SQLITE.identifier(trigger)}"


def _searches_dropped(steps: UpgradeSteps, moved: list[tuple[Table, Table]]) -> Iterator[str]:
    """Yield the statements that drop full-text indexes: removed ones, and those of tables that are
    dropped or rebuilt.
    """
    tables = (*steps.dropped, *(was for was, _ in moved))
    gone = dict.fromkeys(search for was in tables for search in was.searches)
    for change in steps.changed:
        gone.update(dict.fromkeys(change.dropped_searches))
    for search in gone:
        yield from searches.drop_statements(search)


def _copy_statements(was: Table, table: Table, late: set[str]) -> Iterator[str]:
    """Yield the statements that copy the rows, in their order, and the identity sequence.

    A row that is copied before its referenced row makes SQLite search for it whenever a row is
    inserted there: foreign keys to a `late` table need an index while rows are copied.
    """
    waiting = {key.columns for key in table.foreign_keys if key.target in late}
    for number, columns in enumerate(sorted(waiting)):
        index = SQLITE.identifier(f"jotbase.copy.{table.name}.{number}")
        yield f"CREATE INDEX {index} ON {_name(table)} ({column_list(columns)})"
    kept = [
        column.name
        for column in table.columns
        if column.name in was.by_name and column.generated is None
    ]
    source, order = _old_name(was), column_list(was.row_key)
    if kept:
        values = ", ".join(_value(was.by_name[name], table.by_name[name]) for name in kept)
        yield (
            f"INSERT INTO {_name(table)} ({column_list(kept)})"
            f" SELECT {values} FROM {source} ORDER BY {order}"
        )
    for number in range(len(waiting)):
        yield f"DROP INDEX {SQLITE.identifier(f'jotbase.copy.{table.name}.{number}')}"
    if any(column.identity for column in table.columns):
        sequence = "sqlite_sequence"
        yield (
            f"DELETE FROM {sequence} WHERE name = {literal(table.name)} AND EXISTS"
            f" (SELECT 1 FROM {sequence} WHERE name = {literal(f'jotbase.old.{was.name}')})"
        )
        yield (
            f"INSERT INTO {sequence} (name, seq) SELECT {literal(table.name)}, seq FROM {sequence}"
            f" WHERE name = {literal(f'jotbase.old.{was.name}')}"
        )


def _value(was: Column, column: Column) -> str:
    """Return the SQL of a copied column's value."""
    name = SQLITE.identifier(column.name)
    return f"ifnull({name}, {default_sql(column)})" if backfills_default(was, column) else name


def _in_place(steps: UpgradeSteps, moved: set[str]) -> Iterator[str]:
    """Yield the statements for tables that are altered in place: columns, indexes, triggers."""
    for change in steps.changed:
        if change.new.name not in moved:
            yield from _altered(change)


def _altered(change: TableChange) -> Iterator[str]:
    table = _name(change.new)
    for column in change.added:
        yield f"ALTER TABLE {table} ADD COLUMN {column_definition(change.new, column)}"
    yield from change.constraints
    yield from (f"DROP INDEX IF EXISTS {SQLITE.identifier(x)}" for x in change.dropped_indexes)
    yield from change.created_indexes
    for search in change.created_searches:
        yield from searches.create_statements(change.new, search)
    if change.triggers_changed:
        yield from triggers(change.new)
