"""What one socket, one address and all of them may ask of realtime, and what they are told then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.live_world import ANA, RULES, SECRET_KEY, World, a_world, note

from jotbase.expression.expr import FALSE
from jotbase.http.live.channels import owners
from jotbase.http.live.channels import quotas as shares

BINDING = {"event": "*", "schema": "public", "table": "open"}


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def refused(reply: dict[str, Any]) -> str:
    assert reply["payload"]["status"] == "error"
    reason: str = reply["payload"]["response"]["reason"]
    return reason


def filtered(size: int) -> dict[str, Any]:
    """Return a binding whose filter takes that many bytes."""
    text = "id=eq.1" + ",id=eq.1" * (size // 8)
    return BINDING | {"filter": text[: size - 2]}


def test_the_bindings_of_a_socket_have_an_end(world: World) -> None:
    """Five hundred, however they are spread over channels; a table of all counts as all."""
    socket = world.connect()
    for number in range(5):
        socket.say(f"realtime:{number}", "phx_join", config([BINDING] * 100))
        assert socket.hear()["payload"]["status"] == "ok"
        assert socket.hear()["event"] == "system"
    more = socket.join([BINDING], topic="realtime:more")
    assert refused(more) == "ChannelRateLimitReached: Too many postgres_changes bindings"

    socket.say("realtime:0", "phx_leave", {})
    assert socket.hear_events(2) == ["phx_reply", "phx_close"]
    wide = socket.join([{"event": "*", "schema": "public"}] * 51, topic="realtime:wide")
    assert refused(wide) == "ChannelRateLimitReached: Too many postgres_changes bindings"
    assert socket.join([BINDING], topic="realtime:more")["payload"]["status"] == "ok"


def config(bindings: list[Any]) -> dict[str, Any]:
    return {"config": {"postgres_changes": bindings}}


@pytest.mark.parametrize(
    "bindings",
    [
        [filtered(4000)] * 5,
        [BINDING | {"select": ["id"] * 4000}],
        [BINDING | {"event": "x" * 20_000}],
    ],
)
def test_the_filters_of_a_socket_have_an_end(world: World, bindings: list[Any]) -> None:
    """They are judged at each change; what else is long is kept as they are."""
    reply = world.connect().join(bindings)

    assert refused(reply) == "ChannelRateLimitReached: Too many bytes of postgres_changes filters"


def test_what_means_nothing_is_not_kept(world: World) -> None:
    """Other keys of a binding cost nothing, and are not said again."""
    reply = world.connect().join([BINDING | {"other": "x" * 100_000}])

    (echo,) = reply["payload"]["response"]["postgres_changes"]
    assert set(echo) == {"id", "event", "schema", "table"}


def test_one_address_has_its_share_of_all(world: World) -> None:
    """The rest is left to others; what a socket took comes back with its end."""
    world.live.shares.bytes.most_of_one = 10_000
    first, second = world.connect(), world.connect()
    assert first.join([filtered(4000)] * 2)["payload"]["status"] == "ok"
    reply = second.join([filtered(4000)])
    assert refused(reply) == "ConnectionRateLimitReached: Too many channels on the server"

    first.leave()
    assert second.join([filtered(4000)])["payload"]["status"] == "ok"
    assert world.live.shares.channels.taken == 1


@pytest.mark.parametrize("topic", ["realtime:" + "x" * 247, "realtime:" + "é" * 124])
def test_a_long_topic_is_refused(world: World, topic: str) -> None:
    """Binary frames could not name it: 255 bytes are the most."""
    socket = world.connect()
    assert refused(socket.join(topic=topic)) == "TopicNameTooLong: A topic has at most 255 bytes"
    assert socket.join(topic=topic[:100])["payload"]["status"] == "ok"


@pytest.mark.parametrize("event", ["phx_join", "phx_leave", "broadcast"])
def test_a_topic_of_megabytes_is_not_even_said_again(world: World, event: str) -> None:
    """Such a message is none."""
    socket = world.connect()
    socket.say("realtime:" + "x" * 4_900_000, event, {})

    assert socket.silent()


def test_a_reference_of_megabytes_is_none(world: World) -> None:
    """It would be kept with the channel, and said again in all its messages."""
    socket = world.connect()
    socket.say("realtime:r", "phx_join", {}, "x" * 1_000_000)

    assert socket.hear()["ref"] is None


def test_joining_again_and_again_is_refused(world: World) -> None:
    """A socket's joins have a rate; a client that returns joins all at once."""
    socket = world.connect()
    for _ in range(shares.MOST_JOINS // 2):
        for event in ("phx_join", "phx_leave"):
            socket.say("realtime:r", event, {})
        assert socket.hear()["payload"]["status"] == "ok"
        assert socket.hear_events(2) == ["phx_reply", "phx_close"]
    for number in range(shares.MOST_JOINS // 2):
        assert socket.join(topic=f"realtime:{number % 90}")["event"] in ("phx_reply", "phx_close")
        if number >= 90:
            assert socket.hear()["event"] == "phx_reply"

    reply = socket.join(topic="realtime:more")
    assert refused(reply) == "ClientJoinRateLimitReached: Too many joins per second"
    world.pass_time(owners.WINDOW)
    assert socket.join(topic="realtime:more")["payload"]["status"] == "ok"


def test_nothing_is_kept_for_whom_the_rule_never_shows_a_row(world: World) -> None:
    """The join is as any other, since a token may follow; until then no filter is even read."""
    wrong = {"event": "*", "schema": "public", "table": "notes", "filter": "nothing=eq.1"}
    socket = world.connect()
    assert socket.join([wrong])["payload"]["status"] == "ok"
    assert socket.hear()["payload"]["status"] == "ok"
    assert not world.feed.groups

    socket.say("realtime:r", "access_token", {"access_token": world.token(ANA)})
    assert "invalid column" in socket.hear()["payload"]["message"]


def test_a_table_without_a_rule_is_followed_by_the_service_role_alone(world: World) -> None:
    """Whoever else joins costs nothing."""
    world.live.configure(world.live.model, {**RULES, "open": FALSE})
    world.connect().follow("open")
    assert not world.feed.groups

    service = world.connect(key=SECRET_KEY)
    service.follow("open")
    world.commit("open", None, note(1))
    assert service.hear_data()["record"]["id"] == 1


def test_one_change_leaves_turns_to_others(world: World) -> None:
    """However many filters it has to be held against; then everybody is told it once."""
    sockets = [world.connect() for _ in range(30)]
    for number, socket in enumerate(sockets):
        text = f"id=neq.-{number}" + ",id=neq.0" * 400
        for part in range(4):
            binding = BINDING | {"filter": f"{text},id=neq.-1{part}"}
            socket.say(f"realtime:{part}", "phx_join", config([binding]))
            assert socket.hear_events(2) == ["phx_reply", "system"]

    turns = world.turns_until(lambda: world.feed.cursor == 1, "open", note(1))
    assert turns > 3
    for socket in sockets:
        assert socket.hear_events(4) == ["postgres_changes"] * 4
        assert socket.silent()


def test_new_tokens_have_the_rate_of_joins(world: World) -> None:
    """All bindings are followed anew for each: beyond the rate the channel ends, and says why."""
    socket = world.connect()
    assert socket.join()["payload"]["status"] == "ok"
    for number in range(shares.MOST_JOINS):
        token = world.token(ANA, lasts=600 + number)
        socket.say("realtime:r", "access_token", {"access_token": token}, None)

    assert socket.hear()["payload"]["message"] == ("Too many joins per second")
    assert socket.hear()["event"] == "phx_close"


def test_sockets_of_one_subscriber_have_one_share(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subscriber of IPv6 has 2^64 addresses."""
    monkeypatch.setattr(world.live.shares.channels, "most_of_one", 1)
    first = world.connect(client="2001:db8::1")
    assert first.join()["payload"]["status"] == "ok"

    reply = world.connect(client="2001:db8::2").join()
    assert refused(reply).startswith("ConnectionRateLimitReached")
    assert world.connect(client="2001:db8:0:1::1").join()["payload"]["status"] == "ok"


def test_sockets_behind_a_proxy_have_the_share_of_their_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proxy's own word counts, and what a client wrote before it does not."""
    with a_world(proxies=1) as world:
        monkeypatch.setattr(world.live.shares.channels, "most_of_one", 1)
        first = world.connect(client="10.0.0.1 for 192.0.2.7")
        assert first.join()["payload"]["status"] == "ok"

        forged = world.connect(client="10.0.0.1 for 203.0.113.9, 192.0.2.7").join()
        assert refused(forged).startswith("ConnectionRateLimitReached")
        other = world.connect(client="10.0.0.1 for 192.0.2.8").join()
        assert other["payload"]["status"] == "ok"
