"""What a change of another table may hide: conditions that its row puts on rows and callers."""

from __future__ import annotations

import pytest
from tests.unit.schema.projects import NUMBER, TEXT, model, table_file

from jotbase.access.language.rules import parse_rule
from jotbase.expression.expr import And, Apply, Exists, Expr, Field, Literal, all_of, children
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.relational.hidden_rows import (
    TOLD_ROWS,
    conditions,
    hidden_query,
    hidden_rows,
)
from jotbase.realtime.relational.queries import PRUNED, Pruned
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.values import Change, Row

MODEL = model(
    rooms=table_file({"id": NUMBER, "owner": TEXT}, primaryKey=["id"]),
    members=table_file({"room": NUMBER, "user": TEXT}, primaryKey=["room", "user"]),
    messages=table_file(
        {"id": NUMBER, "room": {**NUMBER, "references": "rooms.id"}},
        primaryKey=["id"],
        realtime=True,
    ),
)
MESSAGES = MODEL.tables["messages"]
MEMBER: Row = {"room": 7, "user": "ana"}


def rule(text: str) -> Expr:
    """Return the select rule of messages."""
    return parse_rule(text, MESSAGES, "select", MODEL)


def test_the_changed_row_stands_for_the_table_that_it_is_of() -> None:
    """A message of that room, for a caller of that name; no other is asked about."""
    text = "any(m.user == user.email and m.room == row.room for m in members)"
    (found,) = conditions(rule(text), "members", MEMBER)

    assert isinstance(found, And)
    assert [Literal(7, Type.INTEGER) in children(part) for part in found.parts] == [False, True]
    assert Literal("ana", Type.TEXT) in children(found.parts[0])


def test_a_followed_reference_concerns_the_rows_that_refer_to_it() -> None:
    """Whatever it says then."""
    found = list(conditions(rule("row.room.owner == user.email"), "rooms", {"id": 7}))

    room = Field("row", "room", Type.INTEGER)
    assert found == [Apply("eq", (room, Literal(7, Type.INTEGER)))]


def test_a_look_around_another_stays_around_it() -> None:
    """A room of the message is looked for, and the member put in its place."""
    text = (
        "any(m.user == user.email for r in rooms if r.id == row.room"
        " for m in members if m.room == r.id)"
    )
    (found,) = conditions(rule(text), "members", MEMBER)

    assert isinstance(found, Exists)
    assert found.table.name == "rooms"
    assert found != all_of()


def test_rules_that_look_elsewhere_are_not_concerned() -> None:
    """No condition: nobody is asked about."""
    assert list(conditions(rule("row.id == 1"), "members", MEMBER)) == []


def test_more_rows_than_are_told_stand_for_all() -> None:
    """An empty list: each must read again."""
    facts = [b'["ana"]', b'["ben"]']
    few = hidden_rows(facts, [(0, '{"id":1,"room":7}')], MESSAGES)

    assert few == {facts[0]: [{"id": 1, "room": 7}]}
    assert hidden_rows(facts, [(0, "{}")] * (TOLD_ROWS + 1), MESSAGES) == {
        facts[0]: [],
        facts[1]: [],
    }


def test_a_log_that_lacks_the_change_hides_nothing() -> None:
    """Rows beside the mark are of a past that is not whole."""
    with pytest.raises(Pruned):
        hidden_rows([b'["ana"]'], [(PRUNED, ""), (0, '{"id":1,"room":7}')], MESSAGES)


def test_the_question_is_one_statement_on_each_database() -> None:
    """It reads both pasts, and one row more than are told."""
    made = select_rule(rule("any(m.room == row.room for m in members)"), MESSAGES, MODEL)
    change = Change(4, "members", "DELETE", MEMBER, None, "")

    for dialect in (SQLITE, POSTGRES):
        text = hidden_query(change, MESSAGES, made, [b"[]"], dialect).text
        assert text.startswith("WITH ")
        assert text.endswith(f" LIMIT {TOLD_ROWS + 1}")
        assert '"~messages after 4"' in text
        assert '"~members after 3"' in text
