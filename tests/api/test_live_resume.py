"""No event is lost in silence: resuming from a cursor, slow readers, faults on the way."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.api.live_world import ANA, BEN, COLUMNS, MODEL, RULES, SECRET_KEY, World, a_world, note

from jotbase import feed
from jotbase.errors import JotError
from jotbase.expression.expr import Apply, Exists, Expr, Fact, Field
from jotbase.http.live.sending import frames, replay
from jotbase.schema.model.tables import Table, Type
from jotbase.sql.units import Rows

BINDING = {"event": "*", "schema": "public", "table": "open"}
MEMBERS = Table("members", COLUMNS, ("id",))


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


def cursors(world: World, since: int, count: int) -> list[int]:
    """Return the numbers of the changes that a client which resumes is told, in their order."""
    socket = world.connect()
    socket.join([BINDING], cursor=since)
    assert socket.hear()["event"] == "system"
    told = [socket.hear()["payload"]["cursor"] for _ in range(count)]
    assert socket.silent()
    return told


def test_a_client_that_comes_back_gets_what_it_missed(world: World) -> None:
    """All changes after its cursor, once each, in order."""
    for number in range(1, 251):
        world.commit("open", None, note(number))

    assert cursors(world, 3, 247) == list(range(4, 251))


def test_a_client_that_missed_nothing_gets_nothing(world: World) -> None:
    """The cursor of the newest change is no gap."""
    world.commit("open", None, note(1))

    assert cursors(world, 1, 0) == []


def test_what_is_committed_during_the_replay_comes_behind_it(world: World) -> None:
    """Live changes wait until the missed ones are told, and none is told twice."""
    for number in range(1, 151):
        world.commit("open", None, note(number))
    changes = world.engine.changes

    async def more_meanwhile(after: int, limit: int = 1000) -> list[Any]:
        found = await changes(after, limit)
        if limit == 100 and world.engine.newest < 155:
            world.engine.commit("open", None, note(world.engine.newest + 1))
        return found

    world.engine.changes = more_meanwhile  # type: ignore[method-assign]
    socket = world.connect()
    socket.join([BINDING], cursor=0)
    socket.hear()

    assert [socket.hear()["payload"]["cursor"] for _ in range(155)] == list(range(1, 156))
    assert socket.silent()


def test_replays_have_one_turn_of_the_loop_together(world: World) -> None:
    """However many channels resume at once, others get the loop after each turn of one of them."""
    for number in range(1, 11):
        world.commit("open", None, note(number))
    changes = world.engine.changes
    seen: list[str] = []

    async def noted(after: int, limit: int = 1000) -> list[Any]:
        if limit == 100:
            seen.append("replay")
            asyncio.get_running_loop().call_soon(seen.append, "others")
        return await changes(after, limit)

    world.engine.changes = noted  # type: ignore[method-assign]
    sockets = [world.connect() for _ in range(8)]
    config = {"postgres_changes": [BINDING], "cursor": 0}
    for socket in sockets:
        socket.say("realtime:r", "phx_join", {"config": config})
    for socket in sockets:
        assert socket.hear_events(12)[2:] == ["postgres_changes"] * 10

    assert len(seen) >= 16, "a turn that has taken long ends early, and another follows"
    assert seen == ["replay", "others"] * (len(seen) // 2)


def test_rules_hold_for_what_was_missed(world: World) -> None:
    """The replay tells what the token allows, no more."""
    for owner in (ANA, BEN, ANA):
        world.commit("notes", None, note(1, owner))
    socket = world.connect()
    socket.follow("notes", token=world.token(ANA), cursor=0)

    assert [socket.hear()["payload"]["cursor"] for _ in range(2)] == [1, 3]
    assert socket.silent()


@pytest.mark.parametrize("since", [1, 99])
def test_a_cursor_that_the_log_does_not_reach_means_resync(world: World, since: int) -> None:
    """Pruned too far, or of another database: the client is told to read its rows again."""
    for number in range(1, 6):
        world.commit("open", None, note(number))
    del world.engine.log[:3]
    socket = world.connect()
    socket.follow("open", cursor=since)
    told = socket.hear()["payload"]
    world.commit("open", None, note(6))

    assert (told["extension"], told["status"], told["gap"]) == ("jotbase", "ok", True)
    assert told["message"].startswith("resync: ")
    assert told["message"].endswith(" 5")
    assert told["cursor"] == 5
    assert socket.hear()["payload"]["cursor"] == 6


def test_a_reader_that_is_slow_is_told_from_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for one connection is bounded, nothing lost; others are told at once."""
    monkeypatch.setattr(frames, "MOST_WAITING", 1000)
    slow, quick = world.connect(), world.connect()
    slow.follow("open")
    quick.follow("open")

    slow._send_gate.clear()
    told = []
    for number in range(1, 11):
        world.commit("open", None, note(number))
        told.append(quick.hear()["payload"]["cursor"])
    slow._send_gate.set()
    heard = [slow.hear()["payload"]["cursor"] for _ in range(10)]

    assert told == heard == list(range(1, 11))
    assert slow.silent()


