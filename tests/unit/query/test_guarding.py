"""Twin of jotbase.query.guarding."""

from __future__ import annotations

from typing import get_args

from jotbase.query.guarding import RowAction, WriteAction


def test_actions_on_rows_and_kinds_of_writes_are_named() -> None:
    """Rows are chosen for three actions, and come to be as they are in three ways."""
    assert get_args(RowAction) == ("select", "update", "delete")
    assert get_args(WriteAction) == ("insert", "update", "merge")
