"""Writing rows: POST, PATCH and DELETE, what they answer, and what a refused one leaves."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing import Client

THINGS = table(
    {
        "name": {"type": "string"},
        "size": {"type": "integer", "default": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
    },
    required=["name"],
    unique=[["name"]],
)
PARTS = table({"thing": {"type": "integer", "references": "things.id"}})
MINIMAL = {"prefer": "return=minimal"}


@pytest.fixture
def anyone(serve: Serve) -> Client:
    client = serve({"things": THINGS, "parts": PARTS}).anonymous
    assert client.post("/things", {"name": "anvil", "size": 5}).status == 201
    return client


def names(client: Client) -> list[str]:
    return [row["name"] for row in client.get("/things", {"order": "id"}).json()]


def test_an_insert_answers_with_what_the_database_stored(anyone: Client) -> None:
    """Identity and defaults are in the answer, in the order of the columns."""
    answer = anyone.post("/things", {"name": "bell"})

    assert (answer.status, answer.text) == (201, '[{"id":2,"name":"bell","size":1,"tags":[]}]')
    assert answer.headers["preference-applied"] == "return=representation"
    assert answer.headers["content-range"] == "*/*"


def test_several_rows_go_in_together(anyone: Client) -> None:
    """They are stored and numbered in the order of the body; select chooses what comes back."""
    rows = [{"name": "bell"}, {"name": "chisel"}]
    answer = anyone.post("/things", rows, {"select": "id,name"})

    assert answer.json() == [{"id": 2, "name": "bell"}, {"id": 3, "name": "chisel"}]


@pytest.mark.parametrize(
    ("prefer", "applied", "location"),
    [
        ("", None, None),
        ("return=minimal", "return=minimal", None),
        ("return=headers-only", "return=headers-only", "/things?id=eq.2"),
    ],
)
def test_an_insert_says_as_little_as_is_asked(
    anyone: Client, prefer: str, applied: str | None, location: str | None
) -> None:
    """The body is empty, without a type; headers-only tells where the row is."""
    answer = anyone.post("/things", {"name": "bell"}, prefer=prefer)

    assert (answer.status, answer.body) == (201, b"")
    assert answer.headers.get("preference-applied") == applied
    assert answer.headers.get("location") == location
    assert answer.headers["content-length"] == "0"
    assert "content-type" not in answer.headers


def test_a_change_touches_the_rows_of_its_filters_alone(anyone: Client) -> None:
    """PATCH answers with the rows as they are now; the rest stays."""
    anyone.post("/things", [{"name": "bell"}, {"name": "chisel"}])

    answer = anyone.patch("/things", {"id": "gte.2", "select": "id,size"}, {"size": 9})

    assert (answer.status, answer.text) == (200, '[{"id":2,"size":9},{"id":3,"size":9}]')
    assert answer.headers["content-range"] == "0-1/*"
    assert anyone.get("/things", {"id": "eq.1", "select": "size"}).json() == [{"size": 5}]


def test_a_change_of_nothing_is_no_error(anyone: Client) -> None:
    """204 without a length, for no row as for an empty body."""
    for params, body in (({"id": "eq.9"}, {"size": 2}), ({"id": "eq.1"}, {})):
        answer = anyone.patch("/things", params, body, **MINIMAL)
        assert (answer.status, answer.body) == (204, b"")
        assert "content-length" not in answer.headers
    assert anyone.get("/things", {"select": "size"}).json() == [{"size": 5}]


def test_a_delete_answers_with_the_rows_that_are_gone(anyone: Client) -> None:
    """And a second one finds nothing."""
    answer = anyone.delete("/things", {"id": "eq.1", "select": "name"})
    again = anyone.delete("/things", {"id": "eq.1"})

    assert (answer.status, answer.json()) == (200, [{"name": "anvil"}])
    assert (again.status, again.json(), names(anyone)) == (200, [], [])


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_to_a_whole_table_must_say_so(anyone: Client, method: str) -> None:
    """Without a filter nothing is touched."""
    answer = anyone.request(method, "/rest/v1/things", None, {"size": 0})

    assert (
        refused(answer, 400, "21000")["message"] == f"{method_word(method)} requires a WHERE clause"
    )
    assert anyone.get("/things", {"select": "size"}).json() == [{"size": 5}]


def method_word(method: str) -> str:
    return {"PATCH": "UPDATE"}.get(method, method)


def test_a_single_object_that_is_not_single_undoes_the_write(anyone: Client) -> None:
    """The rows are as they were."""
    anyone.post("/things", {"name": "bell", "size": 5})
    kind = "application/vnd.pgrst.object+json"

    answer = anyone.patch("/things", {"size": "eq.5"}, {"size": 6}, accept=kind)

    assert refused(answer, 406, "PGRST116")["details"] == "The result contains 2 rows"
    assert anyone.get("/things", {"size": "eq.6"}).json() == []


@pytest.mark.parametrize(
    ("body", "status", "code", "details"),
    [
        ({"name": "anvil"}, 409, "23505", "Key (name)=(anvil) already exists."),
        ({"id": 1, "name": "x"}, 409, "23505", "Key (id)=(1) already exists."),
        ({"size": 2}, 400, "23502", None),
        ({"name": "x", "nope": 1}, 400, "PGRST204", None),
        ([{"name": "x"}, {"name": "x"}], 409, "23505", "Key (name)=(x) already exists."),
        ([{"name": "x"}, {"size": 1}], 400, "PGRST102", None),
    ],
)
def test_a_refused_insert_stores_nothing(
    anyone: Client, body: Any, status: int, code: str, details: str | None
) -> None:
    """Keys, missing values, unknown columns: one bad row takes the others along."""
    answer = anyone.post("/things", body)

    told = refused(answer, status, code)
    assert details is None or told["details"] == details
    assert names(anyone) == ["anvil"]


def test_a_reference_must_hold_on_both_sides(anyone: Client) -> None:
    """23503 for a row that refers to nothing, and for one that is still referred to."""
    missing = anyone.post("/parts", {"thing": 9})
    assert refused(missing, 409, "23503")["details"] == (
        'Key (thing)=(9) is not present in table "things".'
    )

    assert anyone.post("/parts", {"thing": 1}).status == 201
    held = anyone.delete("/things", {"id": "eq.1"})
    assert refused(held, 409, "23503")["details"] == (
        'Key (id)=(1) is still referenced from table "parts".'
    )


def test_a_missing_value_is_told_with_the_row_as_postgresql_does(anyone: Client) -> None:
    """23502 names the column and shows the row."""
    body = refused(anyone.post("/things", {"size": 2}), 400, "23502")

    assert body["message"] == (
        'null value in column "name" of relation "things" violates not-null constraint'
    )
    assert body["details"].startswith("Failing row contains (")


@pytest.mark.parametrize("body", [[], {}])
def test_an_empty_body_is_a_body(serve: Serve, body: Any) -> None:
    """No row at all inserts nothing; an empty row takes every default."""
    client = serve({"notes": table({"text": {"type": "string", "default": "hello"}})}).anonymous

    answer = client.post("/notes", body)

    assert answer.status == 201
    assert answer.json() == ([{"id": 1, "text": "hello"}] if body == {} else [])


def test_the_same_text_is_read_from_a_form_and_from_csv(anyone: Client, serve: Serve) -> None:
    """Other content types carry the same rows."""
    client = serve({"things": THINGS}).anonymous
    wire = serve.wire(serve._open[-1])
    for kind, body in (("text/csv", b"name,size\nbell,7\n"), (FORM, b"name=chisel&size=8")):
        headers = [(b"content-type", kind.encode())]
        assert wire.ask("POST", b"/rest/v1/things", headers, body).status == 201

    assert client.get("/things", {"select": "name,size"}).json() == [
        {"name": "bell", "size": 7},
        {"name": "chisel", "size": 8},
    ]


FORM = "application/x-www-form-urlencoded"


def test_put_says_that_its_address_is_no_key_before_all_else(anyone: Client) -> None:
    """405, whatever columns address and body name."""
    for query in ({"nope": "eq.1"}, {"columns": "nope"}, {"size": "eq.1", "select": "nope"}):
        refused(anyone.request("PUT", "/rest/v1/things", query, {"nope": 1}), 405, "PGRST105")


def test_no_key_is_nothing_to_resolve_by(serve: Serve) -> None:
    """Preference-Applied names what was applied."""
    notes = table({"text": {"type": "string"}})
    keyless = {one: value for one, value in notes.items() if one != "primaryKey"}
    keyless["properties"] = {"text": {"type": "string"}}
    visitor = serve({"notes": notes, "keyless": keyless}).anonymous
    prefer = "resolution=merge-duplicates,return=minimal"

    told = [
        visitor.post(path, {"text": "a"}, prefer=prefer).headers.get("preference-applied")
        for path in ("/notes", "/keyless")
    ]
    assert told == ["resolution=merge-duplicates, return=minimal", "return=minimal"]


def test_a_change_takes_defaults_for_what_it_lacks(serve: Serve) -> None:
    """`columns` with missing=default, as PostgREST has it; without, null."""
    columns = {"text": {"type": ["string", "null"]}, "size": {"type": "integer", "default": 3}}
    columns["size"] = {"type": ["integer", "null"], "default": 3}
    visitor = serve({"notes": table(columns)}).anonymous
    visitor.post("/notes", {"text": "a", "size": 9})
    params = {"id": "eq.1", "columns": "text,size"}

    answer = visitor.patch("/notes", params, {"text": "b"}, prefer="missing=default")
    assert (answer.status, answer.headers["preference-applied"]) == (204, "missing=default")
    assert visitor.get("/notes").json() == [{"id": 1, "text": "b", "size": 3}]
    visitor.patch("/notes", params, {"text": "c"})
    assert visitor.get("/notes").json() == [{"id": 1, "text": "c", "size": None}]


def test_rows_with_a_number_of_their_own_draw_one_too_under_missing_default(
    serve: Serve,
) -> None:
    """PostgreSQL asks the default of each row, and then takes what the row says."""
    visitor = serve({"notes": table({"text": {"type": "string"}})}).anonymous
    rows = [{"id": 50, "text": "a"}, {"text": "b"}]
    prefer = "missing=default,return=representation"

    assert [one["id"] for one in visitor.post("/notes", rows, prefer=prefer).json()] == [50, 2]
