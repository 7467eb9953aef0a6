"""CREATE TABLE and CREATE VIEW read: conditions, expressions, names, bodies."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.schema.ddl.definitions import (
    group_parentheses,
    read_table,
    read_trigger,
    read_view,
    tokens,
)


def test_conditions_are_found_wherever_they_stand() -> None:
    """On a column, named or not, and on the table; parentheses and commas inside are theirs."""
    found = read_table(
        "CREATE TABLE t (a INT CHECK (a IN (1, 2)), b TEXT CONSTRAINT x CHECK (b <> ')'),"
        " CHECK (a > 0 /* , ) */ AND b > ''))"
    )

    assert found.checks == ["a IN (1, 2)", "b <> ')'", "a > 0 /* , ) */ AND b > ''"]


def test_expressions_of_generated_columns_are_found() -> None:
    """Long and short spelling, and names in each kind of quotes."""
    found = read_table(
        'CREATE TABLE t (a, "b ""c" INT GENERATED ALWAYS AS (a * (1 + 1)) STORED,'
        " [d e] AS (a || ')'), `f` AS (1) VIRTUAL)"
    )

    assert found.generated == {'b "c': "a * (1 + 1)", "d e": "a || ')'", "f": "1"}


def test_names_of_foreign_keys_are_found() -> None:
    """A name belongs to what comes right behind it, and to nothing after that."""
    found = read_table(
        "CREATE TABLE t (a INT CONSTRAINT one REFERENCES p, b INT CONSTRAINT no NOT NULL"
        " REFERENCES p, c, d, CONSTRAINT Two FOREIGN KEY (C, d) REFERENCES q"
        " FOREIGN KEY (d) REFERENCES p)"
    )

    assert found.key_names == {("a",): "one", ("c", "d"): "Two"}


def test_collations_are_found() -> None:
    """They are told in upper case; a column without one has none."""
    found = read_table('CREATE TABLE t (a TEXT COLLATE nocase NOT NULL, b TEXT COLLATE "RTRIM", c)')

    assert found.collations == {"a": "NOCASE", "b": "RTRIM"}


@pytest.mark.parametrize(
    ("sql", "body"),
    [
        ("CREATE VIEW v AS SELECT 1 AS a;", "SELECT 1 AS a"),
        ('CREATE VIEW IF NOT EXISTS "a AS b" AS select 1', "select 1"),
        ("CREATE VIEW v AS -- why\n SELECT ')' AS a", "SELECT ')' AS a"),
        (
            'CREATE VIEW v (a, "b c") AS SELECT 1, 2',
            'WITH "as named" ("a", "b c") AS (SELECT 1, 2\n) SELECT "a", "b c" FROM "as named"',
        ),
    ],
)
def test_a_view_gives_its_columns_their_names_by_itself(sql: str, body: str) -> None:
    """Names that stand before AS are moved into the SELECT."""
    assert read_view(sql) == body


def test_a_table_without_a_list_says_nothing() -> None:
    """SQLite never keeps such a text; it is no error here."""
    assert read_table("CREATE VIRTUAL TABLE t USING thing").checks == []


@given(st.text("ab(),'\"`[]-/*\n 1x", max_size=60))
def test_any_text_falls_into_pieces(text: str) -> None:
    """Nothing is lost but blanks and comments, and no text is too odd."""
    pieces = tokens(text)

    assert all(text[one.start : one.end] == one.text for one in pieces)
    assert all(one.start < after.start for one, after in pairwise(pieces))
    group_parentheses(text)
    read_table(f"CREATE TABLE t ({text}")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN SELECT 1; END", "insert"),
        ("create trigger if not exists instead instead of update of a on v begin end", "update"),
        ('CREATE TRIGGER "INSTEAD OF INSERT" /* INSTEAD OF INSERT */ INSTEAD OF DELETE', "delete"),
        ("CREATE TRIGGER t AFTER INSERT ON v BEGIN SELECT 'INSTEAD OF UPDATE'; END", None),
    ],
)
def test_what_a_trigger_does_instead(text: str, event: str | None) -> None:
    """Words in names, comments and texts are none of it."""
    assert read_trigger(text) == event
