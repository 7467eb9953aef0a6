"""Sorting and comparing are one thing, for every type of column: paging loses no row."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from tests.api.data_world import Serve, table

from jotbase.testing.client import Client

DICE = random.Random(5)
ANY = {"type": ["object", "array", "string", "number", "boolean", "null"]}
SCALARS: list[Any] = [None, True, False, 0, -1, 2, 10, 2.5, -1e300, "", "a", "B", "é", "10"]
WORDS = ["", "a", "b", "B", "é", "aa", " ", "\U0001f600"]


def nested() -> Any:
    if DICE.random() < 0.6:
        return DICE.choice(SCALARS)
    if DICE.random() < 0.5:
        return [nested() for _ in range(DICE.randrange(3))]
    return {DICE.choice("abc"): nested() for _ in range(DICE.randrange(3))}


def listed(items: list[Any]) -> list[Any]:
    return [DICE.choice(items) for _ in range(DICE.randrange(4))]


def numbers() -> str:
    return f"{DICE.randrange(-300, 300)}.{DICE.randrange(100):02}"


#: A column of each type, and values of it.
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "integer": ({"type": "integer"}, lambda: DICE.randrange(-50, 50)),
    "number": ({"type": "number"}, lambda: DICE.choice([-1.5, 0, 1e20, 2, 10, 0.1, -1e-9, 2.25])),
    "decimal": ({"type": "string", "format": "decimal"}, numbers),
    "text": ({"type": "string"}, lambda: DICE.choice(WORDS)),
    "boolean": ({"type": "boolean"}, lambda: DICE.random() < 0.5),
    "uuid": (
        {"type": "string", "format": "uuid"},
        lambda: f"{DICE.randrange(2**32):08x}-0000-4000-8000-000000000000",
    ),
    "timestamp": (
        {"type": "string", "format": "date-time"},
        lambda: (
            f"2026-01-0{DICE.randrange(1, 4)}T{DICE.randrange(24):02}:00:00"
            f"{DICE.choice(['', '.5', '.25'])}{DICE.choice(['Z', '+02:00', '-11:30'])}"
        ),
    ),
    "date": ({"type": "string", "format": "date"}, lambda: f"20{DICE.randrange(10, 99)}-01-31"),
    "int4range": (
        {"type": "string", "format": "int4range"},
        lambda: DICE.choice(
            ["empty", "(,)", "[1,5)", "(0,4]", "[10,20)", "[-5,)", "(,3)", "[2,3]"]
        ),
    ),
    "texts": ({"type": "array", "items": {"type": "string"}}, lambda: listed(WORDS)),
    "integers": (
        {"type": "array", "items": {"type": "integer"}},
        lambda: listed([1, 2, 3, 10, 20, -1]),
    ),
    "mixed": ({"type": "array"}, lambda: [nested() for _ in range(DICE.randrange(4))]),
    "json": (ANY, nested),
}


def operand(value: Any, kind: str) -> str:
    """Return a value as a filter has it."""
    plain = isinstance(value, str) and kind != "json"
    return value if plain else orjson.dumps(value).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_rows_before_a_value_are_those_that_are_less(serve: Serve, kind: str) -> None:
    """For each row in order, `lt`, `eq` and `gt` part the others into before, beside and behind."""
    column, make = KINDS[kind]
    client: Client = serve({"things": table({"value": column})}).service
    values = [value for value in (make() for _ in range(40)) if value is not None]
    client.post("/things", [{"value": value} for value in values])
    params = {"select": "id,value", "order": "value,id", "value": "not.is.null"}
    rows = client.get("/things", params).json()
    assert len(rows) == len(values)
    for place, row in enumerate(rows):
        told = operand(row["value"], kind)
        ids: dict[str, set[int]] = {}
        for sign in ("lt", "eq", "gt"):
            found = client.get("/things", {"select": "id", "value": f"{sign}.{told}"})
            assert found.status == 200, found.text
            ids[sign] = {one["id"] for one in found.json()}
        before = {one["id"] for one in rows[:place]}
        assert before - ids["eq"] == ids["lt"], row
        assert {one["id"] for one in rows[place:]} - ids["eq"] == ids["gt"], row
        assert row["id"] in ids["eq"]
