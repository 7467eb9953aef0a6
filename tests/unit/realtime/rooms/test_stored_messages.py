"""Rows as messages, and what a join may ask to be told again."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.realtime.rooms.http_messages import Message
from jotbase.realtime.rooms.stored_messages import ReplayRequest, read_replay, stored_message
from jotbase.schema.model.tables import Table

WORDS = Table("words", (), ("id",), broadcast=True)
ROW = {"id": 7, "topic": "a", "event": "e", "payload": {"n": 1}}


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ({"since": 1500}, ReplayRequest(1.5, 10)),
        ({"since": None, "limit": 3}, ReplayRequest(0.0, 3)),
        ({"since": -1, "limit": 0}, ReplayRequest(0.0, 1)),
        ({"since": 10**30, "limit": 26}, ReplayRequest(253_402_300_799.0, 25)),
        ({"since": 1.5}, None),
        ({"since": "1"}, None),
        ({"limit": True}, None),
        ({"limit": [1]}, None),
    ],
)
def test_numbers_are_clamped_and_others_refused(
    asked: dict[str, Any], read: ReplayRequest | None
) -> None:
    """Milliseconds since the epoch, and 1 to 25 messages."""
    assert read_replay(asked) == read


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW, Message("a", "e", {"n": 1}, private=True, id="7")),
        (ROW | {"private": True}, Message("a", "e", {"n": 1}, private=True, id="7")),
        (ROW | {"private": False}, Message("a", "e", {"n": 1}, private=False, id="7")),
        (ROW | {"payload": [1]}, Message("a", "e", {"_json": [1]}, private=True, id="7")),
        (ROW | {"payload": None}, Message("a", "e", {"_json": None}, private=True, id="7")),
        (ROW | {"topic": "x" * 256}, None),
        (ROW | {"topic": ""}, None),
        (ROW | {"event": "é" * 128}, None),
    ],
)
def test_a_row_is_a_private_message_unless_it_says_otherwise(
    row: dict[str, Any], message: Message | None
) -> None:
    """Names that no binary frame can hold are none."""
    assert stored_message(WORDS, row) == message