def test_a_reader_that_takes_nothing_is_sent_away_with_its_own_cursor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The close says what this socket was sent, not where the feed is."""
    monkeypatch.setattr(frames, "MOST_WAITING", 1000)
    monkeypatch.setattr(replay, "PATIENCE", 0.001)
    gone, let_go = asyncio.Event(), frames.SendSink.let_go

    def told(sink: frames.SendSink) -> None:
        let_go(sink)
        gone.set()

    monkeypatch.setattr(frames.SendSink, "let_go", told)
    slow = world.connect()
    slow.follow("open")
    slow._send_gate.clear()
    for number in range(1, 11):
        world.commit("open", None, note(number))
    world.runner.run(asyncio.wait_for(gone.wait(), 20))
    slow._send_gate.set()
    heard = []
    while (message := slow.hear_raw())["type"] == "websocket.send":
        heard.append(orjson.loads(message["text"])[4]["cursor"])

    assert len(heard) < 10
    assert heard == list(range(1, len(heard) + 1))
    assert message == {"type": "websocket.close", "code": 1013, "reason": f"cursor={heard[-1]}"}
    assert cursors(world, heard[-1], 10 - len(heard)) == list(range(heard[-1] + 1, 11))


def test_a_burst_that_outruns_the_retention_means_resync(world: World) -> None:
    """What was pruned before it was told is said to be missed, and the rest is told."""
    socket = world.connect()
    socket.follow("open")

    async def burst() -> None:
        for number in range(1, 21):
            world.engine.commit("open", None, note(number))
        del world.engine.log[:15]

    world.runner.run(burst())
    told = socket.hear()["payload"]

    assert (told["message"][:7], told["cursor"]) == ("resync:", 15)
    assert [socket.hear()["payload"]["cursor"] for _ in range(5)] == [16, 17, 18, 19, 20]


def test_a_log_that_was_emptied_means_resync(world: World) -> None:
    """All that was not told is missed; what comes later is told."""
    socket = world.connect()
    socket.follow("open")

    async def burst() -> None:
        world.engine.commit("open", None, note(1))
        world.engine.log.clear()

    world.runner.run(burst())
    told = socket.hear()["payload"]
    world.commit("open", None, note(2))

    assert (told["message"][:7], told["cursor"]) == ("resync:", 1)
    assert socket.hear()["payload"]["cursor"] == 2


@pytest.mark.parametrize(
    ("cursor", "told"),
    [
        ("000000000000003-a", ["000000000000004-b", "000000000000005-b"]),
        ("000000000000004-a", ["resync"]),
        ("000000000000004-lost", ["resync"]),
        (3, ["000000000000004-b", "000000000000005-b"]),
    ],
)
def test_a_cursor_of_another_history_means_resync(
    world: World, cursor: str | int, told: list[str]
) -> None:
    """A restored backup: its numbers have passed the cursor, and mean other changes."""
    world.engine.epochs = (("a", 0), ("b", 3))
    for number in range(1, 6):
        world.commit("open", None, note(number))
    socket = world.connect()
    socket.follow("open", cursor=cursor)
    heard = [socket.hear()["payload"] for _ in told]

    assert [one.get("message", one["cursor"]).partition(":")[0] for one in heard] == told
    assert socket.silent()


def test_a_change_that_cannot_be_told_means_resync_and_the_next_is_told(world: World) -> None:
    """A fault in one change does not stop the feed, and nobody is left believing to know all."""
    world.live.configure(MODEL, {**RULES, "notes": relational()})

    def fail(text: str, values: Sequence[Any]) -> Rows:
        raise RuntimeError("the database is gone")

    world.engine.answer = fail
    socket = world.connect()
    socket.follow("notes", token=world.token(ANA))
    socket.follow("open", topic="realtime:other")
    world.commit("notes", None, note(1))
    world.commit("open", None, note(2))
    told = socket.hear()["payload"]

    assert (told["message"][:7], told["cursor"]) == ("resync:", 1)
    assert socket.hear()["payload"]["cursor"] == 2


def test_an_outage_of_the_database_is_one_line_of_the_log_each_time(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at every second meanwhile; a traceback each time would bury all else."""
    monkeypatch.setattr(feed, "RETRY", 0.001)
    world.commit("open", None, note(1))
    socket = world.connect()
    socket.follow("open")
    timeline, looked = world.engine.timeline, iter([True, True, False])

    async def away() -> tuple[tuple[str, int], ...]:
        if next(looked, False):
            raise JotError("08006", "the connection to the database failed")
        return await timeline()

    world.engine.timeline = away  # type: ignore[method-assign]
    world.commit("open", None, note(2))

    assert socket.hear()["payload"]["cursor"] == 2
    lines = [one for one in caplog.records if "could not be followed" in one.message]
    assert [one.message for one in lines] == [
        "the change log could not be followed beyond 1: the connection to the database failed"
    ] * 2
    assert [one.exc_info for one in lines] == [None, None]


