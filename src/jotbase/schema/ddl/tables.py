"""The DDL of a model for SQLite: tables, indexes, triggers and views.

In charge of the CREATE statement of each. Must not know what exists already (`upgrading.diff`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from jotbase.errors import RequestError
from jotbase.schema.ddl import searches
from jotbase.schema.ddl.changelog import (
    CREATE_CHANGES,
    CREATE_REPLACED,
    CREATE_TRANSACTIONS,
    triggers,
)
from jotbase.schema.ddl.constraints import TYPES, check_condition, default_literal, literal
from jotbase.schema.ddl.epochs import CREATE_EPOCHS
from jotbase.schema.ddl.exact_decimals import rounded, view_body
from jotbase.schema.ddl.file_sql import in_parentheses
from jotbase.schema.ddl.migration_history import CREATE_HISTORY
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import MISSING, Column, ForeignKey, Model, Table, Type
from jotbase.schema.values.convert import canonical, stored
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.fragment import Fragment, sql
from jotbase.tasks.tables import create_task_tables

META = "jotbase.meta"

#: The server's own key-value table: the model that the tables were created from, under `model`.
CREATE_META = (
    f'CREATE TABLE IF NOT EXISTS "{META}"'
    ' ("key" TEXT PRIMARY KEY NOT NULL, "value" TEXT NOT NULL) STRICT'
)

_NOW = "rtrim(rtrim(strftime('%Y-%m-%dT%H:%M:%f', 'now'), '0'), '.') || '+00:00'"
_UUID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4'"
    " || substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1)"
    " || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)

#: Default expressions of the rule language as SQL, for writes of other programs and for existing
#: rows when a column is added.
_EXPRESSIONS = {
    (Type.TIMESTAMP, "now()"): _NOW,
    (Type.TEXT, "now()"): _NOW,
    (Type.DATE, "now()"): "date('now')",
    (Type.DATE, "today()"): "date('now')",
    (Type.UUID, "uuid()"): _UUID,
    (Type.TEXT, "uuid()"): _UUID,
}


def create(model: Model, dialect: Dialect) -> list[Fragment]:
    """Return the statements that create the model in an empty database, in order.

    `auth.users` must exist before the first row is inserted.
    """
    if dialect.name != "sqlite":
        raise ValueError(f"no tables can be made in {dialect.name} yet")
    tables = [table for table in model if table.view is None]
    views = [table for table in model if table.view is not None]
    statements = [*internal_tables()]
    statements.extend(create_table(table) for table in tables)
    for table in tables:
        statements.extend(create_indexes(table).values())
        statements.extend(triggers(table))
        for search in table.searches:
            statements.extend(searches.create_statements(table, search))
    statements.extend(create_view(view) for view in views)
    return [sql(statement) for statement in statements]


def internal_tables() -> Sequence[str]:
    """Return the CREATE … IF NOT EXISTS statements of the server's own tables."""
    return (
        CREATE_META,
        CREATE_CHANGES,
        CREATE_TRANSACTIONS,
        CREATE_REPLACED,
        CREATE_EPOCHS,
        CREATE_HISTORY["sqlite"],
        *create_task_tables("sqlite"),
    )


def create_table(table: Table) -> str:
    """Return the CREATE TABLE of a table, without its indexes and triggers.

    An identity column becomes the INTEGER PRIMARY KEY (the rowid); a primary key of other columns
    then becomes a unique constraint.
    """
    strict = is_strict(table)
    parts = [column_definition(table, column) for column in table.columns]
    parts.extend(_constraints(table))
    options = ["STRICT"] * strict + ["WITHOUT ROWID"] * table.without_rowid
    ending = f" {', '.join(options)}" if options else ""
    return f"CREATE TABLE {SQLITE.identifier(table.name)} ({', '.join(parts)}){ending}"


def is_strict(table: Table) -> bool:
    """Return whether the table is STRICT, which it cannot be with a NUMERIC column."""
    return all(column.type is not Type.DECIMAL for column in table.columns)


