"""JSON Schema on every write: which keyword failed, and where; nothing of a refused write stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.api.data_world import Schema, Serve, refused, table

from jotbase.testing import Client

#: What another column says with $ref. As a table of its own it is nobody's: it has no rules.
ADDRESS: Schema = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "zip": {"type": "string", "pattern": "^[0-9]{5}$"},
    },
    "required": ["city"],
    "additionalProperties": False,
    "primaryKey": ["city"],
}
ORDERS = table(
    {
        "code": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[A-Z]+$"},
        "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "multipleOf": 2},
        "mail": {"type": "string", "format": "email"},
        "site": {"type": "string", "format": "uri"},
        "day": {"type": "string", "format": "date"},
        "kind": {"enum": ["small", "large"], "type": "string"},
        "unit": {"type": "string", "const": "kg"},
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
            "contains": {"const": "new"},
            "maxItems": 3,
        },
        "address": {"type": "object", "$ref": "address.json"},
        "contact": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$"},
            "minProperties": 1,
            "additionalProperties": {"type": "string"},
        },
        "mark": {"type": ["integer", "string"], "oneOf": [{"minimum": 5}, {"type": "string"}]},
        "other": {"type": "string", "not": {"const": "bad"}},
        "card": {"type": "string"},
        "billing": {"type": "string"},
    },
    required=["code"],
    dependentRequired={"card": ["billing"]},
    **{
        "if": {"properties": {"kind": {"const": "large"}}, "required": ["kind"]},
        "then": {"required": ["count"]},
        "else": {"properties": {"unit": False}},
    },
)
GOOD: Schema = {
    "code": "AB",
    "count": 4,
    "mail": "ada@example.com",
    "site": "https://example.com/",
    "day": "2026-02-28",
    "kind": "large",
    "unit": "kg",
    "tags": ["new", "hot"],
    "address": {"city": "Ulm", "zip": "89073"},
    "contact": {"phone": "1"},
    "mark": 5,
    "other": "good",
    "card": "1234",
    "billing": "here",
}


@pytest.fixture
def orders(serve: Serve) -> Client:
    return serve({"orders": ORDERS, "address": ADDRESS}).anonymous


def faults(answer: Any) -> list[tuple[str, str]]:
    body = refused(answer, 400, "23514")
    assert body["message"] == 'new row for relation "orders" violates its JSON Schema'
    assert body["hint"].startswith("Each entry of details names the place")
    assert all(fault["message"] for fault in body["details"])
    return [(fault["pointer"], fault["keyword"]) for fault in body["details"]]


def test_what_fits_is_stored_as_it_is(orders: Client) -> None:
    """Every keyword is met by some row."""
    assert orders.post("/orders", GOOD).json() == [{"id": 1} | GOOD]


@pytest.mark.parametrize(
    ("change", "pointer", "keyword"),
    [
        ({"code": "A"}, "/code", "minLength"),
        ({"code": "ABCDE"}, "/code", "maxLength"),
        ({"code": "ab"}, "/code", "pattern"),
        ({"code": 7}, "/code", "type"),
        ({"count": 0}, "/count", "minimum"),
        ({"count": 10}, "/count", "exclusiveMaximum"),
        ({"count": 3}, "/count", "multipleOf"),
        ({"mark": 5.5}, "/mark", "type"),
        ({"count": "4"}, "/count", "type"),
        ({"mail": "ada"}, "/mail", "format"),
        ({"site": "not a uri"}, "/site", "format"),
        ({"day": "2026-02-29"}, "/day", "format"),
        ({"kind": "tiny", "unit": None}, "/kind", "enum"),
        ({"unit": "g"}, "/unit", "const"),
        ({"tags": ["new", "new"]}, "/tags", "uniqueItems"),
        ({"tags": ["hot"]}, "/tags", "contains"),
        ({"tags": ["new", "a", "b", "c"]}, "/tags", "maxItems"),
        ({"tags": ["new", 1]}, "/tags/1", "type"),
        ({"tags": "new"}, "/tags", "type"),
        ({"address": {"city": "Ulm", "zip": "1"}}, "/address/zip", "pattern"),
        ({"address": {"zip": "89073"}}, "/address", "required"),
        ({"address": {"city": "Ulm", "x": 1}}, "/address", "additionalProperties"),
        ({"contact": {}}, "/contact", "minProperties"),
        ({"contact": {"Phone": "1"}}, "/contact", "pattern"),
        ({"contact": {"phone": 1}}, "/contact/phone", "type"),
        ({"mark": 4}, "/mark", "oneOf"),
        ({"other": "bad"}, "/other", "not"),
        ({"kind": "small"}, "/unit", "falseSchema"),
    ],
)
def test_a_fault_is_named_by_place_and_keyword(
    orders: Client, change: Schema, pointer: str, keyword: str
) -> None:
    """The pointer leads to the value, and nothing was stored."""
    assert faults(orders.post("/orders", GOOD | change)) == [(pointer, keyword)]
    assert orders.get("/orders").json() == []


@pytest.mark.parametrize(
    ("absent", "keyword"), [("count", "required"), ("billing", "dependentRequired")]
)
def test_what_the_whole_row_must_say_is_checked_on_the_whole_row(
    orders: Client, absent: str, keyword: str
) -> None:
    """`if` and `dependentRequired` look at columns side by side."""
    row = {name: value for name, value in GOOD.items() if name != absent}

    assert faults(orders.post("/orders", row)) == [("", keyword)]
    assert orders.get("/orders").json() == []


def test_every_fault_is_told_at_once(orders: Client) -> None:
    """A form can mark all its fields after one try."""
    answer = orders.post("/orders", GOOD | {"code": "a", "count": 0, "mail": "x", "tags": [1]})

    assert sorted(faults(answer)) == [
        ("/code", "minLength"),
        ("/code", "pattern"),
        ("/count", "minimum"),
        ("/mail", "format"),
        ("/tags", "contains"),
        ("/tags/0", "type"),
    ]


def test_faults_of_columns_and_of_the_row_are_told_together(orders: Client) -> None:
    """What `if` and `dependentRequired` find stands beside what single columns say."""
    bad = {"code": "a", "kind": "large", "card": "1"}
    wanted = [
        ("/code", "minLength"),
        ("/code", "pattern"),
        ("", "dependentRequired"),
        ("", "required"),
    ]

    assert faults(orders.post("/orders", bad)) == wanted
    assert faults(
        orders.post("/orders", [{"code": "AB", "card": "1"} | {"kind": "small"}, bad])
    ) == [
        ("/0", "dependentRequired"),
        *(("/1" + place, keyword) for place, keyword in wanted),
    ]
    orders.post("/orders", {"code": "AB"})
    assert faults(orders.patch("/orders", {"id": "eq.1"}, bad)) == wanted


def test_missing_values_and_taken_keys_are_told_after_the_faults_of_the_row(orders: Client) -> None:
    """A row that lacks a value, or has another's key, is still told all that its schema says."""
    assert faults(orders.post("/orders", {"card": "1"})) == [
        ("", "dependentRequired"),
        ("", "required"),
    ]
    orders.post("/orders", {"id": 1, "code": "AB"})
    assert faults(orders.post("/orders", {"id": 1, "code": "AB", "card": "1"})) == [
        ("", "dependentRequired")
    ]
    refused(orders.post("/orders", {"id": 1, "code": "AB"}), 409, "23505")


