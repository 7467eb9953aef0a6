"""A cursor reaches every client by a way that it passes on, and comes back by any that it has."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.live_world import ANA, World, a_world, note

from jotbase.realtime.messages.protocol import Vsn

BINDING = {"event": "*", "schema": "public", "table": "open"}


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        made.engine.epochs = (("e1", 0),)
        for number in range(1, 6):
            made.commit("open", None, note(number))
        made.runner.run(made.feed.read_timeline())
        yield made


def resumed(world: World, vsn: Vsn, outer: dict[str, Any], **config: Any) -> list[Any]:
    """Return the ids that a client is told that joins with this payload, and its position."""
    socket = world.connect(vsn)
    bindings = config.pop("bindings", [BINDING])
    payload = {"config": {"postgres_changes": bindings, **config}, **outer}
    socket.say("realtime:r", "phx_join", payload)
    assert socket.hear()["payload"]["status"] == "ok"
    assert socket.hear()["payload"]["message"] == "Subscribed to PostgreSQL"
    ids: list[Any] = []
    while True:
        message = socket._hear_any()
        if message["event"] == "system":
            return [*ids, message["payload"]["message"]]
        ids.append(message["payload"]["data"]["record"]["id"])


@pytest.mark.parametrize("vsn", ["1.0.0", "2.0.0"])
def test_a_join_is_told_where_it_begins(world: World, vsn: Vsn) -> None:
    """In the reply, and in a `system` message whose four texts alone say it."""
    socket = world.connect(vsn)
    reply = socket.join([BINDING])
    socket.hear()
    said = socket._hear_any()["payload"]

    assert reply["payload"]["response"]["resume"] == "000000000000005-e1"
    assert said == {
        "extension": "jotbase",
        "status": "ok",
        "message": "000000000000005-e1",
        "channel": "r",
        "cursor": "000000000000005-e1",
        "gap": False,
    }


@pytest.mark.parametrize("vsn", ["1.0.0", "2.0.0"])
@pytest.mark.parametrize("place", ["payload", "broadcast", "binding", "config"])
def test_a_cursor_is_taken_from_wherever_a_client_can_put_it(
    world: World, vsn: Vsn, place: str
) -> None:
    """`updateJoinPayload`, the broadcast's options, a binding: each is a way back."""
    cursor, told = "000000000000003-e1", [4, 5, "000000000000005-e1"]
    at: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "payload": ({"resume": cursor}, {}),
        "broadcast": ({}, {"broadcast": {"resume": cursor}}),
        "binding": ({}, {"bindings": [{**BINDING, "resume": cursor}]}),
        "config": ({}, {"cursor": cursor}),
    }

    assert resumed(world, vsn, at[place][0], **at[place][1]) == told


def test_the_newest_of_several_cursors_counts(world: World) -> None:
    """A place that the application no longer writes does not hold the others back."""
    given = {"broadcast": {"resume": "000000000000004-e1"}, "cursor": None}

    assert resumed(world, "2.0.0", {"resume": 2}, **given) == [5, "000000000000005-e1"]


def test_the_time_of_a_change_is_a_cursor(world: World) -> None:
    """`commit_timestamp` is all that supabase-py gives to the application; it names the epoch."""
    socket = world.connect()
    socket.join([BINDING], cursor="000000000000002-e1")
    socket.hear()
    times = [socket.hear_data()["commit_timestamp"] for _ in range(3)]
    world.engine.epochs = (("e2", 0),)

    assert times == sorted(times)
    assert resumed(world, "2.0.0", {"resume": times[0]})[0].startswith("resync: ")
    world.engine.epochs = (("e1", 0),)
    assert resumed(world, "1.0.0", {"resume": times[0]})[:2] == [4, 5]


@pytest.mark.parametrize("wrong", ["", "x", "-1", "12-", True, [], {"a": 1}, 1.5, -1, "9" * 40])
def test_what_is_no_cursor_means_resync(world: World, wrong: Any) -> None:
    """Beside a good one too: what the client meant to go on from is not known."""
    said = resumed(world, "2.0.0", {"resume": wrong}, cursor="000000000000005-e1")

    assert said == [
        "resync: changes were missed that can no longer be told; read the rows again, from"
        " 000000000000005-e1"
    ]


def test_a_client_that_comes_back_without_a_cursor_is_told(world: World) -> None:
    """The server remembers where the channel was left; `missed_after` is a cursor to join with."""
    first = world.connect()
    first.follow("open")
    first.leave()
    world.commit("open", None, note(6))
    again = world.connect()
    again.follow("open")
    said = again.hear()["payload"]

    assert said["message"] == (
        "missed: changes after 000000000000005-e1 may have been missed; read the rows again, from"
        " 000000000000006-e1"
    )
    assert (said["missed_after"], said["gap"]) == ("000000000000005-e1", True)
    assert resumed(world, "2.0.0", {"resume": said["missed_after"]})[0] == 6


@pytest.mark.parametrize("other", ["nothing missed", "another topic", "another user"])
def test_who_missed_nothing_is_not_told_so(world: World, other: str) -> None:
    """Without a change meanwhile, under another topic or another user there is no notice."""
    first = world.connect()
    first.follow("open", topic="realtime:r")
    first.leave()
    if other != "nothing missed":
        world.commit("open", None, note(6))
    again = world.connect()
    token = world.token(ANA) if other == "another user" else None
    topic = "realtime:s" if other == "another topic" else "realtime:r"
    again.follow("open", topic=topic, token=token)

    assert again.silent()
