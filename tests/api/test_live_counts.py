"""What became of changes: counted by subscriber, as told or by what withheld them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.api.live_world import ANA, BEN, MODEL, OWN, RULES, World, a_world, note

from jotbase.expression.expr import Not
from jotbase.http.live.channels import quotas


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def counted(world: World) -> dict[str, int]:
    """Return what was counted, without what was not."""
    counts = world.feed.delivery.counts
    listed = {"told": counts.deliveries, **counts.withheld}
    return {name: number for name, number in listed.items() if number}


def test_a_change_is_told_or_withheld_by_filter_or_index(world: World) -> None:
    """Each subscriber of the table counts once; those of other tables do not."""
    for text in (None, None, "title=like.x*", "id=eq.5"):
        world.connect().follow("open", **({} if text is None else {"filter": text}))
    world.connect().follow("own", token=world.token(ANA))
    last = world.connect()
    last.follow("open")
    world.commit("open", None, note(1))

    assert last.hear_data()["record"]["id"] == 1
    assert counted(world) == {"told": 3, "filter": 1, "index": 1}


def test_a_rule_that_requires_a_value_withholds_without_being_judged(world: World) -> None:
    """`row.owner == user.id` is such a rule."""
    ana, ben = world.connect(), world.connect()
    ana.follow("notes", token=world.token(ANA))
    ben.follow("notes", token=world.token(BEN))
    world.commit("notes", None, note(1, ANA))

    assert ana.hear_data()["record"]["id"] == 1
    assert counted(world) == {"told": 1, "index": 1}
    ben.leave()
    world.commit("notes", None, note(2, ANA))
    assert ana.hear_data()["record"]["id"] == 2
    assert counted(world) == {"told": 2, "index": 1}


def test_a_rule_that_is_judged_counts_as_one(world: World) -> None:
    """`row.owner != user.id` requires no value: each caller is judged."""
    world.live.configure(MODEL, {**RULES, "notes": Not(OWN)})
    ana, ben = world.connect(), world.connect()
    ana.follow("notes", token=world.token(ANA))
    ben.follow("notes", token=world.token(BEN))
    world.commit("notes", None, note(1, ANA))

    assert ben.hear_data()["record"]["id"] == 1
    assert ana.silent()
    assert counted(world) == {"told": 1, "rule": 1}


def test_what_is_told_from_the_log_counts_when_it_is(world: World) -> None:
    """What comes live meanwhile is withheld for the lag, and told behind the rest."""
    world.commit("open", None, note(1))
    late = world.connect()
    late.follow("open", cursor="0")
    world.commit("open", None, note(2))

    assert [late.hear_data()["record"]["id"] for _ in range(2)] == [1, 2]
    assert world.feed.delivery.counts.deliveries == 2


def test_broadcasts_beyond_a_limit_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are too large, and those that are too many."""
    monkeypatch.setattr(quotas, "MOST_MESSAGES", 1)
    speaker = world.connect()
    speaker.join(broadcast={"ack": True})
    payload = {"type": "broadcast", "event": "e", "payload": {"a": "x" * 3_000_000}}
    speaker.say("realtime:r", "broadcast", payload)
    assert speaker.hear()["payload"]["status"] == "error"
    speaker.say("realtime:r", "broadcast", payload)
    assert speaker.hear()["payload"]["message"] == "Too many messages per second"

    assert counted(world) == {"limit": 2}


def test_the_lag_is_the_age_of_what_is_not_told(world: World) -> None:
    """It begins with the commit, and ends when all is told."""
    follower = world.connect()
    follower.follow("open")
    assert world.feed.bell.lag() == 0

    async def committed() -> float:
        world.engine.commit("open", None, note(1))
        world.now += 7
        return world.feed.bell.lag()

    assert world.runner.run(committed()) == 7
    assert follower.hear_data()["record"]["id"] == 1
    assert follower.silent()
    assert world.feed.bell.lag() == 0
