"""The data of a change: its columns, their types, both rows, and the size limit."""

from typing import Any

import orjson
import pytest
from tests.unit.realtime.tables import NOTES, note

from jotbase.realtime.messages.payload import LARGEST, data_json
from jotbase.values import Change, Row

AT = "2026-08-21T10:11:12.345+00:00"


def data(old: Row | None, new: Row | None, told: Any = "row", select: Any = None) -> dict[str, Any]:
    """Return the data of a change, read back."""
    kind: Any = "INSERT" if old is None else "DELETE" if new is None else "UPDATE"
    text = data_json(Change(7, "notes", kind, old, new, AT), kind, told, select, NOTES)
    read: dict[str, Any] = orjson.loads(text)
    return read


def test_a_row_that_left_the_view_is_marked() -> None:
    """It is told as a DELETE, and is there still."""
    change = Change(7, "notes", "UPDATE", note(1), note(1), AT)

    assert orjson.loads(data_json(change, "DELETE", "row", None, NOTES))["left"] is True
    assert "left" not in orjson.loads(data_json(change, "UPDATE", "row", None, NOTES))
    assert "left" not in data(note(1), None)


def test_columns_have_postgresqls_names_in_the_tables_order() -> None:
    """Clients convert values by these names; a writeOnly column is not there."""
    assert [(one["name"], one["type"]) for one in data(None, note(1), "none")["columns"]] == [
        ("id", "int8"),
        ("title", "text"),
        ("owner", "uuid"),
        ("done", "bool"),
        ("price", "numeric"),
        ("image", "bytea"),
        ("tags", "_text"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (None, note(1), {"record"}),
        (note(1), note(1), {"record", "old_record"}),
        (note(1), None, {"old_record"}),
    ],
)
def test_each_event_has_its_rows(old: Row | None, new: Row | None, keys: set[str]) -> None:
    """An insert has no old row, a delete no new one; `errors` is null and not a list."""
    told = data(old, new, "none" if old is None else "row")

    assert {"record", "old_record"} & set(told) == keys
    assert told["errors"] is None
    assert told["commit_timestamp"] == AT


def test_what_is_write_only_is_never_told() -> None:
    """In neither row."""
    told = data(note(1), note(1))

    assert "secret" not in told["record"] | told["old_record"]


def test_bytes_are_bare_hex() -> None:
    """As PostgreSQL's logical decoding writes them."""
    assert data(None, note(1, image="AP8="), "none")["record"]["image"] == "00ff"


def test_a_selection_narrows_columns_and_rows() -> None:
    """Everywhere the same."""
    told = data(note(1), note(1), "row", frozenset(("id", "title")))

    assert [one["name"] for one in told["columns"]] == ["id", "title"]
    assert told["record"] == told["old_record"] == {"id": 1, "title": "t"}


@pytest.mark.parametrize(("before", "told"), [(1, {"id": 1}), (2, {})])
def test_a_hidden_old_row_gives_away_no_key_but_the_new_rows(before: int, told: Row) -> None:
    """Who could not see the row before learns nothing of it."""
    assert data(note(before), note(1), "key")["old_record"] == told


def test_a_row_that_is_too_large_keeps_its_small_values() -> None:
    """The client is told that something is missing."""
    told = data(None, note(1, title="x" * LARGEST), "none")

    assert told["errors"] == ["Error 413: Payload Too Large"]
    assert "title" not in told["record"]
    assert told["record"]["id"] == 1
