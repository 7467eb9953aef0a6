"""`broadcast()` in views, rpc and hooks: heard after the commit, under the caller's rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table
from tests.api.test_private_topics import CHANNELS, MEMBERS, Hall, Member

CODE = """
from flask import Flask, request
from jotbase.functions import Refusal, Row, after, before, broadcast, computed, data, rpc, task
from typing import Annotated

app = Flask(__name__)
ATTEMPTS = []


@app.post("/say")
def say():
    given = request.get_json()
    as_service = given.pop("as_service", False)
    client = data().as_service() if as_service else data()
    client.broadcast(**given)
    return {"said": True}


@app.post("/bytes")
def send_bytes():
    broadcast("r", "e", b"\\x00\\xff")
    return {"said": True}


@rpc
def move(room: int, end: str = "") -> int:
    member = data().as_service().post("members", {"room": room, "user": USER, "speaks": True})
    broadcast("r", "moved", {"id": member[0]["room"]})
    if end == "raise":
        raise Refusal("P0001", "no")
    return room


USER = "00000000-0000-4000-8000-000000000001"


@rpc
def tell(topic: str, private: bool = True) -> None:
    broadcast(topic, "told", {"n": 1}, private=private)


@rpc
def enter_and_tell(user: str) -> None:
    data().as_service().post("members", {"room": 9, "user": user, "speaks": True})
    broadcast("room:9", "entered", {"n": 1}, private=True)


@rpc
def many(count: int, size: int = 1) -> None:
    for number in range(count):
        broadcast("r", "many", {"n": "x" * size})


@rpc(reads=True)
def peek() -> int:
    broadcast("r", "peeked", {})
    return 1


@rpc
def outer() -> None:
    data().rpc("tell", {"topic": "r", "private": False})


@before("insert", "notes")
def announce(row):
    broadcast("r", "note", {"text": row["text"]})
    if row["text"] == "refused":
        raise Refusal("P0001", "no")


@after("insert", "members")
def welcome(change):
    broadcast(f"room:{change.new['room']}", "came", {"user": change.new["user"]}, private=True)


@task
def remind():
    broadcast("r", "remind", {})


@rpc
def later() -> None:
    remind.later()


@computed
def loud(note: Annotated[Row, "notes"]) -> str:
    broadcast("r", "loud", {})
    return "loud"
