"""Which changes of a model make the rows of the change log no longer fit to be told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.realtime.matching.logged_rows import may_be_told_otherwise

SECRET = {**TEXT, "writeOnly": True}
LINK = {**NUMBER, "references": "firms.id"}
FIRMS = table_file({"id": ID}, primaryKey=["id"])


def notes(columns: dict[str, Any] | None = None, rule: str = "row.id > 1", **more: Any) -> Any:
    """Return a followed table."""
    columns = {"id": ID, "text": TEXT, "pin": SECRET, "firm": NUMBER} | (columns or {})
    shown = {name: column for name, column in columns.items() if column is not None}
    access = {"select": rule, "insert": "True"}
    return table_file(shown, primaryKey=["id"], **{"realtime": True, "access": access, **more})


@pytest.mark.parametrize(
    ("after", "otherwise"),
    [
        (notes(), False),
        (notes(rule="True"), True),
        (notes(rule="False"), True),
        (notes({"pin": TEXT}), True),
        (notes({"pin": None}), True),
        (notes({"text": NUMBER}), True),
        (notes({"firm": LINK}), True),
        (notes(realtime=False), True),
        (notes({"text": SECRET}), False),
        (notes({"more": TEXT}), False),
        (notes(unique=[["text"]]), False),
        (notes(access={"select": "row.id > 1", "insert": "False"}), False),
    ],
)
def test_what_may_be_told_otherwise(after: Any, otherwise: bool) -> None:
    """A rule that differs, a column that shows more, a table that is not followed any more."""
    old, new = model(notes=notes(), firms=FIRMS), model(notes=after, firms=FIRMS)

    assert may_be_told_otherwise(old, new) is otherwise


def test_a_table_that_nobody_followed_is_in_no_log() -> None:
    """Nor is one that has gone told of."""
    silent = model(notes=notes(realtime=False))

    assert not may_be_told_otherwise(silent, model(notes=notes(rule="True", realtime=False)))
    assert not may_be_told_otherwise(silent, model(notes=notes(rule="True")))
    assert not may_be_told_otherwise(model(notes=notes()), model())
