"""Rows found again by their keys."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.board import JOBS, column, table

from jotbase.query.plan.row_keys import is_numbered, key_in, table_key_in
from jotbase.sql.dialect import SQLITE

PAIR = table("pair", column("a?"), column("b"), primary_key=("b", "a?"), without_rowid=True)


def test_a_table_has_row_numbers_unless_it_says_otherwise() -> None:
    """A view has none."""
    assert is_numbered(JOBS)
    assert not is_numbered(PAIR)
    assert not is_numbered(table("v", view="SELECT 1"))


@pytest.mark.parametrize(
    ("columns", "keys", "text", "values"),
    [
        (["n"], [7], '"r"."n" = ?', [7]),
        (["n"], [7, "a"], '"r"."n" IN (SELECT value FROM json_each(?))', ['[7,"a"]']),
        (["n"], [], '"r"."n" IN (SELECT value FROM json_each(?))', ["[]"]),
        (["n"], [0.1, 7], '("r"."n") IN (VALUES (?), (?))', [0.1, 7]),
        (PAIR.row_key, [("x", 1)], '"r"."b" = ? AND "r"."a?" = ?', ["x", 1]),
        (
            PAIR.row_key,
            [("x", 1), ("y", 2)],
            '("r"."b", "r"."a?") IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
            ['[["x",1],["y",2]]'],
        ),
        (
            PAIR.row_key,
            [("x", b"1"), ("y", b"2")],
            '("r"."b", "r"."a?") IN (VALUES (?, ?), (?, ?))',
            ["x", b"1", "y", b"2"],
        ),
    ],
)
def test_rows_of_some_keys(columns: list[str], keys: list[Any], text: str, values: Any) -> None:
    """One is looked up, many are listed as JSON if that has their values."""
    found = key_in(columns, keys, SQLITE, "r")

    assert (found.text, list(found.params)) == (text, values)


def test_rows_of_a_view_are_found_whole() -> None:
    """NULL is like NULL; nothing but all that a row holds tells it apart."""
    view = table("v", column("a"), column("b"), view="SELECT 1")
    one = table_key_in(view, [(1, None)], SQLITE)
    two = table_key_in(view, [(1, None), (2, "x")], SQLITE, "row")

    assert (one.text, one.params) == ('"v"."a" IS ? AND "v"."b" IS ?', (1, None))
    assert two.text == (
        'EXISTS (SELECT 1 FROM (VALUES (?, ?), (?, ?)) AS "jotbase.key"'
        ' WHERE "jotbase.key".column1 IS "row"."a" AND "jotbase.key".column2 IS "row"."b")'
    )
    assert table_key_in(view, [], SQLITE).text == "FALSE"
