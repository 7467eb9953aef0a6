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
