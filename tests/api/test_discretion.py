"""Refusals tell what the request itself said, and nothing that is stored."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import OPEN, Schema, Serve, refused, table

from jotbase.testing import TestBackend

TEXT: Schema = {"type": "string"}
ROOMS = table(
    {
        "room": TEXT,
        "pin": {**TEXT, "default": "1234", "writeOnly": True},
        "code": {**TEXT, "default": "s3cret"},
        "shelf": {"type": "integer"},
        "row": {"type": "integer"},
    },
    unique=[["room", "pin"], ["room", "code"]],
    foreignKeys=[
        {"columns": ["shelf", "row"], "references": {"table": "shelves", "columns": ["a", "b"]}}
    ],
    access=OPEN | {"select": "row.code != 'hidden'"},
)
SHELVES = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": TEXT},
    "required": ["a", "b"],
    "primaryKey": ["a", "b"],
    "access": OPEN,
}
FACE = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": TEXT, "shelf": {"type": "integer"}},
    "view": "select id, room as name, shelf from rooms",
    "access": OPEN,
}
MERGE = "resolution=merge-duplicates"


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    made = serve({"rooms": ROOMS, "shelves": SHELVES, "faces": FACE})
    made.service.post("/shelves", [{"a": 1, "b": 7, "c": "x"}, {"a": 2, "b": 8, "c": "y"}])
    rows = [{"room": "g1", "shelf": None, "row": None}, {"room": "g2", "shelf": 1, "row": 7}]
    assert made.service.post("/rooms", rows).status == 201
    return made


def details(answer: Any, code: str) -> Any:
    """Return a refusal's details; no part of the answer has a stored value."""
    for stored in (b"1234", b"s3cret"):
        assert stored not in answer.body
    return refused(answer, 409, code)["details"]


@pytest.mark.parametrize("path", ["/rooms", "/faces"])
def test_a_key_of_stored_values_is_not_told(backend: TestBackend, path: str) -> None:
    """The request named a part of the key; the rest is the row's, or a default's."""
    name = "room" if path == "/rooms" else "name"
    visitor = backend.anonymous

    assert details(visitor.post(path, {name: "g1"}), "23505") is None
    assert details(visitor.patch(path, {"id": "eq.2"}, {name: "g1"}), "23505") is None
    rows = [{name: "g3"}, {name: "g1"}]
    assert details(visitor.post(path, rows), "23505") is None
    body = {"id": 2, name: "g1"}
    assert details(visitor.post(path, body, prefer=MERGE), "23505") is None
    batch = [{"method": "PATCH", "path": f"{path}?id=eq.2", "body": {name: "g1"}}]
    answer = visitor.request("POST", "/rest/v1/", None, batch)
    assert (answer.status, answer.json()["details"]) == (409, None)


def test_a_key_that_the_request_said_is_told_as_it_said_it(backend: TestBackend) -> None:
    """PostgreSQL's text, of the values that came."""
    visitor = backend.anonymous
    backend.service.post("/rooms", {"room": "g4", "code": "a", "pin": "z"})

    taken = {"room": "g4", "code": "a", "pin": "y"}
    assert details(visitor.post("/rooms", taken), "23505") == (
        "Key (room, code)=(g4, a) already exists."
    )
    assert details(visitor.post("/shelves", {"a": 1, "b": 7}), "23505") == (
        "Key (a, b)=(1, 7) already exists."
    )


def test_a_writeonly_value_is_not_told_even_to_who_said_it(backend: TestBackend) -> None:
    """Answers are kept where requests are not."""
    body = {"room": "g1", "pin": "1234", "code": "other"}

    assert details(backend.anonymous.post("/rooms", body), "23505") is None


def test_a_reference_of_stored_values_is_not_told(backend: TestBackend) -> None:
    """Half of the key is the row's own."""
    visitor = backend.anonymous

    assert details(visitor.patch("/rooms", {"id": "eq.2"}, {"shelf": 2}), "23503") == (
        'Key is not present in table "shelves".'
    )
    assert details(visitor.post("/rooms", {"room": "g5", "shelf": 9, "row": 9}), "23503") == (
        'Key (shelf, row)=(9, 9) is not present in table "shelves".'
    )


def test_a_row_that_hidden_rows_refer_to_is_told_by_its_filter_alone(backend: TestBackend) -> None:
    """Whoever deletes by another column learns no key."""
    visitor = backend.anonymous

    assert details(visitor.delete("/shelves", {"c": "eq.x"}), "23503") == (
        'Key is still referenced from table "rooms".'
    )
    assert details(visitor.delete("/shelves", {"a": "eq.1", "b": "eq.7"}), "23503") == (
        'Key (a, b)=(1, 7) is still referenced from table "rooms".'
    )
    assert details(visitor.patch("/shelves", {"c": "eq.x"}, {"b": 9}), "23503") == (
        'Key is still referenced from table "rooms".'
    )


