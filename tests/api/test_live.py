"""Realtime as its clients meet it: joining, leaving, following changes, over the ASGI endpoint."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.live_world import ANA, ANON_KEY, BEN, SECRET_KEY, World, a_world, note

from jotbase.realtime.messages.protocol import VERSIONS, Vsn

BINDING = {"event": "*", "schema": "public", "table": "open"}


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.mark.parametrize(
    ("key", "vsn", "status", "text"),
    [
        ("", "2.0.0", 401, b'{"error":"API key is missing"}'),
        ("sb_publishable_no", "2.0.0", 401, b'{"error":"Invalid API key"}'),
        (ANON_KEY, "3.0.0", 403, b'{"error":"The protocol version (vsn) is not supported"}'),
    ],
)
def test_a_handshake_is_refused_before_the_upgrade(
    world: World, key: str, vsn: Vsn, status: int, text: bytes
) -> None:
    """Without a key of ours, or with an unknown protocol version, there is no socket."""
    socket = world.connect(vsn, key)

    assert (socket.first["status"], socket.hear_raw()["body"]) == (status, text)


def test_a_heartbeat_is_answered_in_both_versions(world: World) -> None:
    """Version 1.0.0 answers with four keys, 2.0.0 with an array of five."""
    old, new = world.connect("1.0.0"), world.connect("2.0.0")
    old.say("phoenix", "heartbeat", {}, None)
    new.say("phoenix", "heartbeat", {}, "7")

    ok = {"status": "ok", "response": {}}
    assert old.hear() == {"topic": "phoenix", "event": "phx_reply", "ref": None, "payload": ok}
    assert new.hear()["ref"] == "7"


def test_a_join_echoes_its_bindings_with_ids(world: World) -> None:
    """The reply lists the bindings in the order and with the keys in which they were sent."""
    socket = world.connect()
    reply = socket.join([BINDING, {"event": "INSERT", "table": "open"}])
    listed = reply["payload"]["response"]["postgres_changes"]

    assert [{k: v for k, v in one.items() if k != "id"} for one in listed] == [
        BINDING,
        {"event": "INSERT", "table": "open"},
    ]
    assert all(type(one["id"]) is int and one["id"] > 0 for one in listed)
    assert socket.hear()["payload"] == {
        "extension": "postgres_changes",
        "status": "ok",
        "message": "Subscribed to PostgreSQL",
        "channel": "r",
    }


@pytest.mark.parametrize("vsn", VERSIONS)
def test_an_insert_reaches_who_follows(world: World, vsn: Vsn) -> None:
    """The payload is that of the protocol, with the change's number as cursor."""
    socket = world.connect(vsn)
    ids = socket.join([BINDING])["payload"]["response"]["postgres_changes"][0]["id"]
    socket.hear()
    world.commit("open", None, note(1))
    message = socket.hear()

    assert (message["event"], message["ref"], message["topic"]) == (
        "postgres_changes",
        None,
        "realtime:r",
    )
    assert message["payload"]["ids"] == [ids]
    assert message["payload"]["cursor"] == 1
    assert message["payload"]["data"] == {
        "schema": "public",
        "table": "open",
        "type": "INSERT",
        "commit_timestamp": "2026-08-21T10:11:12.345000000000000001000000000+00:00",
        "columns": [
            {"name": "id", "type": "int8"},
            {"name": "title", "type": "text"},
            {"name": "owner", "type": "uuid"},
        ],
        "record": {"id": 1, "title": "t", "owner": ANA},
        "errors": None,
    }


def test_nothing_is_missed_from_the_reply_on(world: World) -> None:
    """A change that is committed as soon as the join's reply is there is told."""
    socket = world.connect()
    socket.join([BINDING])
    world.commit("open", None, note(1))

    assert socket.hear_events(2) == ["system", "postgres_changes"]


def test_changes_come_in_their_order(world: World) -> None:
    """A hundred commits arrive as they were numbered."""
    socket = world.connect()
    socket.follow("open")
    for number in range(1, 101):
        world.commit("open", None, note(number))

    assert [socket.hear()["payload"]["cursor"] for _ in range(100)] == list(range(1, 101))


