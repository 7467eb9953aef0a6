"""Comparing the old and new definition of one table: the change, its preconditions, its refusals.

In charge of distinguishing changes that neither lose a value nor fail (applied), those that may
fail on a stored row (preconditions), and those that would lose data (refused). Must not know the
changes of other tables, or how a table is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jotbase.errors import Fault
from jotbase.records import dataclass
from jotbase.schema.ddl.changelog import triggers
from jotbase.schema.ddl.tables import (
    column_list,
    create_indexes,
    create_table,
    default_sql,
    is_strict,
)
from jotbase.schema.model.tables import (
    RANGES,
    USERS,
    Column,
    ForeignKey,
    Model,
    Search,
    Table,
    Type,
)
from jotbase.schema.upgrading import lossy_changes
from jotbase.schema.upgrading.in_place import constraint_statements
from jotbase.schema.upgrading.revalidation import columns_to_revalidate, must_revalidate_rows
from jotbase.sql.dialect import SQLITE

#: (old type, new type) where the new type can hold stored values of the old one unchanged. Integers
#: become numbers where a double represents them; arrays are JSON documents, and documents become
#: arrays if they validate.
WIDER = frozenset(
    {
        *((kind, Type.TEXT) for kind in (Type.UUID, Type.TIMESTAMP, Type.DATE, Type.TIME, *RANGES)),
        (Type.INT4RANGE, Type.INT8RANGE),
        (Type.INTEGER, Type.NUMBER),
        (Type.ARRAY, Type.JSON),
        (Type.JSON, Type.ARRAY),
    }
)


@dataclass(frozen=True, slots=True)
class Precondition:
    """A condition on stored rows: `query` counts the rows that prevent the change.

    `fault` is reported if there are any, with their number for `{count}` in its reason.
    """

    query: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class TableChange:
    """The change of one table.

    With `rebuild` the table is created again and its rows are copied; otherwise the `added` columns
    are added in place, and the statements `constraints` change those of others. `columns` are those
    whose stored values must be validated against the new schema; `rows` says that whole rows must
    be. `filled` are columns for which the database computes values, to be validated after the
    change. `retyped_arrays` are arrays whose items have another type now.
    """

    old: Table
    new: Table
    rebuild: bool = False
    added: tuple[Column, ...] = ()
    constraints: tuple[str, ...] = ()
    dropped_indexes: tuple[str, ...] = ()
    created_indexes: tuple[str, ...] = ()
    dropped_searches: tuple[Search, ...] = ()
    created_searches: tuple[Search, ...] = ()
    triggers_changed: bool = False
    columns: tuple[str, ...] = ()
    rows: bool = False
    filled: tuple[str, ...] = ()
    retyped_arrays: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to change and nothing to validate."""
        return self == TableChange(self.old, self.new)


def compare(
    old: Table, new: Table, *, case_changed: bool = False, in_place: bool = False
) -> TableChange:
    """Return the change of a table; refusals and preconditions are computed separately.

    SQLite cannot rename by letter case alone: with `case_changed` the table is rebuilt. With
    `in_place` it can change the constraints of columns.
    """
    added = tuple(column for column in new.columns if column.name not in old.by_name)
    constraints = constraint_statements(old, new) if in_place and not case_changed else None
    addable = constraints is not None and all(map(_can_be_added, added))
    rebuild = not addable and (case_changed or not _alterable(old, new, added))
    before, after = create_indexes(old), create_indexes(new)
    return TableChange(
        old,
        new,
        rebuild=rebuild,
        added=() if rebuild else added,
        constraints=tuple(constraints or ()) if addable else (),
        dropped_indexes=tuple(name for name in before if before[name] != after.get(name)),
        created_indexes=tuple(sql for name, sql in after.items() if before.get(name) != sql),
        dropped_searches=tuple(one for one in old.searches if one not in new.searches),
        created_searches=tuple(one for one in new.searches if one not in old.searches),
        triggers_changed=[*triggers(old)] != [*triggers(new)],
        columns=tuple(columns_to_revalidate(old, new)),
        rows=must_revalidate_rows(old, new),
        filled=tuple(one.name for one in new.columns if _is_filled_anew(old, one)),
        retyped_arrays=tuple(one.name for one in new.columns if _is_retyped_array(old, one)),
    )


