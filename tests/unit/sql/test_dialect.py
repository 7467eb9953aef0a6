"""How each dialect spells names and placeholders."""

from __future__ import annotations

import pytest

from jotbase.sql.dialect import POSTGRES, SQLITE


@pytest.mark.parametrize(
    ("name", "sqlite", "postgres"),
    [
        ("jobs", '"jobs"', '"jobs"'),
        ('we"ird', '"we""ird"', '"we""ird"'),
        ("select", '"select"', '"select"'),
        ("auth.users", '"auth.users"', '"auth"."users"'),
        ("Größe", '"Größe"', '"Größe"'),
        ('"; DROP TABLE jobs; --', '"""; DROP TABLE jobs; --"', '"""; DROP TABLE jobs; --"'),
    ],
)
def test_names_are_quoted(name: str, sqlite: str, postgres: str) -> None:
    """A name is one identifier, whatever characters it holds; only PostgreSQL has schemas."""
    assert SQLITE.identifier(name) == sqlite
    assert POSTGRES.identifier(name) == postgres


def test_placeholders() -> None:
    """SQLite takes question marks, PostgreSQL numbers."""
    assert SQLITE.mark(2) == "?"
    assert POSTGRES.mark(2) == "$2"
