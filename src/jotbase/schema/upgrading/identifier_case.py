"""Names of tables and columns that differ only in letter case, which SQLite treats as equal.

In charge of converting the names of the stored model, and those of the database, to the letter case
of the schema files. Must not know what a changed case requires of the database (`comparison`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jotbase.schema.model.tables import Column, ForeignKey, Index, Model, Table, Unique

Found = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Spelling:
    """The letter case of a model's table and column names."""

    model: Model

    def table(self, name: str) -> str:
        """Return a table's name in the model's letter case; unchanged if the model has none."""
        if name in self.model.tables:
            return name
        return next((one for one in self.model.tables if _folded(one) == _folded(name)), name)

    def columns(self, table: str, names: Sequence[str]) -> tuple[str, ...]:
        """Return column names in the model's letter case; `table` is in it already."""
        known = self.model.get(table)
        spelled = {} if known is None else {_folded(one): one for one in known.by_name}
        return tuple(spelled.get(_folded(one), one) for one in names)

    def found(self, found: Found) -> dict[str, tuple[str, ...]]:
        """Return a database's tables and columns in the model's letter case."""
        case_changed = {}
        for name, columns in found.items():
            table = self.table(name)
            case_changed[table] = self.columns(table, columns)
        return case_changed

    def differing(self, found: Found) -> frozenset[str]:
        """Return the tables whose name, or a column of which, has another case in the database."""
        return frozenset(
            self.table(name)
            for name, columns in found.items()
            if self.found({name: columns}) != {name: tuple(columns)}
        )

    def noted(self, model: Model) -> Model:
        """Return another model with its names in this model's letter case."""
        tables = [self._table(table) for table in model]
        return Model({table.name: table for table in tables})

    def _table(self, table: Table) -> Table:
        name = self.table(table.name)
        return replace(
            table,
            name=name,
            columns=tuple(self._column(name, column) for column in table.columns),
            primary_key=self.columns(name, table.primary_key),
            unique=tuple(Unique(one.name, self.columns(name, one.columns)) for one in table.unique),
            indexes=tuple(
                Index(one.name, self.columns(name, one.columns)) for one in table.indexes
            ),
            foreign_keys=tuple(self._key(name, key) for key in table.foreign_keys),
        )

    def _column(self, table: str, column: Column) -> Column:
        return replace(column, name=self.columns(table, [column.name])[0])

    def _key(self, table: str, key: ForeignKey) -> ForeignKey:
        target = self.table(key.target)
        return replace(
            key,
            columns=self.columns(table, key.columns),
            target=target,
            target_columns=self.columns(target, key.target_columns),
        )


def _folded(name: str) -> bytes:
    """Return a name as SQLite compares it: of capitals, it folds A to Z alone."""
    return name.encode().lower()
