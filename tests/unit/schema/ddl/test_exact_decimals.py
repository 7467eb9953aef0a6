"""Computed decimals: rounded to what a double keeps, by SQL that can be read back."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import TEXT, table

from jotbase.schema.ddl.exact_decimals import inner_body, rounded, unrounded, view_body
from jotbase.schema.model.tables import Table

PRICE = {"type": "string", "format": "decimal"}


def computed(expression: str, *values: Any) -> Any:
    """Return what SQLite makes of the rounded expression."""
    connection = sqlite3.connect(":memory:")
    try:
        return connection.execute(f"SELECT {rounded(expression)}", values).fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 * 3", 0.3),
        ("1.1 + 2.2", 3.3),
        ("1.15 * 100", 115),
        ("1 / 3.0", 0.333333333333333),
        ("NULL", None),
        ("'text'", "text"),
        ("9007199254740993", 9007199254740993),
        ("1e300 * 1e300", float("inf")),
        ("0.1 * 3 -- thrice", 0.3),
    ],
)
def test_doubles_are_the_nearest_decimals(expression: str, value: Any) -> None:
    """What is no double is left alone, and what no decimal is stays for its CHECK to refuse."""
    assert computed(expression) == value


AMOUNTS = st.decimals(0, 99_999, places=2) | st.integers(0, 9_999_999)


@given(AMOUNTS, AMOUNTS)
def test_sums_and_products_are_those_of_decimals(left: Any, right: Any) -> None:
    """As Python's decimals have them, wherever the result has no more digits than are kept."""
    pair = f"CAST('{left}' AS NUMERIC)", f"CAST('{right}' AS NUMERIC)"
    for sign, exact in (("+", Decimal(left) + right), ("*", Decimal(left) * right)):
        assert Decimal(repr(computed(sign.join(pair)))) == exact


@given(st.text(st.characters(exclude_characters="\x00")))
def test_what_was_rounded_is_read_back(expression: str) -> None:
    """`pull` finds the file's own expression; another's stays as it is."""
    assert unrounded(rounded(expression)) == expression
    assert unrounded(expression + " ") == expression + " "


def view(select: str) -> Table:
    """Return a view with a text and two decimals."""
    return table({"name": TEXT, "price": PRICE, "total": PRICE}, view=select)


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ("select name, price, price as total from t", []),
        ("select name, t.price, sum(price) as total from t group by name", []),
        ('select name, "price", avg(t.price) total from t', []),
        ("select * from t", []),
        ("select name, price, price * 2 as total from t", ["total"]),
        ("select *, price + 1 as total from t", ["total"]),
        ("select name, max(price, 1) as price, sum(price * 2) total from t", ["price", "total"]),
        ("with x as (select 1) select * from x", ["price", "total"]),
        ("select * from t union select * from u", ["price", "total"]),
    ],
)
def test_what_a_view_computes_is_rounded(select: str, names: list[str]) -> None:
    """What it passes on stays a table's column, which can be written and is found by an index."""
    body = view_body(view(select))

    assert [name for name in ("price", "total") if f'END AS "{name}"' in body] == names
    assert inner_body(body) == select
    assert body == select or f"FROM ({select}\n)" in body


def test_a_view_without_decimals_is_its_text() -> None:
    """Nothing is put around it."""
    one = table({"n": {"type": "number"}}, view="select n * 2 as n from t;")

    assert view_body(one) == "select n * 2 as n from t"
