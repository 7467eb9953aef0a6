"""Faults for changes that would lose rows or values, with the steps that allow them.

In charge of the message and hint of each refusal. Must not decide what is refused (`diff`).
"""

from __future__ import annotations

from collections.abc import Sequence

from jotbase.errors import Fault
from jotbase.schema.ddl.constraints import literal
from jotbase.schema.ddl.tables import META
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.model.names import default_name
from jotbase.schema.model.tables import Column, ForeignKey, Table
from jotbase.sql.dialect import SQLITE


def permit(table: str, column: str | None = None) -> str:
    """Return the key in "jotbase.meta" that permits the next start to drop a table or column."""
    return f"drop {table}" if column is None else f"drop {table}.{column}"


def _allow(table: str, column: str | None = None) -> str:
    return f"INSERT INTO \"{META}\" VALUES ({literal(permit(table, column))}, '');"


def _name(*names: str) -> str:
    return ", ".join(map(SQLITE.identifier, names))


def dropped_table(table: Table) -> Fault:
    """Return the refusal to drop a table whose file was removed."""
    return Fault(
        table.file,
        "",
        f'the file is gone, and with it all rows of "{table.name}" would be lost',
        f'put the file back; or, if it is called otherwise now, write "renamedFrom": "{table.name}"'
        " in the new file;"
        f" or let the rows go: {_allow(table.name)} then start again",
    )


def table_becomes_view(table: Table) -> Fault:
    """Return the refusal to replace a table by a view."""
    return Fault(
        table.file,
        "/view",
        f'"{table.name}" is a table, whose rows would be lost if it became a view',
        "give the view's file another name;"
        f" or let the rows go: {_allow(table.name)} then start again",
    )


def dropped_column(table: Table, column: str, alike: Sequence[str] = ()) -> Fault:
    """Return the refusal to drop a column that the file no longer has; `alike` are new columns of
    its type.
    """
    among = f" ({', '.join(alike)}?)" if alike else ""
    return Fault(
        table.file,
        "/properties",
        f'the column "{column}" is gone, and with it all its values would be lost',
        f'put it back; or, if it is called otherwise now, write "renamedFrom": "{column}" in'
        f" the new column{among};"
        f" or let the values go: {_allow(table.name, column)} then start again",
    )


def changed_type(table: Table, old: Column, new: Column) -> Fault:
    """Return the refusal to change a column's type."""
    return Fault(
        table.file,
        pointer(["properties", new.name]),
        f"the column is {old.type_name} in the database and would become {new.type_name}",
        f'change it back; or, step by step: add a column "{new.name}_new" of the new type, start,'
        f" then UPDATE {_name(table.name)} SET {_name(f'{new.name}_new')} = … {_name(new.name)} …;"
        f" then take the old column out of the file (the server says how to let it go)",
    )


def becomes_generated(table: Table, column: Column) -> Fault:
    """Return the refusal to make a column generated that has stored values."""
    return Fault(
        table.file,
        pointer(["properties", column.name, "generated"]),
        f'{{count}} row(s) have a value of their own in "{column.name}", which would be lost if the'
        " database computed the column",
        'take "generated" away; or keep the values under another name, which the file then has too:'
        f" ALTER TABLE {_name(table.name)} RENAME COLUMN {_name(column.name)} TO …;"
        f" or let them go: {_allow(table.name, column.name)} then start again",
    )


def missing_values(table: Table, column: Column) -> Fault:
    """Return the refusal to make a column NOT NULL that holds NULLs."""
    return Fault(
        table.file,
        pointer(["properties", column.name]),
        f'{{count}} row(s) have no value in "{column.name}", which must now have one',
        f"UPDATE {_name(table.name)} SET {_name(column.name)} = … WHERE {_name(column.name)}"
        " IS NULL; then start again; or allow null",
    )


def unfilled_column(table: Table, column: Column) -> Fault:
    """Return the refusal to add a NOT NULL column without default to a table with rows."""
    return Fault(
        table.file,
        pointer(["properties", column.name]),
        f'{{count}} row(s) have no value for the new column "{column.name}", which must have one',
        'give it a "default"; or leave it out of "required" and start, then'
        f" UPDATE {_name(table.name)} SET {_name(column.name)} = …; then require it",
    )


def duplicates(table: Table, columns: Sequence[str], keyword: str) -> Fault:
    """Return the refusal of a unique key with duplicate rows."""
    names = _name(*columns)
    return Fault(
        table.file,
        f"/{keyword}",
        f"{{count}} value(s) of ({', '.join(columns)}) stand in several rows, and are to be unique",
        f"SELECT {names}, count(*) FROM {_name(table.name)} GROUP BY {names} HAVING count(*) > 1;"
        " shows them; change or delete rows, then start again",
    )


def orphans(table: Table, key: ForeignKey) -> Fault:
    """Return the refusal of a foreign key with rows that lack their referenced row."""
    where = " AND ".join(
        f"{_name(own)} = parent.{_name(other)}"
        for own, other in zip(key.columns, key.target_columns, strict=True)
    )
    column = pointer(["properties", key.columns[0], "references"])
    short = len(key.columns) == 1 and key.name == default_name(table.name, key.columns, "fkey")
    return Fault(
        table.file,
        column if short else "/foreignKeys",
        f'{{count}} row(s) refer to no row of "{key.target}" ({key.name})',
        f"SELECT * FROM {_name(table.name)} WHERE {_name(key.columns[0])} IS NOT NULL AND NOT"
        f" EXISTS (SELECT 1 FROM {_name(key.target)} AS parent WHERE {where}); shows them",
    )


def broken_rows(table: Table, count: int, first: str) -> Fault:
    """Return the refusal of a schema that stored rows violate; `first` describes the first one."""
    return Fault(
        table.file,
        "",
        f"{count} row(s) do not fit the changed schema; the first: {first}",
        "change those rows while the old schema is served, or let the schema allow them",
    )
