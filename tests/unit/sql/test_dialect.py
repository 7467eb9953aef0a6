"""How each dialect spells names and placeholders."""

from __future__ import annotations

import pytest

from jotbase.sql.dialect import POSTGRES, SQLITE, quoted_name, text_literal


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


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("it's", "'it''s'"),
        ("a'b\\", "'a''b\\'"),
        ("", "''"),
        ("'; DROP TABLE x", "'''; DROP TABLE x'"),
    ],
)
def test_quotes_in_text_are_doubled(text: str, literal: str) -> None:
    """A string literal ends at its last quote, whatever the text holds; a backslash is itself."""
    assert text_literal(text) == literal


def test_a_dot_in_a_quoted_name_is_part_of_it() -> None:
    """The name of an index may hold a dot, of which `identifier` would make a schema."""
    assert quoted_name("auth.users") == '"auth.users"'


def test_placeholders() -> None:
    """SQLite takes question marks, PostgreSQL numbers."""
    assert SQLITE.mark(2) == "?"
    assert POSTGRES.mark(2) == "$2"