def test_a_message_shows_nothing_of_the_row(orders: Client) -> None:
    """Whoever reads a log of refusals reads no data."""
    answer = orders.post("/orders", GOOD | {"mail": "hush-hush", "contact": {"a": {"pin": 4711}}})

    assert len(faults(answer)) == 2
    assert "hush" not in answer.text
    assert "4711" not in answer.text


def test_a_change_is_checked_with_what_it_leaves_alone(orders: Client) -> None:
    """PATCH of one column breaks a rule over two, and the row stays as it was."""
    orders.post("/orders", {"code": "AB", "kind": "small"})

    assert faults(orders.patch("/orders", {"id": "eq.1"}, {"kind": "large"})) == [("", "required")]
    assert faults(orders.patch("/orders", {"id": "eq.1"}, {"count": 3})) == [
        ("/count", "multipleOf")
    ]
    [row] = orders.get("/orders", {"select": "kind,count"}).json()
    assert row == {"kind": "small", "count": None}


def test_one_bad_row_takes_the_others_along(orders: Client) -> None:
    """Rows of one request are stored together or not at all."""
    answer = orders.post("/orders", [GOOD, GOOD | {"count": 3}])

    assert faults(answer) == [("/1/count", "multipleOf")]
    assert orders.get("/orders").json() == []


def test_null_in_a_column_that_may_be_left_out_counts_as_left_out(orders: Client) -> None:
    """An optional column without null in its type is absent when it is null."""
    answer = orders.post("/orders", {"code": "AB", "mail": None, "card": None})

    assert answer.status == 201
    assert faults(orders.post("/orders", {"code": "AB", "card": "1"})) == [
        ("", "dependentRequired")
    ]


def test_a_row_of_many_faults_is_told_its_first(serve: Serve) -> None:
    """A million of them would keep the server busy with wording."""
    client = serve({"lists": table({"all": {"type": "array", "items": {"type": "string"}}})})

    answer = client.anonymous.post("/lists", {"all": [1] * 20_000})

    assert refused(answer, 400, "23514")["details"] == [
        {
            "pointer": "/all/0",
            "keyword": "type",
            "message": 'the value is not of type "string"',
        }
    ]


def test_the_meta_schema_is_served(orders: Client) -> None:
    """Editors find the vocabulary at its path."""
    answer = orders.request("GET", "/schema/table/v1")

    assert json.loads(answer.body)["$id"] == "https://jotbase.dev/schema/table/v1"
    assert answer.headers["cache-control"] == "public, max-age=3600"


def test_a_row_that_makes_a_computed_column_ask_for_the_time_is_refused(serve: Serve) -> None:
    """A stored value cannot; the caller is told that the row is at fault, not the server."""
    days = table({"at": {"type": "string"}, "day": {"type": "string", "generated": "date(at)"}})
    client = serve({"days": days}).anonymous
    assert client.post("/days", {"at": "2026-05-01 10:00"}).status == 201
    assert refused(client.post("/days", {"at": "now"}), 400, "22007")
