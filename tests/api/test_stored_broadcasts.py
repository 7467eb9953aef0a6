"""Rows that are messages: told in their rooms at the commit, told again, pruned; on each engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.api.data_world import Schema, Serve, table
from tests.api.test_private_topics import CHANNELS, MEMBERS, TOPIC, Hall, Member

from jotbase.background import upkeep
from jotbase.background.upkeep import prune_messages
from jotbase.realtime.rooms import stored_messages

WORDS: Schema = table(
    {
        "topic": {"type": "string"},
        "event": {"type": "string"},
        "payload": {"type": "object"},
        "private": {"type": "boolean", "default": True},
        "inserted_at": {"type": "string", "format": "date-time", "defaultExpression": "now()"},
    },
    required=["topic", "event", "payload", "private", "inserted_at"],
) | {"realtime": "broadcast", "access": {"insert": "True"}}
PROJECT = {"members": MEMBERS, "words": WORDS}


@pytest.fixture
def hall(serve: Serve) -> Iterator[Hall]:
    made = Hall(serve, serve(PROJECT, {"channels.json": json.dumps(CHANNELS)}))
    yield made
    for socket in made.sockets:
        socket.leave()


def insert(hall: Hall, *numbers: int, topic: str = "room:7", **rest: Any) -> None:
    """Insert messages, in one statement."""
    rows = [{"topic": topic, "event": "e", "payload": {"n": n}, **rest} for n in numbers]
    assert hall.backend.service.post("/words", rows).status == 201


def told(socket: Member, count: int) -> list[tuple[int, bool]]:
    """Return the number in each of the next messages, and whether it was told again."""
    heard = [socket.hear() for _ in range(count)]
    assert {one["event"] for one in heard} <= {"broadcast"}
    return [
        (one["payload"]["payload"]["n"], one["payload"]["meta"].get("replayed", False))
        for one in heard
    ]


def enter(socket: Member, topic: str = TOPIC, *, private: bool = True, **replay: Any) -> Any:
    """Join with a replay; return the reason of a refusal, or "ok"."""
    reply = socket.join(topic=topic, private=private, token=socket.token, broadcast=replay)
    return reply["payload"]["response"].get("reason", reply["payload"]["status"])


def test_an_inserted_row_is_told_in_its_room(hall: Hall) -> None:
    """As the official clients know a message from the database: with an id, `ref` null."""
    ana, ben = hall.connect("ana", speaks=False), hall.connect("ben", speaks=False)
    assert [ana.enter(), ben.enter()] == ["ok", "ok"]
    public = hall.connect("eve", speaks=None)
    public.join(topic=TOPIC)
    insert(hall, 1)

    heard = ana.hear()
    assert heard == {
        "join_ref": None,
        "ref": None,
        "topic": TOPIC,
        "event": "broadcast",
        "payload": {"type": "broadcast", "event": "e", "payload": {"n": 1}, "meta": {"id": "1"}},
    }
    assert told(ben, 1) == [(1, False)]
    insert(hall, 2, private=False)
    assert told(public, 1) == [(2, False)]
    assert ana.silent()


def test_only_what_is_committed_is_told_in_the_order_of_commits(hall: Hall) -> None:
    """Rolled back rows are no messages, nor are changed and deleted ones."""
    ana = hall.connect("ana", speaks=False)
    assert ana.enter() == "ok"
    rows = [{"topic": "room:7", "event": "e", "payload": {"n": 1}}, {"topic": None}]
    assert hall.backend.service.post("/words", rows).status == 400
    insert(hall, 2, 3)
    service = hall.backend.service
    assert service.patch("/words", {"id": "gt.0"}, {"event": "f"}).status in (200, 204)
    assert service.delete("/words", {"id": "gt.0"}).status in (200, 204)
    insert(hall, 4)

    assert told(ana, 3) == [(2, False), (3, False), (4, False)]


def test_the_newest_messages_are_told_again_to_who_joins(hall: Hall) -> None:
    """Oldest first, before what is said live; public ones and other topics' are not."""
    insert(hall, 1, 2, 3)
    insert(hall, 4, topic="room:8")
    insert(hall, 5, private=False)
    ana = hall.connect("ana", speaks=False)
    assert enter(ana, replay={"since": 0, "limit": 2}) == "ok"
    insert(hall, 6)

    assert told(ana, 3) == [(2, True), (3, True), (6, False)]
    ben = hall.connect("ben", speaks=False)
    assert enter(ben, replay={"since": 4_000_000_000_000}) == "ok"
    assert ben.silent()
    eve = hall.connect("eve", speaks=True)
    assert enter(eve, replay={"limit": 99}) == "ok"
    assert told(eve, 4) == [(1, True), (2, True), (3, True), (6, True)]


@pytest.mark.parametrize(
    ("replay", "private", "reason"),
    [
        ({"since": 0}, False, "Replay is not allowed for public channels"),
        ({"since": "x"}, True, "Replay params are not valid"),
        ({"limit": 1.5}, True, "Replay params are not valid"),
        ({"limit": True}, True, "Replay params are not valid"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(
    hall: Hall, replay: dict[str, Any], private: bool, reason: str
) -> None:
    """The join is, in the contract's words."""
    ana = hall.connect("ana", speaks=False)

    said = enter(ana, private=private, replay=replay)
    assert said == f"UnableToReplayMessages: {reason}"
    assert enter(ana, private=private, replay={}) == "ok"


def test_who_may_not_hear_messages_is_told_none_again(hall: Hall) -> None:
    """Presence alone may be read in the lobby; strangers may not come in."""
    insert(hall, 1, topic="lobby")
    ana, eve = hall.connect("ana", speaks=False), hall.connect("eve", speaks=None)

    refused = "UnableToReplayMessages: Realtime was unable to replay messages"
    assert enter(ana, "realtime:lobby", replay={"since": 0}) == refused
    assert enter(eve, replay={"since": 0}).startswith("Unauthorized: ")


def test_rows_of_messages_cannot_be_followed_as_changes(hall: Hall) -> None:
    """They are told in rooms, whose rules count, and not to who follows tables."""
    ana = hall.connect("ana", speaks=False)
    ana.join([{"event": "*", "schema": "public", "table": "words"}], topic=TOPIC)

    assert ana.hear()["payload"]["message"].startswith("Unable to subscribe to changes")


def left(hall: Hall, now: float = 0.0, **kept: int) -> list[int]:
    """Prune as a running server does; return the messages that are left."""
    backend: Any = hall.backend._backend
    settings = replace(backend.settings, **kept)
    pruning = prune_messages(backend.engine, settings, now, backend.definition.model)
    hall.serve.threads.run(pruning)
    rows = hall.backend.service.get("/words", {"order": "id"}).json()
    return [row["payload"]["n"] for row in rows]


def test_messages_are_pruned_by_number_and_by_age(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go, in bites; 0 hours set no limit."""
    monkeypatch.setattr(stored_messages, "BITE", 2)
    monkeypatch.setattr(upkeep, "MESSAGES_BITE", 2)
    for n in range(1, 8):
        insert(hall, n, inserted_at=f"2030-01-0{n}T00:00:00Z")
    day_eight = 1_893_456_000.0 + 7 * 86_400

    assert left(hall, day_eight, messages_max_age=0) == [1, 2, 3, 4, 5, 6, 7]
    assert left(hall, day_eight, messages_max_age=0, messages_keep=6) == [2, 3, 4, 5, 6, 7]
    assert left(hall, day_eight, messages_max_age=73) == [5, 6, 7]
