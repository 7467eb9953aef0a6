"""SQL dialects: how each database quotes identifiers and text, and writes placeholders.

In charge of these spellings alone; the SQL of operators is in `expression.operators`. Must not
know any table or driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """One SQL dialect; `name` is also the key into tables of SQL per dialect."""

    name: Literal["sqlite", "postgres"]

    def identifier(self, name: str) -> str:
        """Return the quoted name of a table or column.

        `auth.users` is one identifier in SQLite and schema plus table in PostgreSQL. The two cannot
        be confused: `schema.reading` refuses a dot in the name of a project's table; aliases have.
        """
        if self.name == "postgres" and name.startswith("auth."):
            return ".".join(quoted_name(part) for part in name.split(".", 1))
        return quoted_name(name)

    def mark(self, number: int) -> str:
        """Return the placeholder of the parameter with that number, counted from 1."""
        return "?" if self.name == "sqlite" else f"${number}"

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL's."""
        return self.name == "postgres"


def quoted_name(name: str) -> str:
    """Return a name as one quoted identifier in either dialect, a dot in it included."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Return a string literal of either dialect (PostgreSQL 4.1.2.1 with
    `standard_conforming_strings`: a backslash is itself).

    For names and texts of the model and the program; what a request sends is bound.
    """
    return "'" + value.replace("'", "''") + "'"


SQLITE = Dialect("sqlite")
POSTGRES = Dialect("postgres")
