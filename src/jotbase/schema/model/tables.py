"""The model: a project's schema files as immutable values that every room reads.

In charge of the types of tables, columns, keys and references. Must not know how the files are
parsed (`reading`), their SQL (`ddl`), or the access rules (`access`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import Enum
from functools import cached_property
from typing import Any

from jotbase.records import dataclass

#: The names of SQLite's row number (sqlite.org/lang_createtable.html, 5).
ROW_NUMBERS = ("_rowid_", "rowid", "oid")


class Type(Enum):
    """A column's type; the value is PostgreSQL's internal name, which realtime payloads contain."""

    INTEGER = "int8"
    NUMBER = "float8"
    DECIMAL = "numeric"
    BOOLEAN = "bool"
    TEXT = "text"
    UUID = "uuid"
    TIMESTAMP = "timestamptz"
    DATE = "date"
    TIME = "time"
    BYTES = "bytea"
    JSON = "jsonb"
    ARRAY = "array"
    INT4RANGE = "int4range"
    INT8RANGE = "int8range"
    NUMRANGE = "numrange"
    TSRANGE = "tsrange"
    TSTZRANGE = "tstzrange"
    DATERANGE = "daterange"


#: Types whose values are text such as `[1,10)`; their `format` in a schema file is their name.
RANGES = frozenset(kind for kind in Type if kind.value.endswith("range"))


class _Missing(Enum):
    MISSING = "missing"


#: Means "no default": None (JSON null) is a default that a file may have.
MISSING = _Missing.MISSING


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `schema` is the JSON Schema of its values, including Jotbase's keywords.

    `item` is the type of an array's items (None for mixed ones). `nullable` says that the database
    may hold NULL; `null_is_value` that the schema allows JSON null (otherwise NULL means "property
    absent"). `generated` is an SQL expression over the row's columns. `default_expression` is in
    the rule language.
    """

    name: str
    type: Type
    schema: Mapping[str, Any]
    nullable: bool
    null_is_value: bool = False
    item: Type | None = None
    default: Any = MISSING
    default_expression: str | None = None
    identity: bool = False
    read_only: bool = False
    write_only: bool = False
    generated: str | None = None
    description: str | None = None

    @property
    def type_name(self) -> str:
        """PostgreSQL's internal name: `int8`, `text`, `_text` for an array of text."""
        if self.type is Type.ARRAY:
            return "jsonb" if self.item is None else f"_{self.item.value}"
        name: str = self.type.value
        return name

    @property
    def is_filled(self) -> bool:
        """Whether the column is an identity or generated column, filled in by the database."""
        return self.identity or self.generated is not None

    @property
    def has_default(self) -> bool:
        """Whether the server fills the column in when an inserted row does not have it."""
        return (
            self.default is not MISSING
            or self.default_expression is not None
            or self.identity
            or self.generated is not None
        )


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: `columns` of its table reference `target_columns` of the table `target`.

    Actions are `no action`, `restrict`, `cascade`, `set null` or `set default`.
    """

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str = "no action"
    on_update: str = "no action"


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint; `name` is PostgreSQL's default name (`jobs_company_title_key`)."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """A non-unique index on columns, in order."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A full-text index on text columns, for one text search configuration."""

    name: str
    columns: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class Table:
    """One table or view. `access` maps select, insert, update, delete to rule text.

    `schema` is the file's whole JSON Schema (references to other files resolved into `$defs`), for
    the row check and for OpenAPI. `file` is the path in messages. `view` is a view's SELECT, and
    `origins` maps a view's column to the (table, column) that it passes on, as reflected from the
    database: through them a view has the foreign keys of its tables. `without_rowid` is SQLite's
    WITHOUT ROWID. Rows that are inserted into a `broadcast` table are messages. `instead_of` are
    the events (`insert`, `update`, `delete`) of a view's INSTEAD OF triggers, as reflected from the
    database.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[Unique, ...] = ()
    indexes: tuple[Index, ...] = ()
    searches: tuple[Search, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    access: Mapping[str, str] = field(default_factory=dict)
    realtime: bool = False
    broadcast: bool = False
    view: str | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    file: str = ""
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    without_rowid: bool = False
    instead_of: frozenset[str] = frozenset()

    @cached_property
    def row_key(self) -> tuple[str, ...]:
        """The columns that identify a row: the identity column; without one, the rowid, under a
        name that no column has (a column of its own in PostgreSQL); in a table WITHOUT ROWID the
        primary key; in a view, whose rows have no key, all columns.
        """
        if self.view is not None:
            return tuple(self.by_name)
        if self.without_rowid:
            return self.primary_key
        numbered = next((column.name for column in self.columns if column.identity), None)
        if numbered is not None:
            return (numbered,)
        taken = {name.lower() for name in self.by_name}
        return (next((name for name in ROW_NUMBERS if name not in taken), ROW_NUMBERS[0]),)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def readable(self) -> tuple[Column, ...]:
        """The columns that may be sent to a client: all but the `writeOnly` ones."""
        return tuple(column for column in self.columns if not column.write_only)

    @cached_property
    def references(self) -> Mapping[str, ForeignKey]:
        """Single-column foreign keys by their column (the first of several wins)."""
        found: dict[str, ForeignKey] = {}
        for key in self.foreign_keys:
            if len(key.columns) == 1:
                found.setdefault(key.columns[0], key)
        return found

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, json.dumps(self.schema, sort_keys=True, default=str)))

    def __hash__(self) -> int:
        # Computed from the file's content, so that caches distinguish a table from its version
        # before a reload.
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return False
        # The hash distinguishes 1 from true in a schema, which are equal in Python.
        return self is other or (self._hash == other._hash and _facts(self) == _facts(other))


def _facts(table: Table) -> tuple[Any, ...]:
    return tuple(getattr(table, name) for name in Table.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Computed:
    """A computed field of a table's rows: a `column`, or a relationship to rows of `target`
    (at most one with `to_one`). `key` is the qualified name of its function.
    """

    key: str
    column: Column
    target: str | None = None
    to_one: bool = False


@dataclass(frozen=True)
class Model:
    """All tables and views of a project by name, in alphabetical order.

    `computed` are the computed fields by table and name; the database does not know them.
    """

    tables: Mapping[str, Table] = field(default_factory=dict)
    computed: Mapping[str, Mapping[str, Computed]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def get(self, name: str) -> Table | None:
        """Return the table or view of that name, or None."""
        return self.tables.get(name)

    def keeping(self, known: Model) -> Model:
        """Return the model with the table objects of `known` where they are equal.

        Caches keyed by tables then find their entries by identity, without a comparison.
        """
        tables = {}
        for table in self:
            before = known.get(table.name)
            tables[table.name] = before if before is not None and before == table else table
        return Model(tables)

    def __hash__(self) -> int:
        return id(self)


#: The columns of `auth.users` that rules and foreign keys may name: `references: "auth.users.id"`,
#: `row.posted_by.email`. The table is not part of a project's model, and the data API does not
#: serve it.
USERS = Table(
    name="auth.users",
    columns=(
        Column("id", Type.UUID, {"type": "string", "format": "uuid"}, nullable=False),
        Column("email", Type.TEXT, {"type": ["string", "null"]}, nullable=True, null_is_value=True),
    ),
    primary_key=("id",),
)
