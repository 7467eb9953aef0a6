"""Rows found again by their keys."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.board import JOBS, column, table

from jotbase.query.row_keys import among, is_numbered
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
    found = among(columns, keys, SQLITE, "r")

    assert (found.text, list(found.params)) == (text, values)