def test_a_rule_holds_back_what_is_not_the_callers(world: World) -> None:
    """Of two users, each is told of its own rows; the service role of all, anonymous of none."""
    ana, ben, service, anon = (world.connect() for _ in range(4))
    ana.follow("notes", token=world.token(ANA))
    ben.follow("notes", token=world.token(BEN))
    anon.follow("notes")
    service = world.connect(key=SECRET_KEY)
    service.follow("notes")
    world.commit("notes", None, note(1, ANA))
    world.commit("notes", None, note(2, BEN))

    assert ana.hear_data()["record"]["id"] == 1
    assert ben.hear_data()["record"]["id"] == 2
    assert [service.hear_data()["record"]["id"] for _ in range(2)] == [1, 2]
    assert ana.silent()
    assert ben.silent()
    assert anon.silent()


def test_a_row_that_changes_hands_leaves_one_view_and_enters_another(world: World) -> None:
    """Who no longer sees a row is told of a DELETE, who sees it now of an UPDATE with its key."""
    ana, ben = world.connect(), world.connect()
    ana.follow("notes", token=world.token(ANA))
    ben.follow("notes", token=world.token(BEN))
    world.commit("notes", note(1, ANA), note(1, BEN))
    left, entered = ana.hear_data(), ben.hear_data()

    assert (left["type"], left["old_record"]) == ("DELETE", {"id": 1, "title": "t", "owner": ANA})
    assert "record" not in left
    assert (entered["type"], entered["record"]["owner"]) == ("UPDATE", BEN)
    assert entered["old_record"] == {"id": 1}


@pytest.mark.parametrize("vsn", ["1.0.0", "2.0.0"])
@pytest.mark.parametrize("where", [{"left": True}, {"config": {"broadcast": {"left": "true"}}}])
def test_a_row_that_has_left_is_marked_for_official_clients(
    world: World, vsn: Vsn, where: dict[str, Any]
) -> None:
    """They drop `left`, and pass `errors` on: `left` there for who asks for it, nothing else."""
    plain, asking = world.connect(vsn=vsn), world.connect(vsn=vsn)
    binding = {"event": "*", "table": "open", "filter": "title=eq.t"}
    asked: dict[str, Any]
    for socket, asked in ((plain, {}), (asking, where)):
        config = {"postgres_changes": [binding], **asked.get("config", {})}
        socket.say("realtime:r", "phx_join", {**asked, "config": config})
        assert socket.hear_events(2) == ["phx_reply", "system"]
    world.commit("open", note(1, title="t"), note(1, title="u"))
    world.commit("open", note(2, title="t"), None)

    for socket, mark in ((plain, None), (asking, "left")):
        left, gone = socket.hear_data(), socket.hear_data()
        assert (left["type"], left["left"], left["errors"]) == ("DELETE", True, mark)
        assert (gone["type"], "left" in gone, gone["errors"]) == ("DELETE", False, None)


def test_a_delete_is_judged_on_the_old_row(world: World) -> None:
    """Only who could see the row learns that it is gone."""
    ana, ben = world.connect(), world.connect()
    ana.follow("notes", token=world.token(ANA))
    ben.follow("notes", token=world.token(BEN))
    world.commit("notes", note(1, ANA), None)

    assert ana.hear_data()["old_record"] == {"id": 1, "title": "t", "owner": ANA}
    assert ben.silent()


def test_a_filter_that_cannot_be_read_is_told_and_the_channel_stays(world: World) -> None:
    """The join succeeds, a system message says what is wrong, and nothing is followed."""
    socket = world.connect()
    socket.join([{**BINDING, "filter": "colour=eq.red"}])
    told = socket.hear()["payload"]
    world.commit("open", None, note(1))

    assert (told["status"], told["message"]) == ("error", "invalid column for filter colour")
    assert socket.silent()


