"""A database's reflected schema: tables, columns, keys, views, and statistics of stored values.

In charge of these value types alone. Must not know how the engine reflects a database, or how
`schema.pulling` and `schema.upgrading` use the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: SQLite's storage classes (sqlite.org/datatype3.html, section 2) without NULL.
Storage = Literal["integer", "real", "text", "blob"]

Kind = Literal["table", "view", "virtual", "shadow"]


@dataclass(frozen=True, slots=True)
class StoredValues:
    """Statistics of the values stored in one column.

    `storages` are the storage classes that occur; `forms` the text formats (`uuid`, `date`, …) that
    every value has, all known formats for an empty column; `longest` the length of the longest text
    in characters; `nulls` whether NULL occurs.
    """

    storages: frozenset[Storage] = frozenset()
    forms: frozenset[str] = frozenset()
    longest: int = 0
    nulls: bool = False


@dataclass(frozen=True, slots=True)
class ReflectedColumn:
    """One column. `declared` is the type as written in the DDL, `default` is SQL text, `key` the
    column's position in the primary key, counted from 1 (0: not part of it), `statistics` describes
    the stored values.
    """

    name: str
    declared: str = ""
    not_null: bool = False
    default: str | None = None
    key: int = 0
    generated: bool = False
    statistics: StoredValues = field(default_factory=StoredValues)


@dataclass(frozen=True, slots=True)
class ReflectedIndex:
    """One index. `origin` is SQLite's: c (CREATE INDEX), u (UNIQUE) or pk (sqlite.org/pragma.html).

    A `plain` index covers whole columns and all rows, ascending, with the BINARY collation.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool
    origin: str
    plain: bool


@dataclass(frozen=True, slots=True)
class ReflectedForeignKey:
    """One foreign key; empty `target_columns` mean the primary key of the target table."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"


@dataclass(frozen=True, slots=True)
class ReflectedTable:
    """One table or view. `text` is its CREATE statement, `triggers` maps names to SQL.

    `row_numbers` is False for a table WITHOUT ROWID. `origins` maps a view's column to the (table,
    column) that it passes on unchanged. `broken` is the database's error message for a table or
    view that cannot be read.
    """

    name: str
    kind: Kind
    text: str
    columns: tuple[ReflectedColumn, ...] = ()
    indexes: tuple[ReflectedIndex, ...] = ()
    references: tuple[ReflectedForeignKey, ...] = ()
    triggers: Mapping[str, str] = field(default_factory=dict)
    row_numbers: bool = True
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """A database. `orphans` counts, by table, the rows whose foreign key has no target row;
    `stored_model` is the serialized model that the server stored when it last served this database,
    None if never.
    """

    tables: tuple[ReflectedTable, ...]
    orphans: Mapping[str, int] = field(default_factory=dict)
    stored_model: str | None = None
