"""The model: what a project's schema files say, as immutable values that every room reads.

In charge of the shape of tables, columns, keys and references. Must not know how the files are
written (`read`), what SQL they become (`ddl`), or who may do what (`access`).
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
    """What a column holds; the value is PostgreSQL's short name, which realtime clients read."""

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


#: Types whose values are text such as `[1,10)`; the format of their columns bears their name.
RANGES = frozenset(kind for kind in Type if kind.value.endswith("range"))


class _Missing(Enum):
    MISSING = "missing"


#: Stands for «no default», since None (JSON's null) is a default that a file may give.
MISSING = _Missing.MISSING


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `schema` is the JSON Schema of its values, our own keywords left in.

    `item` is the type of an array's items (None where they are mixed). `nullable` says that the
    database may hold NULL; `null_is_value` that JSON null is among the values the schema allows
    (else NULL stands for «property absent»). `generated` is an SQL expression over the row's
    columns. `default_expression` is in the rule language.
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
        """PostgreSQL's short name: `int8`, `text`, `_text` for an array of text."""
        if self.type is Type.ARRAY:
            return "jsonb" if self.item is None else f"_{self.item.value}"
        name: str = self.type.value
        return name

    @property
    def is_filled(self) -> bool:
        """Whether the database numbers or computes the column where no value is given."""
        return self.identity or self.generated is not None

    @property
    def has_default(self) -> bool:
        """Whether the server fills the column when a row does not name it."""
        return (
            self.default is not MISSING
            or self.default_expression is not None
            or self.identity
            or self.generated is not None
        )


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of the table that holds it refer to `target_columns` of the table `target`.

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
    """A unique constraint, with PostgreSQL's name for it (`jobs_company_title_key`)."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """A plain index over columns, in order."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A full-text index over columns of text, for searches of one configuration."""

    name: str
    columns: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class Table:
    """One table or view. `access` maps select, insert, update, delete to rule text.

    `schema` is the file's whole JSON Schema (references to other files resolved into `$defs`), for
    the row check and for OpenAPI. `file` is the path as shown in messages. `view` is a view's SQL,
    and `origins` the (table, column) that a view's columns show, as the database says: through
    them a view takes part in its tables' references. `without_rowid` says that SQLite gives its
    rows no numbers, and keeps them by the primary key. `instead_of` are the writes (`insert`,
    `update`, `delete`) to a view that its triggers do, as the database says.
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
    view: str | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    file: str = ""
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    without_rowid: bool = False
    instead_of: frozenset[str] = frozenset()

    @cached_property
    def row_key(self) -> tuple[str, ...]:
        """What tells rows apart in SQLite: the row number, under a name that no column has taken;
        where there is none, the primary key; of a view, whose keys nothing holds, all columns.
        """
        if self.view is not None:
            return tuple(self.by_name)
        if self.without_rowid:
            return self.primary_key
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
        """Single-column foreign keys by the column that holds them (the first of several wins)."""
        found: dict[str, ForeignKey] = {}
        for key in self.foreign_keys:
            if len(key.columns) == 1:
                found.setdefault(key.columns[0], key)
        return found

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, json.dumps(self.schema, sort_keys=True, default=str)))

    def __hash__(self) -> int:
        # Of what the file says, so that no cache compares a table with what it was before a reload.
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return False
        # The hash tells 1 from true in a schema, which Python holds for equal.
        return self is other or (self._hash == other._hash and _facts(self) == _facts(other))


def _facts(table: Table) -> tuple[Any, ...]:
    return tuple(getattr(table, name) for name in Table.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Computed:
    """What a function makes of a row: `column`, or rows of `target`, one at most if `to_one`.

    `key` is the function's name among those of all tables.
    """

    key: str
    column: Column
    target: str | None = None
    to_one: bool = False


@dataclass(frozen=True)
class Model:
    """All tables and views of a project, by name, in the files' alphabetical order.

    `computed` are functions of rows, by table and name; no table, no database has them.
    """

    tables: Mapping[str, Table] = field(default_factory=dict)
    computed: Mapping[str, Mapping[str, Computed]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def get(self, name: str) -> Table | None:
        """Return the table of that name, or None."""
        return self.tables.get(name)

    def keeping(self, known: Model) -> Model:
        """Return the model with the very tables of a known one where they say the same.

        What is remembered of a table is then found without comparing the two.
        """
        tables = {}
        for table in self:
            before = known.get(table.name)
            tables[table.name] = before if before is not None and before == table else table
        return Model(tables)

    def __hash__(self) -> int:
        return id(self)


#: The accounts, as far as rules and references may name them: `references: "auth.users.id"`,
#: `row.posted_by.email`. It is no part of a project's model and never served by the data API.
USERS = Table(
    name="auth.users",
    columns=(
        Column("id", Type.UUID, {"type": "string", "format": "uuid"}, nullable=False),
        Column("email", Type.TEXT, {"type": ["string", "null"]}, nullable=True, null_is_value=True),
    ),
    primary_key=("id",),
)