def test_a_change_is_only_told_where_it_fits(world: World) -> None:
    """Filters and events choose; a channel that has left hears nothing."""
    some, inserts, gone = (world.connect() for _ in range(3))
    some.follow("open", filter="id=gt.1")
    inserts.follow("open", "INSERT")
    gone.follow("open")
    gone.say("realtime:r", "phx_leave", {})
    assert gone.hear_events(2) == ["phx_reply", "phx_close"]
    world.commit("open", note(1), note(1, title="new"))
    world.commit("open", None, note(2))

    assert some.hear_data()["record"]["id"] == 2
    assert inserts.hear_data()["record"]["id"] == 2
    assert gone.silent()


@pytest.mark.parametrize(
    ("topic", "event", "status", "response"),
    [
        ("realtime:r", "broadcast", "error", {"reason": "unmatched topic"}),
        ("realtime:r", "access_token", "error", {"reason": "unmatched topic"}),
        ("realtime:r", "phx_leave", "ok", {}),
        ("other:r", "phx_join", "error", {"reason": "unmatched topic"}),
        (
            "realtime:",
            "phx_join",
            "error",
            {"reason": "TopicNameRequired: You must provide a topic name"},
        ),
    ],
)
def test_a_topic_that_is_not_joined_says_so(
    world: World, topic: str, event: str, status: str, response: dict[str, str]
) -> None:
    """Leaving such a topic succeeds, everything else is refused."""
    socket = world.connect()
    socket.say(topic, event, {})

    assert socket.hear()["payload"] == {"status": status, "response": response}


def test_joining_again_closes_the_old_channel_first(world: World) -> None:
    """The old channel's close carries its join_ref, then the new join is answered."""
    socket = world.connect()
    socket.follow("open")
    socket.say_raw('["2","9","realtime:r","phx_join",{"config":{}}]')
    close, reply = socket.hear(), socket.hear()
    world.commit("open", None, note(1))

    assert (close["event"], close["ref"]) == ("phx_close", "1")
    assert (reply["ref"], reply["payload"]["status"]) == ("9", "ok")
    assert socket.silent()


def test_presence_state_comes_even_when_it_is_empty(world: World) -> None:
    """A client that enables presence waits for the state before it raises its sync."""
    socket = world.connect()
    socket.join(presence={"enabled": True})

    assert (socket.hear() | {"ref": None})["payload"] == {}


@pytest.mark.parametrize("noise", ["", "{", "[]", '["1"]', "null", b"\x03\xff", b""])
def test_noise_is_ignored(world: World, noise: str | bytes) -> None:
    """What is no message neither ends the socket nor gets an answer."""
    socket = world.connect()
    socket.say_raw(noise)

    assert socket.silent()


def test_one_channel_too_many_is_refused(world: World) -> None:
    """A socket holds a hundred channels."""
    socket = world.connect()
    for number in range(100):
        assert socket.join(topic=f"realtime:{number}")["payload"]["status"] == "ok"
    refused = socket.join(topic="realtime:more")

    assert refused["payload"]["response"] == {
        "reason": "ChannelRateLimitReached: Too many channels"
    }


def test_a_private_channel_is_for_the_service_role_alone(world: World) -> None:
    """Until private channels have rules of their own, nobody else may read them."""
    reason = "Unauthorized: You do not have permissions to read from this Channel topic: r"
    assert world.connect().join(private=True)["payload"]["response"] == {"reason": reason}
    assert world.connect(key=SECRET_KEY).join(private=True)["payload"]["status"] == "ok"


def test_one_binding_too_many_is_refused(world: World) -> None:
    """A channel follows a hundred things."""
    refused = world.connect().join([BINDING] * 101)

    assert refused["payload"]["response"] == {
        "reason": "ChannelRateLimitReached: Too many postgres_changes bindings"
    }


@pytest.mark.parametrize(
    ("topic", "event"), [("realtime:new", "phx_join"), ("realtime:r", "broadcast")]
)
def test_what_is_nested_too_deeply_is_ignored(world: World, topic: str, event: str) -> None:
    """It can be read but not written again; the socket and its channel live on."""
    socket = world.connect()
    socket.join(broadcast={"self": True})
    deep = f"{'[' * 400}{']' * 400}"
    config = f'{{"config":{{"postgres_changes":[{{"table":"open","filter":{deep}}}]}}}}'
    socket.say_raw(f'["1","2","{topic}","{event}",{config}]')

    assert socket.silent()