def test_a_row_that_lacks_a_value_is_not_shown_with_defaults_of_secrets(serve: Serve) -> None:
    """23502 shows a row of which everybody may read every column."""
    secret = {"name": TEXT, "pin": {**TEXT, "default": "1234", "writeOnly": True}}
    plain = {"name": TEXT, "kind": {**TEXT, "default": "1234"}}
    updatable = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "name": TEXT},
        "view": "select id, name from plain",
        "access": OPEN,
    }
    tables = {
        "secret": table(secret, required=["name"]),
        "plain": table(plain, required=["name"]),
        "face": updatable,
    }
    visitor = serve(tables).anonymous

    for path in ("/secret", "/face"):
        assert refused(visitor.post(path, {"name": None}), 400, "23502")["details"] is None
    visitor.post("/plain", {"name": "a"})
    assert refused(visitor.post("/plain", {"name": None}), 400, "23502")["details"] == (
        "Failing row contains (null, null, 1234)."
    )
    changed = visitor.patch("/plain", {"id": "eq.1"}, {"name": None})
    assert refused(changed, 400, "23502")["details"] is None


def test_a_document_that_is_stored_is_not_told_of(serve: Serve) -> None:
    """A fault inside of a value that the request did not name is a fault of the column."""
    columns: Schema = {"kind": TEXT, "doc": {"type": "object", "writeOnly": True}}
    strict = {"properties": {"doc": {"properties": {"ok": {}}, "additionalProperties": False}}}
    rule = {"if": {"properties": {"kind": {"const": "strict"}}}, "then": strict}
    backend = serve({"notes": table(columns, **rule)})
    backend.service.post("/notes", {"kind": "free", "doc": {"s3cret": 1}})
    visitor = backend.anonymous

    answer = visitor.patch("/notes", {"id": "eq.1"}, {"kind": "strict"})
    assert refused(answer, 400, "23514")["details"] == [
        {
            "pointer": "/doc",
            "keyword": "additionalProperties",
            "message": "the stored value does not fit beside the new ones",
        }
    ]
    said = visitor.post("/notes", {"kind": "strict", "doc": {"mine": 1}})
    assert refused(said, 400, "23514")["details"][0]["message"].find("mine") > 0


def test_a_rule_that_refuses_is_not_quoted(serve: Serve) -> None:
    """42501 names the table; a row that one could not see is told apart from one not let in."""
    rules = {"select": "row.kind == 'open'", "insert": "new.kind != 'never'"}
    visitor = serve({"notes": table({"kind": TEXT}, access=rules)}).anonymous
    shown = "return=representation"

    never = refused(visitor.post("/notes", {"kind": "never"}, prefer=shown), 401, "42501")
    unseen = refused(visitor.post("/notes", {"kind": "shut"}, prefer=shown), 401, "42501")
    assert never["message"] == unseen["message"]
    assert (never["details"], never["hint"]) == (None, None)
    assert unseen["hint"] == (
        "The row may be inserted, but the select rule would not give it back to you: write with"
        " Prefer: return=minimal."
    )
    assert visitor.post("/notes", {"kind": "shut"}, prefer="return=minimal").status == 201


def test_a_computed_key_is_told_of_without_its_value(serve: Serve) -> None:
    """What the database made of a row is not what the request said, virtual or stored."""
    columns: Schema = {"name": TEXT, "lowered": {**TEXT, "generated": "lower(name)"}}
    visitor = serve({"notes": table(columns, unique=[["lowered"]])}).anonymous
    visitor.post("/notes", {"name": "Bob"})

    told = refused(visitor.post("/notes", {"name": "BOB"}), 409, "23505")
    assert (told["message"], told["details"]) == (
        'duplicate key value violates unique constraint "notes_lowered_key"',
        None,
    )


def test_a_table_that_the_caller_may_not_see_is_not_named(serve: Serve) -> None:
    """Neither as what still refers to a row, nor as what it would refer to."""
    link = {"room": {"type": ["integer", "null"], "references": "rooms.id"}}
    backend = serve(
        {
            "rooms": table({"safe": {"type": ["integer", "null"], "references": "safes.id"}}),
            "safes": table({"n": {"type": ["integer", "null"]}}, access={"select": "False"}),
            "spies": table(link, access={"select": "user.role == 'clerk'"}),
            "plain": table(link),
        }
    )
    visitor, service = backend.anonymous, backend.service
    visitor.post("/rooms", [{"id": 1}, {"id": 2}])
    service.post("/spies", {"room": 1})
    service.post("/plain", {"room": 2})

    told = [
        visitor.delete("/rooms", {"id": "eq.1"}).json(),
        visitor.post("/rooms", {"safe": 9}).json(),
        visitor.delete("/rooms", {"id": "eq.2"}).json(),
    ]

    assert [one["code"] for one in told] == ["23503"] * 3
    assert (told[0]["message"], told[0]["details"]) == (
        'update or delete on table "rooms" violates a foreign key constraint',
        "Key (id)=(1) is still referenced.",
    )
    assert told[1]["details"] == "Key (safe)=(9) is not present."
    assert told[2]["details"] == 'Key (id)=(2) is still referenced from table "plain".'
    assert "spies" in service.delete("/rooms", {"id": "eq.1"}).text
