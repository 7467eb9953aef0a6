"""Tables and columns that schema files declare to be renamed (`renamedFrom`).

In charge of finding them, and of the old model under the new names, with which all else is
compared. A name is never guessed: without the declaration it is a loss and a gain, unless it is the
same but for upper and lower case. Must not know
the statements of a database (`rename_statements`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import Column, ForeignKey, Index, Model, Table, Unique

KEYWORD = "renamedFrom"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A table under its old name (`old`) and its new one (`new`), no other difference between them;
    `columns` are the new names by the old ones.
    """

    old: Table
    new: Table
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Names:
    """The new names by the old ones: of tables, and of columns by the table's old name."""

    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    def of(self, table: str, columns: Sequence[str]) -> tuple[str, ...]:
        own = self.columns.get(table, {})
        return tuple(own.get(name, name) for name in columns)


def renamed_model(
    old: Model, new: Model, *, tells_case: bool = False
) -> tuple[Model, list[Renamed]]:
    """Return the old model under the names that the new one declares, and what was renamed.

    A database that `tells_case`, as PostgreSQL does, has another table where the file's name is
    written otherwise; that is a rename too.
    """
    tables = dict(_tables(old, new, tells_case))
    columns = {
        table.name: found
        for table in old
        if table.view is None
        and (now := new.get(tables.get(table.name, table.name))) is not None
        and (found := dict(_columns(table, now, tells_case)))
    }
    names = _Names(tables, columns)
    if not tables and not columns:
        return old, []
    made = [table if table.view is not None else _table(table, names) for table in old]
    pairs = [
        Renamed(was, now, columns.get(was.name, {}))
        for was, now in zip(old, made, strict=True)
        if was.name in tables or was.name in columns
    ]
    return Model({table.name: table for table in made}), pairs


def described(renames: Sequence[Renamed]) -> Iterator[str]:
    """Yield a line for each rename."""
    for one in renames:
        if one.old.name != one.new.name:
            yield f"{one.new.name}: renamed from {one.old.name}"
        for old, new in one.columns.items():
            yield f"{one.new.name}: column {new} renamed from {old}"


def _tables(old: Model, new: Model, tells_case: bool) -> Iterator[tuple[str, str]]:
    for table in new:
        name = table.schema.get(KEYWORD) or (tells_case and _alike(table.name, old.tables))
        was = old.get(name) if isinstance(name, str) else None
        if was is None or was.view is not None or table.view is not None:
            continue
        if name not in new.tables and table.name not in old.tables:
            yield was.name, table.name


def _columns(was: Table, now: Table, tells_case: bool) -> Iterator[tuple[str, str]]:
    for column in now.columns:
        name = column.schema.get(KEYWORD) or (tells_case and _alike(column.name, was.by_name))
        if name in was.by_name and name not in now.by_name and column.name not in was.by_name:
            yield str(name), column.name


def _alike(name: str, names: Iterable[str]) -> str | None:
    return next((one for one in names if one.lower() == name.lower()), None)


def _table(table: Table, names: _Names) -> Table:
    name = names.tables.get(table.name, table.name)

    def of(columns: Sequence[str]) -> tuple[str, ...]:
        return names.of(table.name, columns)

    def called(given: str, columns: Sequence[str], label: str) -> str:
        is_default = given == default_name(table.name, columns, label)
        return default_name(name, of(columns), label) if is_default else given

    is_renamed = table.name in names.tables or table.name in names.columns
    return replace(
        table,
        name=name,
        columns=tuple(_column(table, column, names) for column in table.columns),
        primary_key=of(table.primary_key),
        unique=tuple(
            Unique(called(one.name, one.columns, "key"), of(one.columns)) for one in table.unique
        ),
        indexes=tuple(
            Index(called(one.name, one.columns, "idx"), of(one.columns)) for one in table.indexes
        ),
        # A full-text index bears the names in its own tables: it is made anew.
        searches=() if is_renamed else table.searches,
        foreign_keys=tuple(
            _key(replace(key, name=called(key.name, key.columns, "fkey")), of(key.columns), names)
            for key in table.foreign_keys
        ),
    )


def _column(table: Table, column: Column, names: _Names) -> Column:
    return replace(column, name=names.of(table.name, [column.name])[0])


def _key(key: ForeignKey, columns: tuple[str, ...], names: _Names) -> ForeignKey:
    return replace(
        key,
        columns=columns,
        target=names.tables.get(key.target, key.target),
        target_columns=names.of(key.target, key.target_columns),
    )
