"""What ends a stream of server-sent events from outside, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.live_world import ANA, ANON_KEY, BEN, World, a_world, note

from jotbase.errors import RequestError
from jotbase.http.live.streams import event_stream, stream_endpoint
from jotbase.testing.subscription import Subscription


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(stream_endpoint, "ALL_STREAMS", 3)
    monkeypatch.setattr(stream_endpoint, "STREAMS_OF_ONE", 2)
    with a_world() as made:
        yield made


def scope(world: World, user: str | None = None, *, lasts: float = 3600) -> dict[str, Any]:
    """Return the request for a stream of `open`, of a user or of one address without a user."""
    headers = [(b"apikey", ANON_KEY.encode())]
    if user is not None:
        headers.append((b"authorization", b"Bearer " + world.token(user, lasts=lasts).encode()))
    path = b"/rest/v1/open"
    made: dict[str, Any] = {"type": "http", "method": "GET", "path": path.decode()}
    return made | {
        "raw_path": path,
        "query_string": b"",
        "headers": headers,
        "client": ("10.0.0.1", 1),
    }


def following(world: World, user: str | None = None, *, lasts: float = 3600) -> Subscription:
    """Return the stream, which is live."""

    async def told_all() -> None:
        assert world.feed.behind() == 0

    asked = scope(world, user, lasts=lasts)
    return Subscription(world.live.streams, asked, world.runner.run, told_all)


def refusal(world: World, user: str | None = None) -> str:
    """Return the code with which another stream is refused."""

    async def never() -> Any:
        raise AssertionError("a stream that is refused neither hears nor sends")

    async def ask() -> None:
        await world.live.streams(scope(world, user), never, lambda _: never())

    with pytest.raises(RequestError) as refused:
        world.runner.run(ask())
    return refused.value.code


def test_a_stream_ends_with_its_token(world: World) -> None:
    """After the 30 seconds that clocks may differ by; one with a longer token goes on."""
    with following(world, ANA, lasts=60) as short, following(world, BEN, lasts=120) as long:
        world.pass_time(91)
        ended = short.next()
        world.commit("open", None, note(1))

        assert (ended.type, ended.message) == ("end", "Token has expired")
        assert long.next().type == "INSERT"


def test_a_timer_ends_a_stream_without_being_asked(world: World) -> None:
    """A token with no time left ends its stream as soon as the loop turns."""
    with following(world, ANA, lasts=-29.99) as told:
        world.now += 1
        ended = told.next()

    assert (ended.type, ended.message) == ("end", "Token has expired")


def test_a_stream_of_which_too_much_waits_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind what waits, whose last cursor is where its client comes back; later changes do not
    wait any more.
    """
    with following(world) as told:
        monkeypatch.setattr(event_stream, "MOST_UNSENT", 500)
        for number in range(1, 11):
            world.engine.commit("open", None, note(number))
        heard = [told.next()]
        while heard[-1].type != "end":
            heard.append(told.next())

    assert 1 <= len(heard) - 1 < 10
    assert [one.row and one.row["id"] for one in heard[:-1]] == list(range(1, len(heard)))
    assert heard[-1].message == "the stream was read too slowly"


def test_streams_are_counted_by_user_and_in_all(world: World) -> None:
    """Two of one user and three of all; one that has ended makes room."""
    with following(world, ANA), following(world, ANA):
        assert refusal(world, ANA) == "53300"
        with following(world, BEN):
            assert refusal(world) == "53300"
    with following(world, ANA) as told:
        world.commit("open", None, note(1))
        assert told.next().type == "INSERT"


def test_a_comment_shows_that_a_silent_stream_is_alive(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no event, and nothing of it stays unsent."""
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.001)
    with following(world) as told:
        (sink,) = world.live.streams.sinks.values()
        body = world.runner.run(told._sent.get())["body"]

        assert body == b":\n\n"
        assert sink.waiting() == 0