def test_a_replay_that_cannot_tell_a_change_says_so_once(world: World) -> None:
    """Who reads again has no use for what was before: it is live from there on."""
    world.live.configure(MODEL, {**RULES, "notes": relational()})

    def fail(text: str, values: Sequence[Any]) -> Rows:
        raise JotError("57014", "the statement took too long")

    world.engine.answer = fail
    for number in range(1, 11):
        world.commit("notes", None, note(number))
    socket = world.connect()
    socket.join([{**BINDING, "table": "*"}], token=world.token(ANA), cursor=0)
    assert socket.hear()["payload"]["message"] == "Subscribed to PostgreSQL"
    told = socket.hear()["payload"]
    world.commit("open", None, note(11))

    assert (told["message"][:7], told["cursor"]) == ("resync:", 10)
    assert socket.hear()["payload"]["cursor"] == 11


def relational() -> Expr:
    """Return a rule that looks into another table."""
    user = Fact(("id",), lambda value: value, Type.UUID)
    return Exists(MEMBERS, "m", Apply("eq", (Field("m", "owner", Type.UUID), user)))


def test_a_relational_rule_costs_one_query_for_all(world: World) -> None:
    """Two users and any number of sockets: the database is asked once a change."""
    world.live.configure(MODEL, {**RULES, "notes": relational()})
    asked: list[str] = []

    def answer(text: str, values: Sequence[Any]) -> Rows:
        asked.append(values[0])
        return [(0, 1)]

    world.engine.answer = answer
    sockets = [world.connect() for _ in range(3)]
    for socket, user in zip(sockets, (ANA, BEN, ANA), strict=True):
        socket.follow("notes", token=world.token(user))
    world.commit("notes", None, note(1))

    assert sockets[0].hear_data()["record"]["id"] == 1
    assert sockets[2].hear_data()["record"]["id"] == 1
    assert sockets[1].silent()
    assert asked == [f'[["{ANA}"],["{BEN}"]]']


def test_who_joins_while_the_database_is_asked_is_told_too(world: World) -> None:
    """A group that came after the question is asked about before anybody is told."""
    world.live.configure(MODEL, {**RULES, "notes": relational()})
    world.engine.answer = lambda text, values: [(0, 1)]
    first, second = world.connect(), world.connect()
    first.follow("notes", token=world.token(ANA))
    gate = asyncio.Event()
    world.engine.before_answer = gate.wait  # type: ignore[assignment]
    world.commit("notes", None, note(1))
    second.follow("notes", token=world.token(BEN))
    gate.set()

    assert first.hear_data()["record"]["id"] == 1
    assert second.hear_data()["record"]["id"] == 1


def test_a_server_that_stops_sends_its_clients_back(world: World) -> None:
    """Code 1012 makes clients reconnect, and the reason says where to resume."""
    socket = world.connect(key=SECRET_KEY)
    world.commit("open", None, note(1))
    socket.silent()
    world.runner.run(world.live.close())

    assert socket.hear_raw() == {"type": "websocket.close", "code": 1012, "reason": "cursor=1"}


def test_new_rules_count_for_open_channels(world: World) -> None:
    """A reload narrows what is told at once."""
    socket = world.connect()
    socket.follow("open")
    world.live.configure(MODEL, {})
    world.commit("open", None, note(1))

    assert socket.silent()


def test_a_reload_that_drops_a_subscription_says_so(world: World) -> None:
    """And where its changes are told again, that those in between were missed."""
    socket = world.connect(key=SECRET_KEY)
    socket.follow("*")
    table = replace(MODEL.tables["open"], realtime=False)
    world.live.configure(replace(MODEL, tables={**MODEL.tables, "open": table}), RULES)
    dropped = socket.hear()["payload"]
    world.live.configure(MODEL, RULES)
    again = socket.hear()["payload"]
    world.commit("open", None, note(1))

    assert (dropped["status"], dropped["extension"]) == ("error", "postgres_changes")
    assert dropped["message"] == "Changes are not told any more of: open"
    assert again["message"].startswith("resync: ")
    assert socket.hear()["payload"]["cursor"] == 1


def test_a_table_that_came_with_a_reload_is_followed(world: World) -> None:
    """A binding to every table follows those that the schemas have now."""
    socket = world.connect(key=SECRET_KEY)
    socket.follow("*")
    table = replace(MEMBERS, realtime=True)
    world.live.configure(replace(MODEL, tables={**MODEL.tables, "members": table}), RULES)
    world.commit("members", None, note(1))

    assert socket.hear_data()["table"] == "members"
