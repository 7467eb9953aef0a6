"""Rules of private topics: found by topic, and their faults."""

from __future__ import annotations

import pytest

from jotbase.errors import ProjectError
from jotbase.expression.expr import Context
from jotbase.expression.judge import Env
from jotbase.realtime.rooms.topic_rules import Right, load_topics
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.schema.model.topics import SCOPE, TopicPattern
from jotbase.values import Principal

MEMBERS = Table("members", (Column("room", Type.INTEGER, {}, nullable=False),))
MODEL = Model({"members": MEMBERS})


def pattern(text: str = "room:{id}", kind: Type = Type.INTEGER, **access: str) -> TopicPattern:
    """Return a pattern with one part `id`."""
    return TopicPattern(text, {"id": kind}, access)


def test_the_first_pattern_that_matches_counts() -> None:
    """A later one allows nothing that the first forbids; an absent right is forbidden."""
    policy = load_topics(
        [pattern(read="True"), pattern(kind=Type.TEXT, read="False", write="True")], MODEL
    )

    found = [policy.rule("room:7", right) for right in Right]
    assert [one and one[0].text for one in found] == ["True", None, "True", None]
    other = policy.rule("room:x", Right.WRITE)
    assert other is not None
    assert other[1] == {"id": "x", "name": "room:x"}
    assert policy.rule("other", Right.READ) is None


def test_a_local_rule_sees_the_parts_and_the_caller() -> None:
    """It is judged in memory; one over a table is asked of the database."""
    policy = load_topics(
        [
            pattern(
                kind=Type.TEXT,
                read="topic.id == user.id",
                write="any(m.room == 1 for m in members)",
            )
        ],
        MODEL,
    )
    rule = policy.rule("room:ana", Right.READ)
    assert rule is not None
    assert rule[0].local is not None
    verdicts = [
        rule[0].local(Env({SCOPE: rule[1]}, Context(Principal("authenticated", who))))
        for who in ("ana", "ben", None)
    ]

    assert verdicts == [True, False, None]
    assert [one["judged"] for one in policy.described()] == ["local", "relational"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("row.id == 1", "column 1: a topic has no row: say topic"),
        ("topic.room == 1", "column 1: topic has no column 'room' (table room:{id})"),
        ("topic.id", "column 1: a rule must say yes or no, and this gives"),
    ],
)
def test_a_fault_has_its_place(text: str, reason: str) -> None:
    """The JSON pointer of the rule, and the column in its text."""
    with pytest.raises(ProjectError) as raised:
        load_topics([pattern(read=text)], MODEL)

    (fault,) = raised.value.faults
    assert (fault.file, fault.pointer) == ("channels.json", "/topics/room:{id}/access/read")
    assert fault.reason.startswith(reason)
