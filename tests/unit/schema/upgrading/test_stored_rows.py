"""Rows held against a changed schema, as a conversation: statements out, rows in."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.schema.projects import ID, TEXT, table

from jotbase.errors import Fault
from jotbase.schema.upgrading.comparison import compare
from jotbase.schema.upgrading.stored_rows import check_stored_rows, check_stored_values
from jotbase.sql.units import UnitOfWork


def converse(
    unit: UnitOfWork[Fault | None], pages: Sequence[list[Any]]
) -> tuple[Fault | None, list[str]]:
    """Return the outcome and the statements, each answered by the next page."""
    said: list[str] = []
    left = list(pages)
    try:
        statement = next(unit)
        while True:
            said.append(statement.text)
            statement = unit.send(left.pop(0) if left else [])
    except StopIteration as stop:
        return stop.value, said


def test_values_are_read_before_the_change_by_their_columns_alone() -> None:
    """Page by page, and each row that does not fit is counted; the key names the first."""
    old = table({"id": ID, "a": TEXT, "b": TEXT}, primaryKey=["id"])
    new = table({"id": ID, "a": {**TEXT, "pattern": "^x"}, "b": TEXT}, primaryKey=["id"])
    fault, said = converse(check_stored_values(compare(old, new)), [[(1, "x", 1), (2, "y", 2)]])

    assert fault is not None
    assert fault.reason.endswith('the first: id 2: /a the value does not match "^x"')
    assert said[0] == 'SELECT "id", "a", "id" FROM "t" ORDER BY "id" LIMIT 500'
    assert said[1].startswith('SELECT "id", "a", "id" FROM "t" WHERE ("id") > (?)')


def test_rows_written_meanwhile_are_read_by_their_numbers() -> None:
    """Each number is sent once, a page of them at a time; rows that are gone end nothing."""
    change = compare(table({"a": TEXT}), table({"a": {**TEXT, "pattern": "^x"}}))
    unit = check_stored_values(change, range(1, 1202))
    asked = [next(unit), unit.send([]), unit.send([])]

    assert [len(json.loads(one.params[-1])) for one in asked] == [500, 500, 201]
    with pytest.raises(StopIteration):
        unit.send([])


def test_only_arrays_whose_text_changes_are_written() -> None:
    """Both pages are read; one row is written anew."""
    before = {"type": "array", "items": TEXT}
    after = {"type": "array", "items": {**TEXT, "format": "uuid"}}
    key = "0B9C5B1E-0000-4000-8000-000000000000"
    change = compare(table({"a": before}), table({"a": after}))
    pages = [[(1, f'["{key}"]'), (2, "[]")], [], []]

    fault, said = converse(check_stored_rows(change), pages)
    assert fault is None
    assert [text.split()[0] for text in said] == ["SELECT", "UPDATE", "SELECT"]


def test_nothing_is_read_where_nothing_is_in_doubt() -> None:
    """A wider schema asks no row."""
    change = compare(table({"a": {**TEXT, "maxLength": 1}}), table({"a": TEXT}))
    assert converse(check_stored_values(change), []) == (None, [])
    assert converse(check_stored_rows(change), []) == (None, [])
