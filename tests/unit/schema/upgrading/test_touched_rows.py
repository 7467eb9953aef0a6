"""Noting the rows that are written while the others are checked."""

from typing import Any

import pytest
from tests.unit.schema.ddl.test_epochs import said
from tests.unit.schema.projects import ID, NUMBER, TEXT, table

from jotbase.schema.model.tables import Table
from jotbase.schema.upgrading.comparison import compare
from jotbase.schema.upgrading.touched_rows import (
    can_be_checked_ahead,
    note_touched_rows,
    rows_can_be_checked_ahead,
    take_touched_rows,
)

T = table({"id": ID, "n": NUMBER})
STRICTER = table({"id": ID, "n": {**NUMBER, "minimum": 1}})
ROWS: dict[str, Any] = {"anyOf": [{"required": ["n"]}, {"required": ["a"]}]}


def test_inserts_and_updates_are_noted() -> None:
    """A deleted row has nothing left to check."""
    texts, _ = said(note_touched_rows("x", [T]), [])

    assert [text.split(" BEGIN")[0] for text in texts[-2:]] == [
        'CREATE TRIGGER "jotbase.touched.insert.t" AFTER INSERT ON "t"',
        'CREATE TRIGGER "jotbase.touched.update.t" AFTER UPDATE ON "t"',
    ]


@pytest.mark.parametrize(
    ("token", "taken"), [("x", {"token.x": [0], "t": [7, 9]}), ("other", None)]
)
def test_the_noted_rows_are_taken_once(token: str, taken: Any) -> None:
    """By the migration that had them noted; any other one takes the triggers away."""
    names = [("jotbase.touched.insert.t",), ("jotbase.touched",)]
    texts, found = said(take_touched_rows(token), names, [("token.x", 0), ("t", 7), ("t", 9)])

    assert found == taken
    assert texts[-2:] == [
        'DROP TRIGGER "jotbase.touched.insert.t"', 'DROP TABLE "jotbase.touched"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "columns", "rows"),
    [
        (T, STRICTER, True, False),
        (T, T, False, False),
        (T, table({"id": ID, "n": NUMBER}, dependentRequired={"n": ["id"]}), True, True),
        (T, table({"id": ID, "n": NUMBER, "a": TEXT}, **ROWS), False, False),
    ],
)
def test_rows_are_checked_ahead_where_they_stay_as_they_are(
    old: Table, new: Table, columns: bool, rows: bool
) -> None:
    """Whole rows only while no column comes or goes."""
    change = compare(old, new)

    assert can_be_checked_ahead(change) is columns
    assert rows_can_be_checked_ahead(change) is rows