"""
NOTES = table({"text": {"type": "string", "maxLength": 10}})


@pytest.fixture
def hall(serve: Serve) -> Iterator[Hall]:
    files = {"channels.json": json.dumps(CHANNELS), "functions/__init__.py": CODE}
    tables = {"members": MEMBERS, "notes": NOTES}
    made = Hall(serve, serve(tables, files, tx_end="commit-allow-override"))
    yield made
    for socket in made.sockets:
        socket.leave()


def heard(socket: Member) -> tuple[str, Any]:
    """Return event and payload of the next broadcast."""
    told = socket.hear()
    assert told["event"] == "broadcast", told
    return told["payload"]["event"], told["payload"]["payload"]


@pytest.fixture
def listener(hall: Hall) -> Member:
    socket = hall.connect("lis", speaks=None)
    socket.join(topic="realtime:r")
    return socket


def test_a_view_is_heard_at_once(hall: Hall, listener: Member) -> None:
    """A public topic by anybody; the frame is that of a broadcast over HTTP."""
    given = {"topic": "r", "event": "e", "payload": {"n": 1}}

    assert hall.backend.anonymous.function("say", "POST", given).status == 200
    told = {"type": "broadcast", "event": "e", "payload": {"n": 1}}
    assert listener.hear()["payload"] == told


def test_bytes_are_a_binary_payload(hall: Hall, listener: Member) -> None:
    """Payloads that are bytes arrive in a binary frame of version 2.0.0."""
    assert hall.backend.anonymous.function("bytes", "POST").status == 200
    assert listener.hear_raw()["bytes"].endswith(b"\x00\xff")


def test_a_private_topic_is_spoken_to_with_the_callers_right(hall: Hall) -> None:
    """Who may write there may by a function; others are refused unless the code is the service."""
    ana, eve = hall.user("ana", speaks=True), hall.user("eve", speaks=None)
    socket = hall.of(ana)
    assert socket.enter() == "ok"
    given = {"topic": "room:7", "event": "e", "payload": {"n": 1}, "private": True}

    refused(eve.function("say", "POST", given), 403, "42501")
    refused(eve.rpc("tell", {"topic": "room:7"}), 403, "42501")
    assert socket.silent()
    assert ana.function("say", "POST", given).status == 200
    assert heard(socket) == ("e", {"n": 1})
    assert ana.rpc("tell", {"topic": "room:7"}).status == 204
    assert heard(socket) == ("told", {"n": 1})
    assert eve.function("say", "POST", given | {"as_service": True}).status == 200
    assert heard(socket) == ("e", {"n": 1})


def test_the_right_is_judged_within_the_transaction(hall: Hall) -> None:
    """A membership that the same call writes counts."""
    ana = hall.user("ana", speaks=True)
    assert ana.rpc("tell", {"topic": "room:9"}).status == 403
    assert ana.rpc("enter_and_tell", {"user": ana.id}).status == 204
    socket = hall.of(ana)
    assert socket.enter("realtime:room:9") == "ok"
    assert ana.rpc("tell", {"topic": "room:9"}).status == 204
    assert heard(socket) == ("told", {"n": 1})


def test_a_call_is_heard_once_it_is_committed(hall: Hall, listener: Member) -> None:
    """What is rolled back is never heard: a refusal, `tx=rollback`, a call within a call."""
    anonymous = hall.backend.anonymous
    refused(anonymous.rpc("move", {"room": 1, "end": "raise"}), 400, "P0001")
    undone = anonymous.rpc("move", {"room": 3}, prefer="tx=rollback")
    assert (undone.json(), undone.headers["preference-applied"]) == (3, "tx=rollback")
    assert listener.silent()
    assert anonymous.rpc("move", {"room": 2}).json() == 2
    assert heard(listener) == ("moved", {"id": 2})
    assert anonymous.rpc("outer").status == 204
    assert heard(listener) == ("told", {"n": 1})


def test_a_hook_is_heard_once_its_row_is_committed(hall: Hall, listener: Member) -> None:
    """By a write and by a batch; a row that is refused afterwards says nothing."""
    anonymous = hall.backend.anonymous
    assert anonymous.post("/notes", {"text": "refused"}).status == 400
    assert anonymous.post("/notes", {"text": "much too long"}).status == 400
    assert listener.silent()
    assert anonymous.post("/notes", {"text": "a"}).status == 201
    assert heard(listener) == ("note", {"text": "a"})
    batch = [{"method": "POST", "path": "/notes", "body": {"text": "b"}}]
    answer = anonymous.request("POST", "/rest/v1/", None, batch)
    assert answer.status == 200, answer.text
    assert heard(listener) == ("note", {"text": "b"})


def test_what_only_reads_does_not_broadcast(hall: Hall) -> None:
    """A function with `reads=True`, a GET, and a computed column are told 25006."""
    anonymous = hall.backend.anonymous
    anonymous.post("/notes", {"text": "a"})
    refused(anonymous.rpc("peek"), 405, "25006")
    refused(anonymous.get("/rpc/tell", {"topic": "r", "private": "false"}), 405, "25006")
    refused(anonymous.get("/notes", {"select": "loud"}), 405, "25006")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"topic": ""}, "topic can't be blank"),
        ({"event": "e" * 256}, "event should be at most 255 byte(s)"),
        ({"topic": "a/b c%?#"}, None),
        ({"payload": {"x": "y" * 3_000_000}}, "payload Payload size exceeds tenant limit"),
    ],
)
def test_the_limits_of_messages_hold(hall: Hall, given: Any, message: str | None) -> None:
    """Names and sizes are those of a broadcast over HTTP, and any text may be a topic."""
    whole = {"topic": "r", "event": "e", "payload": {}} | given
    answer = hall.backend.anonymous.function("say", "POST", whole)

    if message is None:
        assert answer.status == 200
    else:
        assert refused(answer, 422, "22023")["message"] == message


def test_one_call_says_a_hundred_things_at_most(hall: Hall, listener: Member) -> None:
    """Beyond that, or beyond 6 MB, the call is refused, and nothing of it is heard."""
    anonymous = hall.backend.anonymous
    refused(anonymous.rpc("many", {"count": 101}), 429, "53400")
    refused(anonymous.rpc("many", {"count": 3, "size": 2_500_000}), 429, "53400")
    assert listener.silent()
    assert anonymous.rpc("many", {"count": 100}).status == 204
    assert [heard(listener)[0] for _ in range(100)] == ["many"] * 100


def test_one_user_broadcasts_a_thousand_times_at_once(hall: Hall) -> None:
    """More come at a hundred a second; the count is of what was committed, by user."""
    ana, ben = hall.user("ana", speaks=None), hall.user("ben", speaks=None)
    assert [ana.rpc("many", {"count": 100}).status for _ in range(11)] == [204] * 10 + [429]
    assert ben.rpc("many", {"count": 1}).status == 204
    say = {"topic": "r", "event": "e", "payload": {}}
    refused(ana.function("say", "POST", say), 429, "53400")
    hall.backend.clock.advance(1)
    assert ana.rpc("many", {"count": 100}).status == 204


def test_hooks_after_a_commit_and_tasks_broadcast(hall: Hall, listener: Member) -> None:
    """With the rights of the service role, since nobody calls them: a push on each new row."""
    hall.backend.run_tasks()
    ana = hall.connect("ana", speaks=False)
    assert ana.enter() == "ok"
    row = {"room": 7, "user": "00000000-0000-4000-8000-000000000002", "speaks": False}
    hall.backend.run_tasks()
    assert heard(ana)[0] == "came"
    hall.backend.service.post("/members", row)
    hall.backend.run_tasks()
    assert heard(ana) == ("came", {"user": row["user"]})
    assert hall.backend.anonymous.rpc("later").status == 204
    assert listener.silent()
    hall.backend.run_tasks()
    assert heard(listener) == ("remind", {})
