"""Columns of ranges: written, found, sorted and refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import OPEN, Serve, refused, table

from jotbase.testing import TestBackend


def ranged(kind: str) -> dict[str, Any]:
    """Return the schema of a column of ranges."""
    return {"type": ["string", "null"], "format": kind}


STAYS = table(
    {
        "floors": ranged("int4range"),
        "price": ranged("numrange"),
        "days": ranged("daterange"),
        "during": ranged("tsrange"),
    },
    access=OPEN | {"delete": "row.floors != '[8,9]'"},
)
ROWS = [
    {"floors": "[10,11]", "price": "[1.50,2]"},
    {"floors": "[2,4)", "days": "[2026-05-01,2026-05-31]"},
    {"floors": "(7,9]", "during": "[2026-05-01 10:00,2026-05-01 12:00]"},
    {"floors": "empty", "price": "(,3)"},
    {"floors": None},
]


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    """Give five stays."""
    made = serve({"stays": STAYS})
    for row in ROWS:
        assert made.anonymous.post("/stays", row).status == 201
    return made


def test_canonical_forms_are_told(backend: TestBackend) -> None:
    """Equal ranges are equal text, as PostgreSQL writes them."""
    answer = backend.anonymous.get("/stays", {"select": "floors,price,days,during", "limit": "3"})

    assert answer.json() == [
        {"floors": "[10,12)", "price": "[1.5,2]", "days": None, "during": None},
        {"floors": "[2,4)", "price": None, "days": "[2026-05-01,2026-06-01)", "during": None},
        {
            "floors": "[8,10)",
            "price": None,
            "days": None,
            "during": '["2026-05-01 10:00:00","2026-05-01 12:00:00"]',
        },
    ]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"floors": "sl.[5,6]"}, [2]),
        ({"floors": "sr.[5,6]"}, [1, 3]),
        ({"floors": "not.sr.[5,6]"}, [2, 4]),
        ({"floors": "nxr.[1,9]"}, [2, 3]),
        ({"floors": "nxl.[8,9]"}, [1, 3]),
        ({"floors": "adj.[4,7]"}, [2, 3]),
        ({"floors": "ov.[3,8]"}, [2, 3]),
        ({"floors": "cs.[2,3]"}, [2]),
        ({"floors": "cd.[0,9]"}, [2, 3, 4]),
        ({"floors": "eq.(9,11]"}, [1]),
        ({"floors": "gt.[2,9]"}, [1, 3]),
        ({"floors": 'in.("[2,3]",empty)'}, [2, 4]),
        ({"floors": "isdistinct.empty"}, [1, 2, 3, 5]),
        ({"price": "ov.[2,2]"}, [1, 4]),
        ({"days": "cs.[2026-05-31,2026-05-31]"}, [2]),
        ({"during": "adj.(2026-05-01T12:00:00,)"}, [3]),
        ({"or": '(floors.sl."[5,6]",price.cs."[-5,-1]")'}, [2, 4]),
    ],
)
def test_what_is_found(backend: TestBackend, query: dict[str, str], ids: list[int]) -> None:
    """As on PostgreSQL; null is unknown."""
    answer = backend.anonymous.get("/stays", {"select": "id", "order": "id", **query})

    assert [row["id"] for row in answer.json()] == ids


def test_order(backend: TestBackend) -> None:
    """By the lower bound, the empty range first, and null last."""
    answer = backend.anonymous.get("/stays", {"select": "id", "order": "floors"})

    assert [row["id"] for row in answer.json()] == [4, 2, 3, 1, 5]


def test_rules_compare_ranges(backend: TestBackend) -> None:
    """A rule's literal is read as the column's type."""
    backend.anonymous.delete("/stays", {"id": "in.(2,3)"})

    answer = backend.anonymous.get("/stays", {"select": "id", "id": "in.(2,3)"})
    assert answer.json() == [{"id": 3}]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"floors": "sl.1"}, 400, "22P02"),
        ({"floors": "sl.[1.5,2]"}, 400, "22P02"),
        ({"floors": "ov.[9,1]"}, 400, "22000"),
        ({"floors": "ov.[1,3000000000]"}, 400, "22003"),
        ({"id": "sl.[1,2]"}, 404, "42883"),
        ({"floors": "like.x"}, 404, "42883"),
        ({"select": "id::int4range"}, 400, "42846"),
    ],
)
def test_what_is_no_question(
    backend: TestBackend, query: dict[str, str], status: int, code: str
) -> None:
    """PostgreSQL's errors."""
    refused(backend.anonymous.get("/stays", query), status, code)


@pytest.mark.parametrize("text", ["[2,1]", "1", "[1,9999999999]", "[1,2", "[a,b)"])
def test_what_is_no_range_is_not_stored(backend: TestBackend, text: str) -> None:
    """The format is asserted on every write."""
    body = refused(backend.anonymous.post("/stays", {"floors": text}), 400, "23514")

    assert [fault["keyword"] for fault in body["details"]] == ["format"]
