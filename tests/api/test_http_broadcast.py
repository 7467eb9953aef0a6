"""Broadcasts over HTTP, by both paths, on each engine: statuses, bodies, and who hears them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.api.data_world import Serve
from tests.api.test_private_topics import CHANNELS, MEMBERS, Hall, hall

from jotbase.testing.client import Answer, Client

__all__ = ["hall"]
BATCH = "/realtime/v1/api/broadcast"
BLANK = ["can't be blank"]
ONE = {"topic": "r", "event": "e", "payload": {"n": 1}}


def batch(caller: Client, *messages: Any) -> Answer:
    """Send a batch."""
    return caller.request("POST", BATCH, json_body={"messages": list(messages)})


def body(answer: Answer) -> Any:
    """Return the body's JSON."""
    return json.loads(answer.body)


def test_a_batch_is_heard_in_its_rooms(hall: Hall) -> None:
    """Each message by its topic; an `id` comes out as `meta.id`."""
    socket = hall.connect("ana", speaks=None)
    socket.join(topic="realtime:r")
    answer = batch(hall.backend.anonymous, ONE, ONE | {"id": "7"}, ONE | {"topic": "s"})

    assert (answer.status, answer.body) == (202, b"")
    told = {"type": "broadcast", "event": "e", "payload": {"n": 1}}
    assert socket.hear()["payload"] == told
    assert socket.hear()["payload"] == told | {"meta": {"id": "7"}}
    assert socket.silent()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, BLANK),
        ({"messages": []}, BLANK),
        ([], BLANK),
        ({"messages": [ONE, ONE | {"event": ""}]}, [{}, {"event": BLANK}]),
        ({"messages": [{"topic": "r", "event": "e"}]}, [{"payload": BLANK}]),
        ({"messages": [ONE | {"payload": 1}]}, [{"payload": ["is invalid"]}]),
        (
            {"messages": [ONE | {"topic": "x" * 247}]},
            [{"topic": ["should be at most 246 byte(s)"]}],
        ),
        (
            {"messages": [ONE | {"payload": {"x": "y" * 3_000_000}}]},
            [{"payload": ["Payload size exceeds tenant limit"]}],
        ),
    ],
)
def test_one_invalid_message_refuses_all(hall: Hall, document: Any, told: Any) -> None:
    """422, with the reasons by message and member."""
    answer = hall.backend.anonymous.request("POST", BATCH, json_body=document)

    assert (answer.status, body(answer)) == (422, {"errors": {"messages": told}})


def test_a_batch_has_a_largest_size(hall: Hall) -> None:
    """More than a hundred messages are too many at once."""
    answer = batch(hall.backend.anonymous, *[ONE] * 101)

    text = "Too many messages to broadcast, please reduce the batch size"
    assert (answer.status, body(answer)) == (429, {"message": text})


def test_what_may_not_be_written_is_left_out_of_a_batch(hall: Hall) -> None:
    """Private messages are judged one by one, by the caller's right to write."""
    ana, eve = hall.user("ana", speaks=True), hall.user("eve", speaks=None)
    socket = hall.of(ana)
    assert socket.enter() == "ok"
    private = ONE | {"topic": "room:7", "private": True}

    assert batch(eve, private).status == 202
    assert socket.silent()
    assert batch(ana, private).status == 202
    assert socket.hear()["payload"]["payload"] == {"n": 1}


def test_one_message_at_its_path(hall: Hall) -> None:
    """Both segments are percent-encoded; JSON that is no object comes as `_json`."""
    ana, eve = hall.user("ana", speaks=True), hall.user("eve", speaks=None)
    socket = hall.of(ana)
    assert socket.enter() == "ok"
    path = f"{BATCH}/room%3A7/events/user%2Fjoined"

    refused = eve.request("POST", path, {"private": "true"}, {"n": 1})
    assert (refused.status, body(refused)) == (403, {"message": "Unauthorized"})
    assert ana.request("POST", path, {"private": "true"}, {"n": 1}).status == 202
    told = {"type": "broadcast", "event": "user/joined", "payload": {"n": 1}}
    assert socket.hear()["payload"] == told
    assert ana.request("POST", path, {"private": "true"}, [1]).status == 202
    assert socket.hear()["payload"]["payload"] == {"_json": [1]}
    assert ana.request("POST", path, {}, {"n": 1}).status == 202
    assert socket.silent()


@pytest.mark.parametrize(
    ("query", "kind", "status", "told"),
    [
        (
            {},
            "text/plain",
            415,
            {"error": "Unsupported Media Type. Use application/json or application/octet-stream"},
        ),
        (
            {"persist": "true"},
            "application/json",
            422,
            {"errors": {"persist": ["can only be used on private channels"]}},
        ),
    ],
)
def test_what_a_single_message_may_not_be(
    hall: Hall, query: dict[str, str], kind: str, status: int, told: Any
) -> None:
    """Another content type; to be kept in a public room."""
    path = f"{BATCH}/r/events/e"
    answer = hall.backend.anonymous.request("POST", path, query, {}, {"content_type": kind})

    assert (answer.status, body(answer)) == (status, told)


def test_a_message_needs_a_key(serve: Serve) -> None:
    """Without one, or with a forged one: 401; other methods and paths are not there."""
    made = serve({"members": MEMBERS}, {"channels.json": json.dumps(CHANNELS)})
    forged = {"apikey": "x", "authorization": "Bearer x"}
    answer = made.anonymous.request("POST", BATCH, None, {"messages": [ONE]}, forged)

    assert (answer.status, body(answer)) == (401, {"message": "Unauthorized"})
    assert made.anonymous.request("GET", BATCH).status == 404
    assert made.anonymous.request("POST", BATCH + "/r/e", None, {}).status == 404
    assert body(made.anonymous.request("GET", "/realtime/v1/api/ping")) == {"message": "Success"}


def test_a_client_has_a_rate(hall: Hall) -> None:
    """A thousand requests in ten seconds."""
    for _ in range(1000):
        assert hall.backend.anonymous.request("POST", BATCH, json_body=None).status == 422
    answer = batch(hall.backend.anonymous, ONE)

    assert (answer.status, body(answer)) == (429, {"message": "You have exceeded your rate limit"})
