"""The hand-over from messages that are told again to those that are said live."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.api.live_world import SECRET_KEY, World, a_world

from jotbase.errors import JotError
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.values import Change

WORDS = Table(
    "words",
    (
        Column("id", Type.INTEGER, {}, nullable=False),
        Column("topic", Type.TEXT, {}, nullable=False),
        Column("event", Type.TEXT, {}, nullable=False),
        Column("payload", Type.JSON, {}, nullable=False),
        Column("inserted_at", Type.TIMESTAMP, {}, nullable=False),
    ),
    ("id",),
    broadcast=True,
)
REPLAY: dict[str, Any] = {"private": True, "broadcast": {"replay": {"since": 0}}}


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        made.live.configure(Model({"words": WORDS}), {})
        yield made


def word(number: int) -> dict[str, Any]:
    at = f"2026-01-01T00:00:0{number}Z"
    return {"id": number, "topic": "r", "event": "e", "payload": {}, "inserted_at": at}


def stored(world: World, *numbers: int) -> None:
    """Have the table hold these messages."""
    rows = [(orjson.dumps(word(n)).decode(),) for n in reversed(numbers)]
    world.engine.answer = lambda text, values: rows


def test_what_is_said_while_messages_are_read_comes_once_and_behind_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them is among those that were read, one is not; one is told late by the feed."""
    rooms, said = world.feed.delivery.rooms, asyncio.Event()
    assert rooms is not None
    tell = rooms.tell

    def tell_and_note(change: Change) -> int:
        size = tell(change)
        if change.number == 2:
            said.set()
        return size

    async def meanwhile() -> None:
        for number in (2, 3):
            world.engine.commit("words", None, word(number))
        async with asyncio.timeout(5):
            await said.wait()

    monkeypatch.setattr(rooms, "tell", tell_and_note)

    stored(world, 1, 2, 4)
    world.engine.before_answer = meanwhile
    socket = world.connect(key=SECRET_KEY)
    assert socket.join(**REPLAY)["payload"]["status"] == "ok"
    world.engine.before_answer = None
    heard = [socket.hear()["payload"]["meta"] for _ in range(4)]
    world.commit("words", None, word(4))
    world.commit("words", None, word(5))

    assert heard == [
        {"replayed": True, "id": "1"},
        {"replayed": True, "id": "2"},
        {"replayed": True, "id": "4"},
        {"id": "3"},
    ]
    assert socket.hear()["payload"]["meta"] == {"id": "5"}


def test_a_table_that_cannot_be_read_ends_the_channel(world: World) -> None:
    """It says so; the socket stays."""

    def fail(text: str, values: Any) -> Any:
        raise JotError("55P03", "busy")

    world.engine.answer = fail
    socket = world.connect(key=SECRET_KEY)
    assert socket.join(**REPLAY)["payload"]["status"] == "ok"

    said = socket.hear()["payload"]
    assert (said["status"], said["message"]) == (
        "error",
        "Realtime was unable to replay messages",
    )
    assert socket.hear()["event"] == "phx_close"
    assert socket.silent()
