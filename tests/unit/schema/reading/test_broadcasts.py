"""The columns of a table of broadcasts, and the faults of one that lacks some."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.reading.broadcasts import broadcast_faults

COLUMNS = (
    Column("id", Type.INTEGER, {}, nullable=False),
    Column("topic", Type.TEXT, {}, nullable=False),
    Column("event", Type.TEXT, {}, nullable=False),
    Column("payload", Type.JSON, {}, nullable=True),
    Column("inserted_at", Type.TIMESTAMP, {}, nullable=False),
)
WORDS = Table("words", COLUMNS, ("id",), broadcast=True)


def faults(table: Table) -> list[str]:
    return [f"{one.pointer}: {one.reason}" for one in broadcast_faults(table)]


def test_a_table_of_messages_needs_no_more() -> None:
    """`private` may be left out, and other columns may be there; other tables need none."""
    assert faults(WORDS) == []
    assert (
        faults(replace(WORDS, columns=(*COLUMNS, Column("x", Type.TEXT, {}, nullable=True)))) == []
    )
    assert faults(Table("t", (), ())) == []


@pytest.mark.parametrize("name", ["topic", "event", "payload", "inserted_at"])
def test_a_column_that_is_missing_or_another_is_a_fault(name: str) -> None:
    """It is named."""
    told = [f"/realtime: a table of broadcasts has a column {name}"]
    without = tuple(one for one in COLUMNS if one.name != name)

    assert faults(replace(WORDS, columns=without)) == told
    other = Column(name, Type.INTEGER, {}, nullable=False)
    assert faults(replace(WORDS, columns=(*without, other))) == told


def test_what_may_be_null_is_no_name() -> None:
    """A message without a topic could be told nowhere; two keys are no id."""
    wrong = Column("private", Type.BOOLEAN, {}, nullable=True)
    assert faults(replace(WORDS, columns=(*COLUMNS, wrong))) == [
        "/realtime: a table of broadcasts has a column private"
    ]
    assert faults(replace(WORDS, primary_key=("id", "topic"))) == [
        "/primaryKey: a message is told by its primary key, which is one column"
    ]
