"""Values on the wire: what is sent is what is kept, found, compared and told again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.api.data_world import Pairs, Serve, Wire, refused, table

from jotbase.testing.client import Client

THINGS = table(
    {
        "name": {"type": ["string", "null"]},
        "size": {"type": ["integer", "null"]},
        "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    }
)
CSV = ((b"content-type", b"text/csv"),)
RETURNING = ((b"prefer", b"return=representation"),)
AS_CSV = ((b"accept", b"text/csv"),)


@pytest.fixture
def client(serve: Serve) -> Client:
    """A table of a text, a number and an array."""
    return serve({"things": THINGS}).service


def ask(client: Client, serve: Serve, method: str, path: str, body: str, headers: Pairs) -> Any:
    """Send bytes that no client would."""
    wire: Wire = serve.wire(serve._open[-1])
    return wire.ask(method, b"/rest/v1" + path.encode(), headers, body.encode())


def test_a_quoted_blank_is_no_empty_list(client: Client) -> None:
    """`in.()` and `in.( )` have nothing in them, `in.(" ")` and `in.("")` a text: no row too many
    is deleted.
    """
    client.post("/things", [{"name": "a"}, {"name": " "}, {"name": ""}])
    names = {"select": "name", "order": "id"}

    assert client.get("/things", names | {"name": 'in.(" ")'}).json() == [{"name": " "}]
    assert client.get("/things", names | {"name": 'in.("")'}).json() == [{"name": ""}]
    assert client.get("/things", names | {"name": "in.()"}).json() == []
    assert client.get("/things", names | {"name": "in.( )"}).json() == []
    assert client.get("/things", {"size": 'in.(" ")'}).status == 400
    gone = client.delete("/things", {"name": 'not.in.(" ")'}).json()
    assert [row["name"] for row in gone] == ["a", ""]


def test_csv_tells_null_from_the_empty_text(client: Client, serve: Serve) -> None:
    """Null is nothing, the empty text quoted; blanks and brackets are quoted as PostgreSQL does."""
    client.post("/things", [{"name": None}, {"name": ""}, {"name": "f (x)"}, {"name": "NULL"}])
    client.post("/things", {"name": "a", "tags": ["b", "c d"]})

    answer = ask(client, serve, "GET", "/things?select=name,tags&order=id", "", AS_CSV)

    assert answer.body.decode().split("\n") == [
        "name,tags", ",", '"",', '"f (x)",', '"NULL",', 'a,"{b,""c d""}"',
    ]  # fmt: skip


def test_csv_comes_in_as_it_went_out(client: Client, serve: Serve) -> None:
    """NULL is null without quotes, and text with them."""
    body = 'name,size\nNULL,1\n"NULL",2\n"",3\n"a\nb",NULL\n'
    assert ask(client, serve, "POST", "/things", body, CSV).status == 201

    assert client.get("/things", {"select": "name,size", "order": "id"}).json() == [
        {"name": None, "size": 1},
        {"name": "NULL", "size": 2},
        {"name": "", "size": 3},
        {"name": "a\nb", "size": None},
    ]


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        ("name,size\na,1\n\nb,x\n", "22P02", 'Line 4, column "size".'),
        ("name,size,name\na,1,b\n", "42701", None),
        ('name,size\n"a\nb",1\nc\n', "PGRST102", "Line 4 has 1, the header 2."),
    ],
)
def test_what_is_wrong_with_a_csv_is_told_by_its_line(
    client: Client, serve: Serve, body: str, code: str, details: str | None
) -> None:
    """Of many lines, the one to mend is named, as an editor numbers it."""
    answer = ask(client, serve, "POST", "/things", body, CSV)

    assert refused(answer, 400, code)["details"] == details
    assert client.get("/things").json() == []


def test_a_header_given_twice_keeps_both(client: Client, serve: Serve) -> None:
    """A column that is selected twice stands twice, in CSV as in JSON."""
    client.post("/things", {"name": "a", "size": 5})

    answer = ask(client, serve, "GET", "/things?select=size,size,name", "", AS_CSV)

    assert answer.body == b"size,size,name\n5,5,a"


def test_faults_of_a_csv_name_the_line(serve: Serve) -> None:
    """JSON Schema's faults do too."""
    things = table({"size": {"type": "integer", "minimum": 1}})
    client = serve({"things": things}).service

    answer = ask(client, serve, "POST", "/things", "size\n1\n0\n", CSV)

    (fault,) = orjson.loads(answer.body)["details"]
    assert (fault["pointer"], fault["line"]) == ("/1/size", 3)


