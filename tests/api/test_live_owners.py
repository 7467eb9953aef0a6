"""What one address, and one user, may ask of realtime on all its sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.api.live_world import ANA, BEN, Socket, World, a_world

from jotbase.http.live.channels.owners import OF_ADDRESS, OF_USER, WINDOW, Owners
from jotbase.http.live.channels.quotas import quotas_within

HELLO = {"type": "broadcast", "event": "hello", "payload": {}}


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def limit(world: World, kind: str, **most: int) -> None:
    """Set the limits of addresses or of users."""
    owners: Owners = getattr(world.live.shares, kind)
    owners.limits = replace(owners.limits, **most)


def told(world: World, socket: Socket, user: str | None = None) -> str:
    """Join, as a user if one is named; return "ok" or the refusal."""
    config: dict[str, Any] = {} if user is None else {"token": world.token(user)}
    payload = socket.join(**config)["payload"]
    return str(payload["response"].get("reason", payload["status"]))


def connect(world: World, client: str = "192.0.2.1") -> Socket:
    return world.connect(client=client)


@pytest.mark.parametrize(
    ("kind", "limits", "reason"),
    [
        ("users", {"sockets": 1}, "ConnectionRateLimitReached: Too many connected users"),
        ("users", {"joins": 1}, "ClientJoinRateLimitReached: Too many joins per second"),
        ("users", {"channels": 1}, "ChannelRateLimitReached: Too many channels"),
        ("addresses", {"joins": 1}, "ClientJoinRateLimitReached: Too many joins per second"),
    ],
)
def test_sockets_joins_and_channels_of_one_owner_have_an_end(
    world: World, kind: str, limits: dict[str, int], reason: str
) -> None:
    """Whoever has the rest is let in; the refused socket stays."""
    limit(world, kind, **limits)
    client = "192.0.2.1" if kind == "addresses" else "192.0.2.2"
    first, second, other = connect(world), connect(world, client), connect(world, "192.0.2.3")

    assert told(world, first, ANA) == "ok"
    assert told(world, second, ANA) == reason
    assert told(world, other, BEN) == "ok"
    assert second.silent()


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"sockets": 1}, "Too many connected users"),
        ({"joins": 1}, "Too many joins per second"),
    ],
)
def test_the_handshake_of_an_address_beyond_its_limits_is_refused(
    world: World, limits: dict[str, int], text: str
) -> None:
    """With 429 and a body that says why; a socket that has gone makes room for one."""
    limit(world, "addresses", **limits)
    first = connect(world)
    assert told(world, first) == "ok"
    refused = connect(world)
    body = refused.hear_raw()

    assert refused.first["status"] == 429
    assert orjson.loads(body["body"]) == {"error": text}
    assert connect(world, "192.0.2.2").first["type"] == "websocket.accept"
    first.leave()
    world.pass_time(WINDOW)
    assert connect(world).first["type"] == "websocket.accept"


@pytest.mark.parametrize("kind", ["users", "addresses"])
def test_messages_of_one_owner_have_a_rate(world: World, kind: str) -> None:
    """The channel that exceeds it is closed, and says why; others speak on."""
    limit(world, kind, messages=1)
    client = "192.0.2.1" if kind == "addresses" else "192.0.2.2"
    first, second, other = connect(world), connect(world, client), connect(world, "192.0.2.3")
    assert [told(world, first, ANA), told(world, second, ANA), told(world, other, BEN)] == [
        "ok"
    ] * 3
    first.say("realtime:r", "broadcast", HELLO)
    assert [second.hear()["event"], other.hear()["event"]] == ["broadcast"] * 2

    second.say("realtime:r", "broadcast", HELLO)
    assert second.hear()["payload"]["message"] == "Too many messages per second"
    assert second.hear()["event"] == "phx_close"
    other.say("realtime:r", "broadcast", HELLO)
    assert first.hear()["event"] == "broadcast"


def test_counts_stay_when_the_last_socket_has_gone(world: World) -> None:
    """A rate that began anew with each socket would be none."""
    limit(world, "users", joins=1)
    first = connect(world)
    assert told(world, first, ANA) == "ok"
    first.leave()

    again = connect(world)
    assert told(world, again, ANA) == "ClientJoinRateLimitReached: Too many joins per second"
    world.pass_time(WINDOW)
    assert told(world, again, ANA) == "ok"


def test_what_a_socket_took_comes_back_with_its_end(world: World) -> None:
    """Its place, and its channels, of its user and its address."""
    limit(world, "users", sockets=1, channels=1)
    limit(world, "addresses", sockets=1)
    for _ in range(3):
        socket = connect(world)
        assert told(world, socket, ANA) == "ok"
        socket.leave()


def test_a_new_token_passes_a_channel_on(world: World) -> None:
    """It is counted as the new user's; where that one has too many, the channel ends."""
    limit(world, "users", channels=1)
    first, second = connect(world), connect(world)
    assert [told(world, first, ANA), told(world, second, BEN)] == ["ok", "ok"]
    second.say("realtime:r", "access_token", {"access_token": world.token(ANA)})
    assert second.hear()["payload"]["message"] == "Too many channels"
    assert second.hear()["event"] == "phx_close"

    first.say("realtime:r", "access_token", {"access_token": world.token(BEN)})
    assert first.silent()
    assert told(world, second, ANA) == "ok"


def test_the_service_role_has_no_limits_of_a_user() -> None:
    """It belongs to nobody; its address has limits still."""
    with a_world() as world:
        limit(world, "users", sockets=0, joins=0, channels=0)
        assert told(world, connect(world)) == "ok"


def test_an_address_leaves_connections_for_requests() -> None:
    """Sockets take fifteen of sixteen."""
    shares = quotas_within(8192, 7)

    assert shares.addresses.limits == OF_ADDRESS
    assert shares.users.limits == replace(OF_USER, sockets=7)
    assert quotas_within(1, 1).addresses.limits.sockets == 1
