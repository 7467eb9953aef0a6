"""Tables without row numbers: all that can be asked of a table, rows told apart by their key."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from tests.api.data_world import OPEN, Serve, refused, table

from jotbase.testing import Client

TEXT = {"type": "string"}
BYTES = {"type": "string", "contentEncoding": "base64"}
KEYLESS = {"type": "object", "access": OPEN, "withoutRowid": True}
#: Keys that JSON cannot carry into the database, and one that it might spell otherwise.
KEYS = KEYLESS | {
    "properties": {"b": BYTES, "n": {"type": "number"}, "t": TEXT, "note": TEXT},
    "required": ["b", "n", "t"],
    "primaryKey": ["t", "b", "n"],
    "realtime": True,
}
WORDS = KEYLESS | {
    "properties": {
        "word": TEXT,
        "size": {"type": "integer"},
        "parent": TEXT | {"references": "words.word"},
    },
    "required": ["word"],
    "primaryKey": ["word"],
}
SHORT = {
    "type": "object",
    "access": OPEN,
    "view": "SELECT word AS name, size FROM words WHERE size < 10",
    "properties": {"name": TEXT, "size": {"type": "integer"}},
}
ONE, TWO = b64encode(b"\x00\xff").decode(), b64encode(b"").decode()


@pytest.fixture
def anyone(serve: Serve) -> Client:
    client = serve({"keys": KEYS, "words": WORDS, "short": SHORT}).anonymous
    words = [{"word": "b", "size": 1}, {"word": "a", "size": 2}, {"word": "c", "size": 30}]
    keys = [{"t": "x", "b": ONE, "n": 0.1}, {"t": "x", "b": TWO, "n": 5e-324}]
    assert client.post("/words", words).status == 201
    assert client.post("/keys", keys).status == 201
    return client


def names(answer: Any) -> list[str]:
    return [row["word"] for row in answer.json()]


def test_rows_come_in_the_order_of_their_key(anyone: Client) -> None:
    """That is how they are kept; what is asked for comes before."""
    assert names(anyone.get("/words")) == ["a", "b", "c"]
    assert names(anyone.get("/words", {"order": "size.desc", "limit": "2"})) == ["c", "a"]
    assert names(anyone.get("/words", {"order": "word.desc", "offset": "1"})) == ["b", "a"]


def test_an_insert_gives_back_relations_too(anyone: Client) -> None:
    """The row is found again by its key."""
    answer = anyone.post(
        "/words",
        [{"word": "d", "parent": "a"}, {"word": "e", "parent": None}],
        {"select": "word,parent(size)"},
    )

    assert (answer.status, answer.json()) == (
        201,
        [{"word": "d", "parent": {"size": 2}}, {"word": "e", "parent": None}],
    )


def test_keys_of_all_kinds_are_changed_and_removed(anyone: Client) -> None:
    """Bytes and doubles are bound as they are."""
    changed = anyone.patch("/keys", {"t": "eq.x"}, {"note": "both"}, prefer="return=representation")
    select = {"t": "eq.x", "select": "note::text,n"}
    cast = anyone.patch("/keys", select, {"note": "again"})
    gone = anyone.delete("/keys", {"n": "eq.0.1"})

    assert [row["note"] for row in changed.json()] == ["both", "both"]
    assert cast.json() == [{"note": "again", "n": 5e-324}, {"note": "again", "n": 0.1}]
    assert [row["b"] for row in gone.json()] == [ONE]
    assert [row["b"] for row in anyone.get("/keys").json()] == [TWO]


def test_a_changed_key_is_a_row_to_itself(anyone: Client) -> None:
    """It comes back under the new one, and the old one is free."""
    answer = anyone.patch("/words", {"word": "eq.b"}, {"word": "z"})

    assert answer.json() == [{"word": "z", "size": 1, "parent": None}]
    assert anyone.post("/words", {"word": "b"}).status == 201
    refused(anyone.post("/words", {"word": "b"}), 409, "23505")


def test_rows_are_merged_by_any_key(anyone: Client) -> None:
    """Bytes in the key make no difference."""
    merge = {"prefer": "resolution=merge-duplicates,return=representation"}
    rows = [{"t": "x", "b": ONE, "n": 0.1, "note": "m"}, {"t": "y", "b": ONE, "n": 2, "note": None}]
    answer = anyone.post("/keys", rows, None, **merge)

    assert answer.status == 201
    assert [row["note"] for row in answer.json()] == ["m", None]
    assert len(anyone.get("/keys").json()) == 3


def test_changes_are_logged(serve: Serve) -> None:
    """Subscribers are told of rows without numbers as of any others."""
    backend = serve({"keys": KEYS})
    backend.anonymous.post("/keys", {"t": "x", "b": ONE, "n": 0.1})
    backend.anonymous.patch("/keys", {"t": "eq.x"}, {"t": "y"})
    backend.anonymous.delete("/keys", {"t": "eq.y"})
    changes = serve.threads.run(backend._backend.engine.changes(0))

    kept = {"b": ONE, "n": 0.1, "note": None}
    assert [(one.kind, one.old, one.new) for one in changes] == [
        ("INSERT", None, kept | {"t": "x"}),
        ("UPDATE", kept | {"t": "x"}, kept | {"t": "y"}),
        ("DELETE", kept | {"t": "y"}, None),
    ]


def test_a_view_over_such_a_table_is_written_through(anyone: Client) -> None:
    """It changes the rows that it shows, and no others."""
    changed = anyone.patch("/short", {"size": "gte.0"}, {"size": 3})
    put = anyone.request(
        "POST",
        "/rest/v1/short",
        {"on_conflict": "name"},
        [{"name": "c", "size": 1}],
        {"prefer": "resolution=merge-duplicates"},
    )

    assert [row["name"] for row in changed.json()] == ["a", "b"]
    refused(put, 401, "42501")
    assert names(anyone.get("/words", {"size": "eq.30"})) == ["c"]


def test_many_rows_through_a_view_come_back_with_what_it_computes(serve: Serve) -> None:
    """However many there are, they are found again by one parameter."""
    view = SHORT | {"view": "SELECT id, name, upper(name) AS loud FROM things"}
    view["properties"] = {"id": {"type": "integer"}, "name": TEXT, "loud": TEXT}
    client = serve({"things": table({"name": TEXT}), "loud": view}).service
    rows = [{"name": f"n{number}"} for number in range(1200)]

    answer = client.post("/loud", rows, {"select": "loud"})

    assert (answer.status, len(answer.json())) == (201, 1200)
    assert answer.json()[-1] == {"loud": "N1199"}


PAIRS = KEYLESS | {
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "owner": TEXT},
    "required": ["a", "b", "owner"],
    "primaryKey": ["a", "b"],
    "access": OPEN | {"update": "new.owner == row.owner and new.b == row.b"},
}


def test_a_rule_sees_each_row_beside_what_it_has_become(serve: Serve) -> None:
    """Also when the keys of several change at once, and they come back in another order."""
    client = serve({"pairs": PAIRS}).anonymous
    rows = [{"a": 1, "b": 3, "owner": "x"}, {"a": 2, "b": 1, "owner": "y"}]
    client.post("/pairs", [*rows, {"a": 3, "b": 2, "owner": "z"}])

    moved = client.patch("/pairs", {"a": "gt.0"}, {"a": 9})
    refused(client.patch("/pairs", {"b": "eq.1"}, {"b": 7}), 401, "42501")

    assert [(row["b"], row["owner"]) for row in moved.json()] == [(3, "x"), (1, "y"), (2, "z")]
