"""A database's reflected schema: tables, columns, keys and views, and which values they hold.

In charge of the shape of these facts alone. Must not know how the engine reflects them, or what is
made of them (`schema.pulling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: The classes of SQLite's values (sqlite.org/datatype3.html, 2), NULL left out.
Storage = Literal["integer", "real", "text", "blob"]

Kind = Literal["table", "view", "virtual", "shadow"]


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The values of one column: their classes, the forms that every one of them has, and the
    length of the longest text, in characters. With no value at all, every form is had.
    """

    storages: frozenset[Storage] = frozenset()
    forms: frozenset[str] = frozenset()
    longest: int = 0
    nulls: bool = False


@dataclass(frozen=True, slots=True)
class ReflectedColumn:
    """One column: `declared` is its type as written, `default` SQL, `key` its place in the primary
    key, from 1 (0: none).
    """

    name: str
    declared: str = ""
    not_null: bool = False
    default: str | None = None
    key: int = 0
    generated: bool = False
    held: StoredValues = field(default_factory=StoredValues)


@dataclass(frozen=True, slots=True)
class ReflectedIndex:
    """One index. `origin` is SQLite's: c (CREATE INDEX), u (UNIQUE) or pk. A `plain` one is over
    whole columns, all rows, ascending and in byte order.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool
    origin: str
    plain: bool


@dataclass(frozen=True, slots=True)
class ReflectedForeignKey:
    """One foreign key; without `target_columns` it refers to the primary key."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"


@dataclass(frozen=True, slots=True)
class ReflectedTable:
    """One table or view: `text` is the SQL that made it, `triggers` their SQL by name.

    `row_numbers` is False for a table WITHOUT ROWID. `origins` are the table and column that a
    view's columns show. `broken` is what the database says of a table or view it cannot read.
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
    """A database: `orphans` counts, by table, rows that refer to nothing; `noted` is the model
    that the server itself has noted in it, None where it never served it.
    """

    tables: tuple[ReflectedTable, ...]
    orphans: Mapping[str, int] = field(default_factory=dict)
    noted: str | None = None
