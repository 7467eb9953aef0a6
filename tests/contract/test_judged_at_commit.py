"""Rules over other tables are asked as of the change's commit, whatever changed since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.contract.conftest import MakeEngine
from tests.contract.judged import MEMBER, MEMBERS, Told, chat, opened, transaction
from tests.unit.schema.projects import TEXT, table_file

from jotbase.errors import JotError
from jotbase.project.migration import migrate
from jotbase.schema.ddl import past_tables
from jotbase.sql.units import Rows

pytestmark = pytest.mark.anyio

ROOM = "INSERT INTO rooms (id, owner) VALUES (1, 'olga')"
JOIN = "INSERT INTO members (room, \"user\") VALUES (1, 'ana')"
KICK = "DELETE FROM members WHERE \"user\" = 'ana'"
SAY = "INSERT INTO messages (id, room, text) VALUES (1, 1, 'hello')"
SAY_AGAIN = "INSERT INTO messages (id, room, text) VALUES (2, 1, 'secret')"
EDIT = "UPDATE messages SET text = 'changed' WHERE id = 1"
#: Each transaction of a story, and what Ana hears of messages 1 and 2.
STORIES = {
    "a kick after a message": (
        [[ROOM, JOIN], [SAY], [KICK], [SAY_AGAIN]],
        ["INSERT 1", "DELETE 1"],
    ),
    "membership behind the message": ([[ROOM], [SAY, JOIN]], ["INSERT 1"]),
    "kicked by the message's transaction": ([[ROOM, JOIN], [SAY, KICK]], []),
    "a message before the membership": ([[ROOM], [SAY], [JOIN], [SAY_AGAIN]], ["INSERT 2"]),
    "kicked and back": ([[ROOM, JOIN], [KICK], [SAY], [JOIN], [SAY_AGAIN]], ["INSERT 2"]),
    "an edit with the kick": ([[ROOM, JOIN], [SAY], [KICK, EDIT]], ["INSERT 1", "DELETE 1"]),
    "the room goes with all": (
        [[ROOM, JOIN], [SAY], ["DELETE FROM rooms"]],
        ["INSERT 1", "DELETE 1"],
    ),
    "another's membership becomes hers": (
        [[ROOM, JOIN.replace("ana", "ben")], ["UPDATE members SET \"user\" = 'ana'"], [SAY]],
        ["INSERT 1"],
    ),
}


@pytest.mark.parametrize("story", STORIES)
async def test_rows_are_told_to_who_saw_them_at_the_commit(
    make_engine: MakeEngine, story: str
) -> None:
    """All of it has been committed when the first event is told."""
    transactions, heard = STORIES[story]
    served = chat()
    engine = await opened(make_engine, served)
    for texts in transactions:
        await engine.write(transaction(*texts))
    told = Told(engine, served, "ana")

    assert (await told.tell())["ana"] == heard


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ("row.room.owner == user.email", ["INSERT 1", "DELETE 1"]),
        (f"{MEMBER} and row.room.owner == 'olga'", []),
        (f"not {MEMBER}", ["INSERT 1", "DELETE 1"]),
        (
            "any(m.user == user.email for r in rooms if r.id == row.room"
            " for m in members if m.room == r.id)",
            [],
        ),
    ],
)
async def test_references_and_several_tables_are_of_that_time_too(
    make_engine: MakeEngine, rule: str, heard: list[str]
) -> None:
    """Olga owns the room until she hands it over, and it is deleted with all that it has."""
    served = chat(rule)
    engine = await opened(make_engine, served)
    handed = "UPDATE rooms SET owner = 'ben'"
    for texts in ([ROOM, JOIN], [SAY], ["DELETE FROM messages"], [handed], ["DELETE FROM rooms"]):
        await engine.write(transaction(*texts))

    assert (await Told(engine, served, "olga").tell())["olga"] == heard


async def test_a_table_that_is_looked_into_stays_logged_when_it_is_made_anew(
    make_engine: MakeEngine,
) -> None:
    """Members that change after their table was rebuilt count as any others."""
    served = chat()
    engine = await opened(make_engine, served)
    await engine.write(transaction(ROOM, JOIN))
    stricter = table_file(
        {**MEMBERS["properties"], "user": {**TEXT, "maxLength": 9}},
        primaryKey=["room", "user"],
    )
    changed = chat(members=stricter)
    await migrate(engine, changed)
    for text in (SAY, KICK, SAY_AGAIN):
        await engine.write(transaction(text))

    assert (await Told(engine, changed, "ana").tell())["ana"] == ["INSERT 1", "DELETE 1"]


HIDING = {
    "a kick": (MEMBER, [KICK]),
    "a membership that moves": (
        MEMBER,
        [KICK.replace("DELETE FROM members", "UPDATE members SET \"user\" = 'cleo'")],
    ),
    "a room in other hands": ("row.room.owner == user.email", ["UPDATE rooms SET owner = 'cleo'"]),
    "a block": (
        f"not {MEMBER.replace('user == user.email', 'user == user.id')}",
        ["INSERT INTO members (room, \"user\") VALUES (1, 'id of ana')"],
    ),
    "a member of a room of hers": (
        "any(m.user == user.email for r in rooms if r.id == row.room"
        " for m in members if m.room == r.id)",
        [KICK],
    ),
}


@pytest.mark.parametrize("what", HIDING)
async def test_who_loses_sight_of_rows_is_told(make_engine: MakeEngine, what: str) -> None:
    """Rows that are as they were, and that another table's change hides, are told as removed."""
    rule, texts = HIDING[what]
    served = chat(rule)
    engine = await opened(make_engine, served)
    other = "INSERT INTO members (room, \"user\") VALUES (1, 'ben')"
    for one in ([ROOM.replace("olga", "ana"), JOIN, other], [SAY], [SAY_AGAIN], texts):
        await engine.write(transaction(*one))
    told = await Told(engine, served, "ana", "ben").tell()

    assert told["ana"][:2] == ["INSERT 1", "INSERT 2"]
    assert sorted(told["ana"][2:]) == ["DELETE 1", "DELETE 2"]
    assert not [one for one in told["ben"] if "DELETE" in one]