def test_numbers_come_as_javascript_writes_them(serve: Serve) -> None:
    """1e20 is written digit by digit there; in an integer's column it is too large."""
    columns = {"part": {"type": ["number", "null"]}, "size": {"type": ["integer", "null"]}}
    client = serve({"things": table(columns)}).service
    for body, part in (
        ('{"part":100000000000000000000}', 1e20),
        ('{"part":123456789012345680000}', 123456789012345680000.0),
    ):
        answer = ask(client, serve, "POST", "/things?select=part", body, RETURNING)
        assert orjson.loads(answer.body) == [{"part": part}]
    too_large = ask(client, serve, "POST", "/things", '{"size":100000000000000000000}', ())
    refused(too_large, 400, "22003")


def test_a_text_that_is_too_long_spoils_no_question(client: Client) -> None:
    """Whether a costly pattern fits it is unknown; the other rows are answered."""
    client.post("/things", [{"name": "b" * 200_000}, {"name": "aab"}])
    names = {"select": "id", "order": "id"}

    costly = {"name": "match.[ab]{0,20}a[ab]{0,20}b"}
    assert client.get("/things", names | costly).json() == [{"id": 2}]
    assert client.get("/things", names | {"name": "ilike.*" + "B_" * 200 + "*"}).json() == []
    assert client.get("/things", names | {"name": "match.b$"}).json() == [{"id": 1}, {"id": 2}]


ODD = table(
    {
        "j": {"type": ["object", "array", "string", "number", "boolean", "null"]},
        "b": {"type": ["string", "null"], "contentEncoding": "base64"},
    }
)


@pytest.mark.parametrize(
    "value", ["word", "12", "true", "null", "NULL", "", True, False, 12, 1.5, {"a": "b"}, ["a", 1]]
)
def test_json_of_any_kind_comes_back_from_csv(serve: Serve, value: Any) -> None:
    """A text in a JSON column is told from a number, a truth or null that is spelt alike."""
    client = serve({"odd": ODD}).service
    client.post("/odd", {"j": value})
    told = ask(client, serve, "GET", "/odd?select=j", "", AS_CSV).body.decode()
    client.delete("/odd", {"id": "gt.0"})
    assert client.get("/odd").json() == []

    assert ask(client, serve, "POST", "/odd", told, CSV).status == 201

    assert client.get("/odd", {"select": "j"}).json() == [{"j": value}]


def test_a_document_selected_twice_is_the_same_twice_in_csv(serve: Serve) -> None:
    """A key that comes twice changes nothing within the values."""
    client = serve({"odd": ODD}).service
    client.post("/odd", {"j": {"a": [{"b": 1}]}})

    answer = ask(client, serve, "GET", "/odd?select=j,j", "", AS_CSV)

    cell = '"{""a"":[{""b"":1}]}"'
    assert answer.body.decode() == f"j,j\n{cell},{cell}"


def test_bytes_are_compared_as_they_are_sorted(serve: Serve) -> None:
    """Bytes have an order, which is not that of their base64: a page goes on from the last one."""
    client = serve({"odd": ODD}).service
    client.post("/odd", [{"b": one} for one in ("+w==", "AA==", "", "AAA=", "/w==")])
    sort = {"select": "b", "order": "b"}

    assert [row["b"] for row in client.get("/odd", sort).json()] == [
        "", "AA==", "AAA=", "+w==", "/w=="
    ]  # fmt: skip
    assert client.get("/odd", sort | {"b": "gt.AAA="}).json() == [{"b": "+w=="}, {"b": "/w=="}]
    assert client.get("/odd", sort | {"b": r"lte.\x00"}).json() == [{"b": ""}, {"b": "AA=="}]
