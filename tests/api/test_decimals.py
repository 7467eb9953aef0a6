"""One exact decimal: in and out, added, compared, checked and sorted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import OPEN, Schema, Serve, table

from jotbase.testing.client import Client

PRICE = {"type": ["string", "null"], "format": "decimal", "minimum": 0, "multipleOf": 0.05}
WIDE = {"type": ["number", "null"], "format": "decimal"}
TOTALS: Schema = {
    "type": "object",
    "view": "SELECT kind, sum(wide) AS total, avg(wide) AS mean,"
    " sum(wide) - 0.3 = 0 AS exact FROM things GROUP BY kind",
    "properties": {
        "kind": {"type": "string"},
        "total": WIDE,
        "mean": WIDE,
        "exact": {"type": ["boolean", "null"]},
    },
    "primaryKey": ["kind"],
    "access": {"select": "True"},
}
THINGS = table({"kind": {"type": "string"}, "price": PRICE, "wide": WIDE}, access=OPEN)


@pytest.fixture
def client(serve: Serve) -> Client:
    """Prices, and a view of their sums."""
    return serve({"things": THINGS, "totals": TOTALS}, aggregates=True).service


@pytest.mark.parametrize("column", ["price", "wide"])
@pytest.mark.parametrize("value", [12.5, "12.5", "12.50", 7, "7", 0.05])
def test_what_is_read_can_be_written_back(client: Client, column: str, value: Any) -> None:
    """A decimal comes out as a number, and goes in as that number or as its text."""
    read = client.post("/things", {"kind": "a", column: value}).json()[0][column]

    assert read == float(value)
    changed = client.patch("/things", {"id": "eq.1"}, {column: read})
    assert (changed.status, changed.json()[0][column]) == (200, read)


@pytest.mark.parametrize(
    ("value", "keyword"), [(-1, "minimum"), ("-0.05", "minimum"), ("0.12", "multipleOf")]
)
def test_keywords_for_numbers_hold_with_details(client: Client, value: Any, keyword: str) -> None:
    """Whether it comes as text or as a number, in inserts and updates."""
    client.post("/things", {"kind": "a"})
    answers = [
        client.post("/things", {"kind": "a", "price": value}),
        client.patch("/things", {"id": "eq.1"}, {"price": value}),
    ]

    for answer in answers:
        assert answer.status == 400
        (fault,) = answer.json()["details"]
        assert (fault["pointer"], fault["keyword"]) == ("/price", keyword)


def test_sums_are_exact(client: Client) -> None:
    """In aggregates, in views, and where their results are compared, cast and sorted."""
    rows = [("a", 0.1), ("a", 0.2), ("b", 100000.1), ("b", -100000), ("c", 12), ("c", 13)]
    client.post("/things", [{"kind": kind, "wide": value} for kind, value in rows])
    sums = {"select": "kind,wide.sum(),wide.avg(),text:wide.sum()::text", "order": "kind"}

    assert client.get("/things", sums).json() == [
        {"kind": "a", "sum": 0.3, "avg": 0.15, "text": "0.3"},
        {"kind": "b", "sum": 0.1, "avg": 0.05, "text": "0.1"},
        {"kind": "c", "sum": 25, "avg": 12.5, "text": "25"},
    ]
    assert client.get("/totals", {"order": "total"}).json() == [
        {"kind": "b", "total": 0.1, "mean": 0.05, "exact": False},
        {"kind": "a", "total": 0.3, "mean": 0.15, "exact": True},
        {"kind": "c", "total": 25, "mean": 12.5, "exact": False},
    ]
    found = client.get("/totals", {"total": "eq.0.3", "select": "kind"})
    assert found.json() == [{"kind": "a"}]


LISTS = table(
    {
        "texts": {"type": ["array", "null"], "items": {"$ref": "#/$defs/price"}},
        "numbers": {"type": ["array", "null"], "items": {"type": "number", "format": "decimal"}},
    },
    access=OPEN,
    **{"$defs": {"price": {"type": "string", "format": "decimal", "minimum": 0.1}}},
    minProperties=1,
)


@pytest.mark.parametrize("column", ["texts", "numbers"])
@pytest.mark.parametrize("value", [[0.1, 2.5], ["0.10", "25e-1"]])
def test_decimals_in_arrays_are_numbers(serve: Serve, column: str, value: Any) -> None:
    """They come as text or number, go out as numbers that may come back, and are found as such."""
    client = serve({"lists": LISTS}).service

    read = client.post("/lists", {column: value}).json()[0][column]

    assert read == [0.1, 2.5]
    assert client.patch("/lists", {"id": "eq.1"}, {column: read}).status == 200
    for asked in ("eq.{0.10,2.5}", "cs.{2.50}", "lt.{0.1,10}", "ov.{7,0.1}", 'in.("{0.1,2.5}")'):
        assert client.get("/lists", {"select": column, column: asked}).json() == [{column: read}]


@pytest.mark.parametrize(
    ("value", "code"), [([1, "0.05"], "23514"), ([0.01], "23514"), (["1234567890.123456"], "22003")]
)
def test_decimals_in_arrays_are_checked(serve: Serve, value: Any, code: str) -> None:
    """Keywords for numbers and the limit of digits hold for each item."""
    client = serve({"lists": LISTS}).service

    assert client.post("/lists", {"texts": value}).json()["code"] == code
    assert client.get("/lists").json() == []


ITEMS = table(
    {
        "price": {"type": "string", "format": "decimal"},
        "count": {"type": "integer"},
        "total": {"type": ["string", "null"], "format": "decimal", "generated": "price * count"},
    },
    access=OPEN,
)
LINES: Schema = {
    "type": "object",
    "view": "SELECT id, price, price * count AS total, price + 0.2 AS more FROM items",
    "properties": {
        "id": {"type": "integer"},
        "price": {"type": "string", "format": "decimal"},
        "total": {"type": ["string", "null"], "format": "decimal"},
        "more": {"type": ["string", "null"], "format": "decimal"},
    },
    "primaryKey": ["id"],
    "access": OPEN,
}


def test_computed_decimals_are_decimals(serve: Serve) -> None:
    """In computed columns and in views: told, found, sorted, and written through as before."""
    client = serve({"items": ITEMS, "lines": LINES}, aggregates=True).service
    rows = [{"price": "0.1", "count": 3}, {"price": "1.15", "count": 100}]
    made = client.post("/items", rows).json()

    assert [row["total"] for row in made] == [0.3, 115]
    assert client.get("/items", {"total": "eq.0.3", "select": "count"}).json() == [{"count": 3}]
    shown = [
        {"id": 1, "price": 0.1, "total": 0.3, "more": 0.3},
        {"id": 2, "price": 1.15, "total": 115, "more": 1.35},
    ]
    assert client.get("/lines", {"order": "total"}).json() == shown
    assert client.get("/lines", {"more": "in.(0.30)", "select": "id"}).json() == [{"id": 1}]
    assert client.get("/lines", {"select": "total.sum()"}).json() == [{"sum": 115.3}]
    assert client.patch("/lines", {"id": "eq.1"}, {"price": 0.7}).json() == [
        {"id": 1, "price": 0.7, "total": 2.1, "more": 0.9}
    ]
