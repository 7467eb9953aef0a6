"""Random transactions under random rules: what is told is what an oracle saw at each commit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.contract.conftest import MakeEngine
from tests.contract.judged import MEMBER, Told, chat, opened, transaction

from jotbase.engines.base import Engine
from jotbase.values import Change, Row

pytestmark = pytest.mark.anyio

USERS = ("ana", "ben")
TABLES = ("rooms", "members", "messages")
OWNER = "row.room.owner == user.email"
NESTED = (
    "any(m.user == user.email for r in rooms if r.id == row.room and r.owner != 'ana'"
    " for m in members if m.room == r.id)"
)


@dataclass(frozen=True)
class State:
    """All rows at one commit."""

    rooms: tuple[Row, ...] = ()
    members: tuple[Row, ...] = ()
    messages: tuple[Row, ...] = ()

    def joined(self, user: str, room: int) -> bool:
        """Return whether the user is a member of the room."""
        return {"room": room, "user": user} in self.members

    def owner(self, room: int) -> Any:
        """Return who owns the room, None without one."""
        return next((one["owner"] for one in self.rooms if one["id"] == room), None)


Sees = Callable[[State, str, Row], bool]
#: Each rule as its text, and as what it means.
RULES: dict[str, Sees] = {
    MEMBER: lambda state, user, row: state.joined(user, row["room"]),
    f"not {MEMBER}": lambda state, user, row: not state.joined(user, row["room"]),
    OWNER: lambda state, user, row: state.owner(row["room"]) == user,
    f"{OWNER} or {MEMBER}": lambda state, user, row: (
        state.owner(row["room"]) == user or state.joined(user, row["room"])
    ),
    f"{OWNER} and not {MEMBER}": lambda state, user, row: (
        state.owner(row["room"]) == user and not state.joined(user, row["room"])
    ),
    NESTED: lambda state, user, row: (
        state.joined(user, row["room"]) and state.owner(row["room"]) not in (None, "ana")
    ),
}


def statement(dice: random.Random) -> str:
    """Return any write; most that would refuse do nothing."""
    room, message, user = dice.randint(1, 2), dice.randint(1, 3), dice.choice(USERS)
    return dice.choice(
        [
            f"INSERT INTO rooms (id, owner) VALUES ({room}, '{user}') ON CONFLICT DO NOTHING",
            f"UPDATE rooms SET owner = '{user}' WHERE id = {room}",
            f"DELETE FROM rooms WHERE id = {room} AND owner = '{user}'",
            *[
                f"INSERT INTO members (room, \"user\") SELECT id, '{user}' FROM rooms"
                f" WHERE id = {room} ON CONFLICT DO NOTHING",
                f"DELETE FROM members WHERE room = {room} AND \"user\" = '{user}'",
                f"INSERT INTO messages (id, room, text) SELECT {message}, id, 'a' FROM rooms"
                f" WHERE id = {room} ON CONFLICT DO NOTHING",
                f"UPDATE messages SET text = text || 'b' WHERE id = {message}",
            ]
            * 2,
            f"DELETE FROM messages WHERE id = {message}",
        ]
    )


async def state_of(engine: Engine) -> State:
    """Return all rows."""
    columns = {"rooms": ("id", "owner"), "members": ("room", "user"), "messages": ("id", "room")}
    found = {}
    for name in TABLES:
        listed = ", ".join(f'"{column}"' for column in columns[name])
        rows = await engine.read(f"SELECT {listed} FROM {name}", ())
        found[name] = tuple(dict(zip(columns[name], row, strict=True)) for row in rows)
    return State(**found)


def due(
    changes: list[Change], before: State, after: State, user: str, sees: Sees
) -> tuple[list[str], set[str]]:
    """Return what a transaction's changes of messages are told as, and what it hides besides."""
    told = []
    for one in changes:
        if one.new is not None and sees(after, user, one.new):
            told.append(f"{one.kind} {one.new['id']}")
        elif one.old is not None and sees(before, user, one.old):
            told.append(f"DELETE {one.old['id']}")
    touched = {row["id"] for one in changes for row in (one.old, one.new) if row is not None}
    stayed = [row for row in before.messages if row["id"] not in touched]
    return told, {
        f"DELETE {row['id']}"
        for row in stayed
        if sees(before, user, row) and not sees(after, user, row)
    }


def without(heard: list[str], expected: list[str]) -> Iterator[str]:
    """Yield what was heard besides the expected, which came in its order."""
    left = list(expected)
    for one in heard:
        if left and one == left[0]:
            left.pop(0)
        else:
            yield one
    assert left == []


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_told_is_what_was_seen_at_each_commit(
    make_engine: MakeEngine, seed: int
) -> None:
    """However late it is told: all transactions lie behind the first of it."""
    dice = random.Random(seed)
    rule, sees = list(RULES.items())[seed % len(RULES)]
    served = chat(rule)
    engine = await opened(make_engine, served)
    states, ends = [State()], [0]
    for _ in range(40):
        await engine.write(transaction(*(statement(dice) for _ in range(dice.randint(1, 3)))))
        states.append(await state_of(engine))
        ends.append((await engine.last_change())[1])
    log = await engine.changes(0)
    told = Told(engine, served, *USERS)
    for number, end in enumerate(ends[1:]):
        changes = [one for one in log if ends[number] < one.number <= end]
        messages = [one for one in changes if one.table == "messages"]
        for heard in told.events.values():
            heard.clear()
        heards = await told.tell_only(changes)
        for user in USERS:
            events, hidden = due(messages, states[number], states[number + 1], user, sees)
            others = set(without(sorted(heards[user]), sorted(events)))
            assert others <= hidden, (seed, number, user)
            assert hidden <= set(heards[user]), (seed, number, user)