def column_definition(table: Table, column: Column) -> str:
    """Return a column's definition for CREATE TABLE and ALTER TABLE … ADD COLUMN."""
    name = SQLITE.identifier(column.name)
    if column.identity:
        parts = [name, "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
    else:
        parts = [name, TYPES[column.type]]
        if not column.nullable:
            parts.append("NOT NULL")
    default = default_sql(column)
    if default is not None:
        parts.append(f"DEFAULT {default}")
    if column.generated is not None:
        decimal = column.type is Type.DECIMAL
        expression = rounded(column.generated) if decimal else column.generated
        parts.append(f"GENERATED ALWAYS AS {in_parentheses(expression)} STORED")
    condition = check_condition(column, table.schema, strict=is_strict(table))
    if condition:
        called = SQLITE.identifier(default_name(table.name, [column.name], "check"))
        parts.append(f"CONSTRAINT {called} CHECK ({condition})")
    return " ".join(parts)


def default_sql(column: Column) -> str | None:
    """Return the SQL of a column's DEFAULT, None without one."""
    if column.default is not MISSING:
        return None if column.default is None else default_literal(column)
    if column.default_expression is None:
        return None
    computed = _EXPRESSIONS.get((column.type, "".join(column.default_expression.split())))
    return f"({computed})" if computed else _constant(column, column.default_expression)


#: Types whose literal in the rule language is also one in JSON, and whether it is a string.
_WRITTEN = {
    Type.TEXT: True,
    Type.UUID: True,
    Type.DATE: True,
    Type.TIME: True,
    Type.TIMESTAMP: True,
    Type.INTEGER: False,
    Type.NUMBER: False,
}


def _constant(column: Column, expression: str) -> str | None:
    """Return the SQL of a default expression that is a literal, None for any other."""
    try:
        value = ast.literal_eval(expression.strip())
        if column.type is Type.BOOLEAN and isinstance(value, bool):
            return literal(value)
        if type(value) not in (str, int, float) or _WRITTEN.get(column.type) is not isinstance(
            value, str
        ):
            return None
        return literal(stored(column.type, canonical(column, value), SQLITE))
    except (ValueError, SyntaxError, RecursionError, MemoryError, RequestError):
        return None


def _constraints(table: Table) -> Iterator[str]:
    numbered = next((column.name for column in table.columns if column.identity), None)
    if table.primary_key and table.primary_key != (numbered,):
        kind = "PRIMARY KEY" if numbered is None else "UNIQUE"
        name = SQLITE.identifier(default_name(table.name, (), "pkey"))
        yield f"CONSTRAINT {name} {kind} ({column_list(table.primary_key)})"
    for unique in table.unique:
        yield f"CONSTRAINT {SQLITE.identifier(unique.name)} UNIQUE ({column_list(unique.columns)})"
    for key in table.foreign_keys:
        yield _foreign_key(key)


def _foreign_key(key: ForeignKey) -> str:
    parts = [
        f"CONSTRAINT {SQLITE.identifier(key.name)} FOREIGN KEY ({column_list(key.columns)})",
        f"REFERENCES {SQLITE.identifier(key.target)} ({column_list(key.target_columns)})",
    ]
    if key.on_delete != "no action":
        parts.append(f"ON DELETE {key.on_delete.upper()}")
    if key.on_update != "no action":
        parts.append(f"ON UPDATE {key.on_update.upper()}")
    return " ".join(parts)


def column_list(columns: Sequence[str]) -> str:
    """Return the quoted column names, separated by commas."""
    return ", ".join(map(SQLITE.identifier, columns))


def create_indexes(table: Table) -> dict[str, str]:
    """Return the CREATE INDEX statements of a table, by the index's name.

    A foreign key that is not a prefix of another index gets one of its own: without it, deleting a
    referenced row and embedding the referencing rows would scan the table.
    """
    on = SQLITE.identifier(table.name)
    wanted = {index.name: index.columns for index in table.indexes}
    begun = [table.primary_key, *(unique.columns for unique in table.unique), *wanted.values()]
    for key in table.foreign_keys:
        if not any(set(columns[: len(key.columns)]) == set(key.columns) for columns in begun):
            wanted[f"jotbase.{table.name}.{'.'.join(key.columns)}"] = key.columns
            begun.append(key.columns)
    return {
        name: f"CREATE INDEX {SQLITE.identifier(name)} ON {on} ({column_list(columns)})"
        for name, columns in wanted.items()
    }


def create_view(view: Table) -> str:
    """Return the statement that makes a view; its columns bear the names that its SELECT gives."""
    return f"CREATE VIEW {SQLITE.identifier(view.name)} AS {view_body(view)}"


def probe_view(view: Table) -> str:
    """Return a statement that fails if the view lacks a column of its schema file."""
    source = SQLITE.identifier(view.name)
    return f"EXPLAIN SELECT {column_list([column.name for column in view.columns])} FROM {source}"
