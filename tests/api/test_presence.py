"""Keywords that ask whether a property is there, on the wire: NULL is absent, whoever wrote it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.api.data_world import OPEN, Schema, Serve, refused, table

from jotbase.testing import TestBackend

ODD: Schema = {"type": ["string", "null"]}
EITHER = [{"required": ["email"]}, {"required": ["phone"]}]
SCHEMAS_PAGE = Path(__file__).parents[2] / "docs/reference/schemas.md"


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_one_of_two_ways_to_be_reached(serve: Serve, word: str) -> None:
    """Payload and stored row are judged alike, in a POST, a PATCH and an upsert."""
    people = table({"email": ODD, "phone": ODD}, **{word: EITHER})
    visitor = serve({"people": people}).anonymous

    for nobody in ({}, {"email": None}, {"email": None, "phone": None}):
        refused(visitor.post("/people", nobody), 400, "23514")
    assert visitor.post("/people", {"email": "x"}).status == 201
    assert visitor.post("/people", {"email": None, "phone": "1"}).status == 201
    refused(visitor.patch("/people", {"id": "eq.1"}, {"email": None}), 400, "23514")
    assert visitor.patch("/people", {"id": "eq.1"}, {"email": None, "phone": "2"}).status == 200
    merge = "resolution=merge-duplicates"
    refused(visitor.post("/people", {"id": 1, "phone": None}, prefer=merge), 400, "23514")


def test_a_dependency_on_a_value_that_is_not_there(serve: Serve) -> None:
    """`dependentRequired` asks nothing of a row whose column is NULL."""
    stays = table({"from_day": ODD, "to_day": ODD}, dependentRequired={"from_day": ["to_day"]})
    visitor = serve({"stays": stays}).anonymous

    assert visitor.post("/stays", {"from_day": None, "to_day": None}).status == 201
    refused(visitor.post("/stays", {"from_day": "1", "to_day": None}), 400, "23514")


@pytest.fixture
def booking(serve: Serve) -> TestBackend:
    """Serve the documentation's own example, open to everybody."""
    text = re.search(r"```json\n(\{.*?\n\})\n```", SCHEMAS_PAGE.read_text("utf-8"), re.DOTALL)
    assert text is not None
    example = json.loads(text[1]) | {"access": OPEN}
    rooms: Schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "primaryKey": ["name"],
        "access": OPEN,
    }
    made = serve({"bookings": example, "rooms": rooms})
    made.service.post("/rooms", {"name": "blue"})
    return made


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"persons": 4}, 201),
        ({"persons": 4, "wishes": None}, 201),
        ({"persons": 5}, 400),
        ({"persons": 5, "wishes": None}, 400),
        ({"persons": 5, "wishes": "quiet"}, 201),
    ],
)
def test_the_documentations_example_holds(
    booking: TestBackend, more: dict[str, Any], status: int
) -> None:
    """Five persons and more say what they wish for, and NULL is no wish."""
    body = {"room": "blue", "first_day": "2026-01-01", "last_day": "2026-01-02"} | more

    assert booking.user().post("/bookings", body).status == status
