"""SQL dialects: how each database quotes identifiers and writes placeholders.

In charge of spelling alone; what an operator means stands in `query.operators`. Must not know any
table or driver. SQLite is here; PostgreSQL joins as a second `Dialect` value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """One database's spelling; `name` is also the key into per-dialect tables of SQL."""

    name: Literal["sqlite", "postgres"]

    def identifier(self, name: str) -> str:
        """Quote a table's or column's name; `auth.users` is one name in SQLite, two in PostgreSQL.

        User tables never hold a dot (`schema.read` refuses it), so the two cannot meet.
        """
        if self.name == "postgres":
            return ".".join(_quoted(part) for part in name.split(".", 1))
        return _quoted(name)

    def mark(self, number: int) -> str:
        """Return the placeholder of the numbered parameter."""
        return "?" if self.name == "sqlite" else f"${number}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


SQLITE = Dialect("sqlite")
POSTGRES = Dialect("postgres")
