"""Names of tables, columns and constraints: validity, and PostgreSQL's default names.

In charge of names alone. Must not know DDL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from jotbase.schema.model.tables import Model

#: The longest name in bytes: PostgreSQL's NAMEDATALEN - 1.
LONGEST = 63


def default_name(table: str, columns: Sequence[str], label: str) -> str:
    """Return PostgreSQL's default name of a constraint or index: `jobs_company_fkey`.

    A name that is too long is shortened as by `makeObjectName` (src/backend/commands/indexcmds.c):
    the longer of the two parts is truncated first.
    """
    first, second = table.encode(), "_".join(columns).encode()
    room = LONGEST - len(label) - 1 - (1 if second else 0)
    first_length, second_length = len(first), len(second)
    while first_length + second_length > room:
        if first_length > second_length:
            first_length -= 1
        else:
            second_length -= 1
    parts = [_clipped(first, first_length), _clipped(second, second_length), label]
    return "_".join(part for part in parts if part)


def _clipped(text: bytes, length: int) -> str:
    return text[:length].decode(errors="ignore")


def name_fault(name: str, what: str) -> tuple[str, str | None] | None:
    """Return (reason, hint) if a table or column must not have that name, else None."""
    if not name:
        return f"a {what} must have a name", None
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in name):
        return f"the {what}'s name holds a character that cannot be written", None
    if len(name.encode()) > LONGEST:
        return f"the {what}'s name is longer than {LONGEST} bytes", None
    if what == "table" and "." in name:
        return "a table's name must not hold a dot", "names with a dot are the server's own"
    if what == "table" and name.lower().startswith("sqlite_"):
        return "names that begin with sqlite_ are the database's own", "call the file otherwise"
    return None


def constraint_name(
    model: Model, kind: Literal["unique", "foreign"], table: str, columns: tuple[str, ...]
) -> str | None:
    """Return the name of the unique constraint (or primary key) or foreign key on these columns,
    in any order; None if there is none.
    """
    found = model.get(table)
    if found is None:
        return None
    if kind == "foreign":
        return next((key.name for key in found.foreign_keys if key.columns == columns), None)
    for unique in found.unique:
        if set(unique.columns) == set(columns):
            return unique.name
    same = bool(columns) and set(found.primary_key) == set(columns)
    return default_name(table, (), "pkey") if same else None
