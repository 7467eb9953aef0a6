"""Private topics on a real database: who may read, write and be present, on each engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.api.data_world import OPEN, Schema, Serve, table
from tests.api.live_world import Socket

from jotbase.testing import TestBackend
from jotbase.testing.client import Client

TOPIC = "realtime:room:7"
MEMBERS: Schema = table(
    {
        "room": {"type": "integer"},
        "user": {"type": "string", "format": "uuid"},
        "speaks": {"type": "boolean"},
    },
    required=["room", "user", "speaks"],
) | {"access": OPEN}
IN = "any(m.room == topic.id and m.user == user.id for m in members)"
SPEAKS = "any(m.room == topic.id and m.user == user.id and m.speaks for m in members)"
CHANNELS = {
    "topics": {
        "room:{id}": {
            "parts": {"id": {"type": "integer"}},
            "access": {"read": IN, "write": SPEAKS, "writePresence": SPEAKS},
        },
        "own:{who}": {"access": {"read": "topic.who == user.id", "write": "True"}},
        "lobby": {"access": {"readPresence": "True"}},
    }
}
HELLO = {"type": "broadcast", "event": "hello", "payload": {"n": 1}}


class Member(Socket):
    """A socket of a backend that runs on a loop of its own."""

    token: str | None = None

    def say_raw(self, message: str | bytes) -> None:
        async def say() -> None:
            Socket.say_raw(self, message)

        self._runner.run(say())

    def enter(self, topic: str = TOPIC, *, presence: bool = False, ack: bool = True) -> str:
        """Join a private topic; return "ok" or the reason of the refusal."""
        config = {"presence": {"key": "k", "enabled": presence}, "broadcast": {"ack": ack}}
        reply = self.join(topic=topic, private=True, token=self.token, **config)["payload"]
        return str(reply["response"].get("reason", reply["status"]))

    def answer(self, event: str, payload: Any, topic: str = TOPIC) -> Any:
        """Send a message, and return the payload of its reply."""
        self.say(topic, event, payload)
        reply = self.hear()
        assert reply["event"] == "phx_reply", reply
        return reply["payload"]


@dataclass
class Hall:
    """A project with rooms, and the sockets that were opened to it."""

    serve: Serve
    backend: TestBackend
    sockets: list[Member] = field(default_factory=list)

    def of(self, caller: Client) -> Member:
        """Return a socket of a caller."""
        live: Any = self.backend._backend.live
        runner: Any = self.serve.threads
        made = Member(runner, live, f"apikey={caller.key}&vsn=2.0.0", "2.0.0")
        made.token = None if caller is self.backend.service else caller.token
        self.sockets.append(made)
        return made

    def user(self, name: str, *, speaks: bool | None) -> Client:
        """Return a new user, who is in room 7 unless `speaks` is None."""
        user = self.backend.user(f"{name}@example.com")
        if speaks is not None:
            row = {"room": 7, "user": user.id, "speaks": speaks}
            assert self.backend.service.post("/members", row).status == 201
        return user

    def connect(self, name: str, *, speaks: bool | None) -> Member:
        """Return a socket of a new user."""
        return self.of(self.user(name, speaks=speaks))


@pytest.fixture
def hall(serve: Serve) -> Iterator[Hall]:
    made = Hall(serve, serve({"members": MEMBERS}, {"channels.json": json.dumps(CHANNELS)}))
    yield made
    for socket in made.sockets:
        socket.leave()


def test_members_hear_and_who_may_speak_does(hall: Hall) -> None:
    """A rule over another table decides, with the topic's part; strangers do not come in."""
    ana = hall.connect("ana", speaks=True)
    ben = hall.connect("ben", speaks=False)
    eve = hall.connect("eve", speaks=None)

    denied = "Unauthorized: You do not have permissions to read from this Channel topic: room:7"
    assert (ana.enter(), ben.enter(), eve.enter()) == ("ok", "ok", denied)
    assert ana.answer("broadcast", HELLO) == {"status": "ok", "response": {}}
    assert ben.hear()["payload"] == HELLO
    refused = {"status": "error", "response": {"error": "unauthorized"}}
    assert ben.answer("broadcast", HELLO) == refused
    assert ana.silent()


def test_only_who_may_is_present(hall: Hall) -> None:
    """`readPresence` is `read` where the file does not say it; `writePresence` is never implied."""
    ana = hall.connect("ana", speaks=True)
    ben = hall.connect("ben", speaks=False)
    assert (ana.enter(presence=True), ben.enter(presence=True)) == ("ok", "ok")
    assert (ana.hear()["payload"], ben.hear()["payload"]) == ({}, {})
    track = {"event": "track", "payload": {"at": 1}}

    assert ben.answer("presence", track) == {"status": "error", "response": {}}
    assert ana.answer("presence", track) == {"status": "ok", "response": {}}
    assert ben.hear()["event"] == "presence_diff"


@pytest.mark.parametrize(
    "topic", ["room:8", "room:x", "room:7:8", "room:", "other", "own:ana", "ROOM:7"]
)
def test_what_no_rule_allows_is_forbidden(hall: Hall, topic: str) -> None:
    """Another room, another form of topic, a part of another type."""
    ana = hall.connect("ana", speaks=True)

    reason = "Unauthorized: You do not have permissions to read from this Channel topic: "
    assert ana.enter(f"realtime:{topic}") == reason + topic


def test_presence_alone_may_be_read(hall: Hall) -> None:
    """Who may read presence joins, and hears no broadcast."""
    ana = hall.connect("ana", speaks=None)
    topic = "realtime:lobby"
    assert ana.enter(topic, presence=True) == "ok"
    assert ana.hear()["event"] == "presence_state"
    service = hall.of(hall.backend.service)
    assert service.enter(topic) == "ok"

    assert service.answer("broadcast", HELLO, topic)["status"] == "ok"
    assert ana.silent()
    track = {"event": "track", "payload": {}}
    assert service.answer("presence", track, topic)["status"] == "ok"
    assert ana.hear()["event"] == "presence_diff"


def test_a_new_token_narrows_and_widens(hall: Hall) -> None:
    """A right to write is asked for again; a right to read that is lost ends the channel."""
    ana, eve = hall.user("ana", speaks=False), hall.user("eve", speaks=True)
    socket = hall.of(ana)
    assert socket.enter() == "ok"
    assert socket.answer("broadcast", HELLO)["status"] == "error"
    socket.say(TOPIC, "access_token", {"access_token": eve.token})
    assert socket.answer("broadcast", HELLO)["status"] == "ok"
    socket.say(TOPIC, "access_token", {"access_token": hall.user("ben", speaks=None).token})

    lost = "You do not have permissions to read from this Channel topic: room:7"
    assert socket.hear()["payload"]["message"] == lost
    assert socket.hear()["event"] == "phx_close"
