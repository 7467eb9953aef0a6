"""Noting the rows that are written while the others are checked."""

from typing import Any

import pytest
from tests.unit.schema.ddl.test_epochs import said
from tests.unit.schema.projects import ID, NUMBER, TEXT, table

from jotbase.schema.model.tables import Table
from jotbase.schema.upgrading.comparison import compare
from jotbase.schema.upgrading.touched_rows import (
    MOST_TOUCHED,
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
    ("token", "own", "taken"),
    [("x", [(1,)], {"token.x": [0], "t": [7, 9]}), ("other", [], None)],
)
def test_the_noted_rows_are_taken_once(token: str, own: list[Any], taken: Any) -> None:
    """By the migration that had them noted; any other one takes the triggers away, unread."""
    names = [("jotbase.touched.insert.t",), ("jotbase.touched",)]
    pages = [[("t", 7)], [("t", 9), ("token.x", 0)]]
    texts, found = said(take_touched_rows(token), names, own, *(pages if own else []))

    assert found == taken
    assert texts[-2:] == [
        'DROP TRIGGER "jotbase.touched.insert.t"', 'DROP TABLE "jotbase.touched"',
    ]  # fmt: skip


def test_more_numbers_than_memory_is_to_hold_are_let_go() -> None:
    """All rows are checked then; the triggers go as ever."""
    names = [("jotbase.touched.insert.t",), ("jotbase.touched",)]
    page = [("t", 7)] * (MOST_TOUCHED + 1)
    texts, found = said(take_touched_rows("x"), names, [(1,)], page)

    assert found is None
    assert texts[-1] == 'DROP TABLE "jotbase.touched"'


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