def _alterable(old: Table, new: Table, added: tuple[Column, ...]) -> bool:
    """Return whether ALTER TABLE … ADD COLUMN suffices (sqlite.org/lang_altertable.html, 4)."""
    if is_strict(old) != is_strict(new):
        return False
    names = {column.name for column in added}
    kept = tuple(column for column in new.columns if column.name not in names)
    if create_table(replace(old, columns=_by_name(old.columns))) != create_table(
        replace(new, columns=_by_name(kept))
    ):
        return False
    return all(_can_be_added(column) for column in added)


def _by_name(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Sort the columns: their order depends on the table's history and is no difference."""
    return tuple(sorted(columns, key=lambda column: column.name))


def _can_be_added(column: Column) -> bool:
    if column.identity or column.generated is not None:
        return False
    default = default_sql(column)
    if default is not None and default.startswith("("):
        return False
    return column.nullable or default is not None


def _is_filled_anew(old: Table, column: Column) -> bool:
    """Return whether the database will compute the column's values anew."""
    was = old.by_name.get(column.name)
    if column.default_expression is not None and default_sql(column) is not None:
        return was is None or backfills_default(was, column)
    return column.generated is not None and (was is None or was.generated != column.generated)


def _is_retyped_array(old: Table, column: Column) -> bool:
    was = old.by_name.get(column.name)
    if was is None or column.type is not Type.ARRAY:
        return False
    return was.type is not column.type or was.item is not column.item


def refusal_faults(old: Table, new: Table, permits: frozenset[str]) -> Iterator[Fault]:
    """Yield a fault for each change that would lose stored values."""
    for name in removed_columns(old, new):
        computed = old.by_name[name].generated is not None
        if not computed and lossy_changes.permit(old.name, name) not in permits:
            yield lossy_changes.dropped_column(new, name, new_columns_like(old, new, name))
    for column in new.columns:
        was = old.by_name.get(column.name)
        if was is None or was.type is column.type or (was.type, column.type) in WIDER:
            continue
        yield lossy_changes.changed_type(new, was, column)


def new_columns_like(old: Table, new: Table, name: str) -> list[str]:
    """Return the new columns that might be an old one under another name."""
    kind = old.by_name[name].type
    return [one.name for one in new.columns if one.name not in old.by_name and one.type is kind]


def discarded_columns(old: Table, new: Table) -> list[str]:
    """Return the names of the columns whose stored values would be lost."""
    return [*removed_columns(old, new), *(name for name, _ in _computed_now(old, new))]


def _computed_now(old: Table, new: Table) -> Iterator[tuple[str, Column]]:
    """Yield the columns that become generated and have stored values."""
    for column in new.columns:
        was = old.by_name.get(column.name)
        if was is not None and was.generated is None and column.generated is not None:
            yield column.name, column


def removed_columns(old: Table, new: Table) -> list[str]:
    """Return the names of the columns that the new table does not have."""
    return [column.name for column in old.columns if column.name not in new.by_name]


def preconditions(
    old: Table, new: Table, before: Model, permits: frozenset[str] = frozenset()
) -> Iterator[Precondition]:
    """Yield the preconditions of the change; `before` is the old model."""
    yield from _value_preconditions(old, new)
    for name, column in _computed_now(old, new):
        if lossy_changes.permit(old.name, name) not in permits:
            query = (
                f"SELECT count(*) FROM {SQLITE.identifier(new.name)}"
                f" WHERE {SQLITE.identifier(name)} IS NOT NULL"
            )
            yield Precondition(query, lossy_changes.becomes_generated(new, column))
    yield from _unique_preconditions(old, new)
    for key in new.foreign_keys:
        if not any(_same_key(key, other) for other in old.foreign_keys):
            yield from _reference_precondition(old, new, key, before)


def backfills_default(was: Column, column: Column) -> bool:
    """Return whether NULLs of a column that becomes NOT NULL are replaced by its default.

    They are not where JSON null was a valid value, and so a value of its own.
    """
    was_optional = was.nullable and not was.null_is_value and not column.nullable
    return was_optional and default_sql(column) is not None


def _value_preconditions(old: Table, new: Table) -> Iterator[Precondition]:
    table = SQLITE.identifier(new.name)
    for column in new.columns:
        was = old.by_name.get(column.name)
        if was is not None and (was.type, column.type) == (Type.INTEGER, Type.NUMBER):
            name = SQLITE.identifier(column.name)
            query = f"SELECT count(*) FROM {table} WHERE CAST({name} AS REAL) <> {name}"
            yield Precondition(query, lossy_changes.changed_type(new, was, column))
        if was is None:
            filled = column.nullable or column.identity or column.generated is not None
            if not filled and default_sql(column) is None:
                query = f"SELECT count(*) FROM {table}"
                yield Precondition(query, lossy_changes.unfilled_column(new, column))
        elif was.nullable and not column.nullable and not backfills_default(was, column):
            name = SQLITE.identifier(column.name)
            query = f"SELECT count(*) FROM {table} WHERE {name} IS NULL"
            yield Precondition(query, lossy_changes.missing_values(new, column))


def _unique_preconditions(old: Table, new: Table) -> Iterator[Precondition]:
    held = [set(old.primary_key), *(set(unique.columns) for unique in old.unique)]
    held += [{column.name} for column in old.columns if column.identity]
    wanted = [("primaryKey", new.primary_key)] if new.primary_key else []
    wanted += [("unique", unique.columns) for unique in new.unique]
    wanted += [("properties", (column.name,)) for column in new.columns if column.identity]
    for keyword, columns in wanted:
        if set(columns) in held or not set(columns) <= old.by_name.keys():
            continue
        names, table = column_list(columns), SQLITE.identifier(new.name)
        present = " AND ".join(f"{SQLITE.identifier(name)} IS NOT NULL" for name in columns)
        query = (
            f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {present}"
            f" GROUP BY {names} HAVING count(*) > 1)"
        )
        yield Precondition(query, lossy_changes.duplicates(new, columns, keyword))


def _same_key(one: ForeignKey, other: ForeignKey) -> bool:
    return (one.columns, one.target, one.target_columns) == (
        other.columns,
        other.target,
        other.target_columns,
    )


def _reference_precondition(
    old: Table, new: Table, key: ForeignKey, before: Model
) -> Iterator[Precondition]:
    """Yield the precondition that no row lacks its referenced row; NULLs refer to none."""
    if not set(key.columns) <= old.by_name.keys():
        return
    table = SQLITE.identifier(new.name)
    present = " AND ".join(f"child.{SQLITE.identifier(name)} IS NOT NULL" for name in key.columns)
    target = USERS if key.target == USERS.name else before.get(key.target)
    missing = ""
    if target is not None and set(key.target_columns) <= target.by_name.keys():
        tied = " AND ".join(
            f"parent.{SQLITE.identifier(other)} = child.{SQLITE.identifier(own)}"
            for own, other in zip(key.columns, key.target_columns, strict=True)
        )
        source = SQLITE.identifier(key.target)
        missing = f" AND NOT EXISTS (SELECT 1 FROM {source} AS parent WHERE {tied})"
    query = f"SELECT count(*) FROM {table} AS child WHERE {present}{missing}"
    yield Precondition(query, lossy_changes.orphans(new, key))


def descriptions(change: TableChange) -> Iterator[str]:
    """Yield a description of each part of the change, one line each."""
    old, new = change.old, change.new
    for column in new.columns:
        if column.name not in old.by_name:
            yield f"{new.name}: new column {column.name}"
        elif backfills_default(old.by_name[column.name], column):
            yield f"{new.name}: rows without {column.name} take its default"
    for name in removed_columns(old, new):
        yield f"{new.name}: column {name} dropped, as allowed"
    if change.rebuild:
        yield f"{new.name}: table made anew, its rows kept"
    if change.constraints:
        yield f"{new.name}: constraints changed"
    if change.triggers_changed and old.realtime != new.realtime:
        yield f"{new.name}: changes are {'followed' if new.realtime else 'not followed any more'}"
    searches = change.dropped_searches or change.created_searches
    if change.dropped_indexes or change.created_indexes or searches:
        yield f"{new.name}: indexes changed"