async def test_rows_of_the_same_transaction_have_their_own_events(make_engine: MakeEngine) -> None:
    """What a kick's transaction changed or deleted as well is told once."""
    served = chat()
    engine = await opened(make_engine, served)
    gone = "DELETE FROM messages WHERE id = 2"
    for texts in ([ROOM, JOIN], [SAY, SAY_AGAIN], [EDIT, KICK, gone]):
        await engine.write(transaction(*texts))

    told = (await Told(engine, served, "ana").tell())["ana"]
    assert told == ["INSERT 1", "INSERT 2", "DELETE 1", "DELETE 2"]


async def test_of_many_hidden_rows_the_binding_is_told(make_engine: MakeEngine) -> None:
    """More than a hundred are no events: the client reads again what it follows."""
    served = chat()
    engine = await opened(make_engine, served)
    many = [SAY.replace("(1, 1", f"({number}, 1") for number in range(1, 102)]
    for texts in ([ROOM, JOIN], many, [KICK]):
        await engine.write(transaction(*texts))

    assert (await Told(engine, served, "ana").tell(after=102)) == {"ana": ["lost 103 1"]}


async def test_what_the_log_has_of_half_a_transaction_hides_nothing(
    make_engine: MakeEngine,
) -> None:
    """Ana was a member within one transaction alone, whose first change has been pruned: she is
    told to read again, and no row that she never saw.
    """
    served = chat()
    engine = await opened(make_engine, served)
    for texts in ([ROOM], [SAY], [JOIN, KICK]):
        await engine.write(transaction(*texts))
    *_, kick = await engine.changes(0)
    await engine.prune(1)

    assert (await Told(engine, served, "ana").tell_only([kick]))["ana"] == ["lost 3 0"]


async def test_who_cannot_be_asked_about_is_told_to_read_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails at the question what a kick hides."""
    served = chat()
    engine = await opened(make_engine, served)
    for texts in ([ROOM, JOIN], [SAY], [KICK]):
        await engine.write(transaction(*texts))

    async def fail(_text: str, _values: object) -> Rows:
        raise JotError("57014", "the statement took too long")

    monkeypatch.setattr(engine, "read_internal", fail)
    *_, kick = await engine.changes(0)

    assert (await Told(engine, served, "ana").tell_only([kick]))["ana"] == ["lost 3 0"]


@pytest.mark.parametrize("of", ["the message", "the kick"])
async def test_more_changes_than_may_be_undone_mean_reading_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    """Of the tables that are asked of the past; edits of messages hide and show no message."""
    monkeypatch.setattr(past_tables, "MOST_UNDONE", 3)
    served = chat()
    engine = await opened(make_engine, served)
    others = [JOIN.replace("ana", name) for name in ("ben", "cleo", "dora")]
    edits = [EDIT.replace("changed", text) for text in "abcd"]
    for texts in ([ROOM, JOIN], [SAY], [KICK], edits if of == "the message" else []):
        await engine.write(transaction(*texts))
    change = (await engine.changes(0))[1 if of == "the message" else 2]
    told = ["INSERT 1"] if of == "the message" else ["DELETE 1"]
    assert (await Told(engine, served, "ana").tell_only([change]))["ana"] == told

    await engine.write(transaction(*others))
    assert await engine.changes(change.number)  # PostgreSQL has given them their numbers
    heard = (await Told(engine, served, "ana").tell_only([change]))["ana"]
    assert heard == [f"lost {change.number} 0"]


async def test_events_name_their_transaction(make_engine: MakeEngine) -> None:
    """By the cursor of its last change, which says that it is the last."""
    served = chat("True")
    engine = await opened(make_engine, served)
    for texts in ([ROOM], [SAY, SAY_AGAIN], [EDIT]):
        await engine.write(transaction(*texts))
    told = Told(engine, served, "ana")
    await told.tell()
    payloads = [event["payload"] for event in told.events["ana"]]

    assert [(one["cursor"], one["transaction"], one.get("last")) for one in payloads] == [
        (1, 2, None),
        (2, 2, True),
        (3, 3, True),
    ]


async def test_memberships_that_come_are_not_asked_about(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `any()` finds can but reveal rows: a transaction of many costs one question a message,
    where each membership would have all others undone.
    """
    served = chat()
    engine = await opened(make_engine, served)
    rooms = [f"INSERT INTO rooms (id, owner) VALUES ({n}, 'olga')" for n in range(20)]
    joins = [f"INSERT INTO members (room, \"user\") VALUES ({n}, 'ana')" for n in range(20)]
    words = [f"INSERT INTO messages (id, room, text) VALUES ({n}, {n}, 'x')" for n in range(20)]
    await engine.write(transaction(*rooms, *joins, *words))
    told, asked = Told(engine, served, "ana"), 0
    read = engine.read_internal

    async def counted(text: str, values: Sequence[Any]) -> Rows:
        nonlocal asked
        asked += 1
        return await read(text, values)

    monkeypatch.setattr(engine, "read_internal", counted)
    changes = await engine.changes(0)
    asked = 0

    assert (await told.tell_only(changes))["ana"] == [f"INSERT {n}" for n in range(20)]
    assert asked == 20
