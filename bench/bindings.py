"""The bindings part: what one change costs where thousands follow rows of their own.

Knows the room `realtime` alone, in one thread: who is found, judged and told of a change, by an
index of equal values and by judging everybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from jotbase.access.language.rules import parse_rule
from jotbase.realtime.matching.groups import Group, Groups, Subscriber
from jotbase.realtime.matching.matches import ChangeEvaluation
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.matching.subscriptions import subscriptions
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.values import Change, Principal

TABLE = Table(
    "rows",
    (
        Column("id", Type.INTEGER, {}, nullable=False),
        Column("owner", Type.UUID, {}, nullable=False),
    ),
    ("id",),
    realtime=True,
)
MODEL = Model({"rows": TABLE})
ROUNDS = 50
COUNTS = (1000, 5000)


def crowd(count: int, rule: str, text: str) -> Groups:
    """Return subscribers, each a user of its own with a filter of its own."""
    groups = Groups({"rows": select_rule(parse_rule(rule, TABLE, "select", MODEL))})
    for number in range(count):
        binding = {"event": "*", "schema": "public", "table": "rows", "filter": text % number}
        listed = subscriptions({key: one for key, one in binding.items() if one}, MODEL)
        user = Principal("authenticated", owner(number))
        groups.add(Subscriber(f"r{number}", "2.0.0", user, listed, write, lost))
    return groups


def owner(number: int) -> str:
    """Return the id of a user."""
    return f"{number:08}-0000-4000-8000-000000000000"


def write(frame: bytes) -> None:
    """Take a frame."""


def lost(number: int) -> None:
    """Take note of nothing."""


def seconds(groups: Groups, asked: Callable[[Change], Iterable[Group]]) -> float:
    """Return the median of how long a change takes."""
    taken = []
    for number in range(ROUNDS):
        row = {"id": number, "owner": owner(number)}
        change = Change(number, "rows", "UPDATE", row, row, "2026-08-21T10:11:12+00:00")
        began = time.perf_counter()
        judgement = ChangeEvaluation(change, groups.rule("rows"), "", {}, number)
        told = sum(len(judgement.frames(group)) for group in asked(change))
        taken.append(time.perf_counter() - began)
        if told != 1:
            raise AssertionError(f"{told} frames, not 1")
    return sorted(taken)[ROUNDS // 2]


def measure(*, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds a change, judging everybody and by the index, by what each follows and how many."""
    costs: dict[str, dict[str, float]] = {}
    for rule, text in (("True", "id=eq.%d"), ("row.owner == user.id", "%.0s")):
        for count in COUNTS:
            groups = crowd(count, rule, text)
            plain = seconds(groups, lambda change, groups=groups: groups.on(change.table))
            found = seconds(groups, groups.affected)
            name = f"{count:,} of {text.replace('%d', 'n') if rule == 'True' else rule}"
            costs[name] = {"everybody": plain, "index": found}
            say(f"{name}: {plain * 1e6:.0f} us, by the index {found * 1e6:.0f} us")
    return {"costs": costs}
