"""Results as responses: statuses, headers and bodies."""

from __future__ import annotations

import orjson
import pytest
from tests.unit.query.board import (
    GENEROUS,
    MODEL,
    OpenGuard,
    code_of,
    planned,
    read_plan,
    request,
)

from jotbase.errors import AccessError, RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import InsertPlan, UpdatePlan, WritePlan
from jotbase.query.request.shape import shape
from jotbase.query.response.render import (
    OutOfRange,
    content_range,
    render_error,
    render_options,
    render_read,
    render_write,
    rewrites,
)
from jotbase.query.write.result import WriteResult
from jotbase.values import Response


def read(line: str, text: str, *counts: int, **headers: str) -> Response:
    """Return the response to a read that found this."""
    asked = request(line)
    return render_read(
        read_plan(line, GENEROUS, **headers), asked, shape(asked)[1], [(text, *counts)]
    )


def written(line: str, result: WriteResult, **headers: str) -> Response:
    """Return the response to a write that came to this."""
    plan = planned(line, **headers)
    assert isinstance(plan, WritePlan)
    return render_write(plan, request(line), result)


def test_a_read() -> None:
    """The database's text is the body, untouched."""
    response = read("GET /jobs?offset=5&id=gt.1", '[{"id":1}]', 1)

    assert response.status == 200
    assert response.body == b'[{"id":1}]'
    assert response.headers == (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Range", "5-5/*"),
        ("Content-Location", "/jobs?id=gt.1&offset=5"),
    )


@pytest.mark.parametrize(
    ("first", "count", "total", "text"),
    [(0, 10, None, "0-9/*"), (5, 1, 25, "5-5/25"), (0, 0, None, "*/*"), (0, 0, 0, "*/0")],
)
def test_ranges(first: int, count: int, total: int | None, text: str) -> None:
    """Rows by their places, and how many there are if it was counted."""
    assert content_range(first, count, total) == text


def test_a_part_of_what_was_counted() -> None:
    """Some of the rows are partial content, only if it is known that there are more."""
    part = read("GET /jobs?limit=1", "[{}]", 1, 3, prefer="count=exact")
    whole = read("GET /jobs", "[{}]", 1, 1, prefer="count=exact")

    assert (part.status, part.header("content-range")) == (206, "0-0/3")
    assert part.header("Preference-Applied") == "count=exact"
    assert whole.status == 200


def test_a_range_behind_the_last_row() -> None:
    """It is an error if it is known, and the answer says how many rows there are."""
    with pytest.raises(OutOfRange) as caught:
        read("GET /jobs?offset=100", "[]", 0, 15, prefer="count=exact")
    response = render_error(caught.value)

    assert (response.status, response.header("content-range")) == (416, "*/15")
    assert b"An offset of 100 was requested, but there are only 15 rows." in response.body


def test_head_has_no_body() -> None:
    """The headers of the same GET, and nothing else."""
    response = read("HEAD /jobs", "[{}]", 1)

    assert (response.body, response.header("content-range")) == (b"", "0-0/*")


def test_one_object() -> None:
    """One row alone, or an error that says how many there were."""
    accept = "application/vnd.pgrst.object+json"
    response = read("GET /jobs", '[{"id":1}]', 1, accept=accept)

    assert response.body == b'{"id":1}'
    assert response.header("content-type") == f"{accept}; charset=utf-8"
    assert code_of(lambda: read("GET /jobs", "[]", 0, accept=accept)) == "PGRST116"


def test_nulls_left_out() -> None:
    """At any depth, keys without a value are left out."""
    accept = "application/vnd.pgrst.array+json;nulls=stripped"
    text = '[{"a":null,"b":[{"c":null}]}]'

    assert read("GET /jobs", text, 1, accept=accept).body == b'[{"b":[{}]}]'


@pytest.mark.parametrize(
    ("text", "csv"),
    [
        ('[{"id":1,"title":"a,b"},{"id":null,"title":"x"}]', b'id,title\n1,"a,b"\n,x'),
        ('[{"id":true,"title":{"a":1}}]', b'id,title\nt,"{""a"":1}"'),
        ('[{"id":1,"title":""},{"id":2,"title":"a b"}]', b'id,title\n1,""\n2,"a b"'),
        ('[{"id":1,"title":["a","b"]}]', b'id,title\n1,"[""a"",""b""]"'),
        ("[]", b"id,title"),
    ],
)
def test_csv(text: str, csv: bytes) -> None:
    """A header and the rows, null as nothing."""
    assert read("GET /jobs?select=id,title", text, 1, accept="text/csv").body == csv


@pytest.mark.parametrize(
    ("line", "prefer", "result", "status"),
    [
        ("POST /jobs", "", WriteResult(1), 201),
        ("POST /jobs", "return=representation", WriteResult(1, "[{}]"), 201),
        ("POST /jobs", "resolution=merge-duplicates", WriteResult(1, created=False), 200),
        ("POST /jobs", "resolution=ignore-duplicates", WriteResult(0), 201),
        ("PATCH /jobs?id=eq.1", "", WriteResult(1), 204),
        ("PATCH /jobs?id=eq.1", "return=representation", WriteResult(0, "[]"), 200),
        ("DELETE /jobs?id=eq.1", "", WriteResult(0), 204),
        ("PUT /jobs?id=eq.1", "", WriteResult(1, created=False), 204),
        ("PUT /jobs?id=eq.1", "", WriteResult(1), 201),
        ("PUT /jobs?id=eq.1", "return=representation", WriteResult(1, "[]", created=False), 200),
    ],
)
def test_statuses_of_writes(line: str, prefer: str, result: WriteResult, status: int) -> None:
    """Created, changed, or done without a word."""
    assert written(line, result, prefer=prefer).status == status


def test_an_empty_answer_has_no_type() -> None:
    """An empty 201 has a length, a 204 has not even that."""
    created = written("POST /jobs", WriteResult(1))
    done = written("DELETE /jobs?id=eq.1", WriteResult(1))

    assert created.header("content-length") == "0"
    assert created.header("content-type") is None
    assert done.header("content-length") is None


def test_where_a_new_row_is() -> None:
    """Location is told for headers alone."""
    result = WriteResult(1, location="id=eq.7")

    assert written("POST /jobs", result, prefer="return=headers-only").header("location") == (
        "/jobs?id=eq.7"
    )
    assert written("POST /jobs", result).header("location") is None


def test_rows_of_a_write_are_counted() -> None:
    """Changed rows have places, new and removed ones have none."""
    changed = written("PATCH /jobs?id=eq.1", WriteResult(2), prefer="count=exact")
    new = written("POST /jobs", WriteResult(2), prefer="count=exact")

    assert changed.header("content-range") == "0-1/2"
    assert new.header("content-range") == "*/2"


def test_what_was_applied() -> None:
    """Only what was understood and done is told."""
    prefer = "tx=rollback, handling=strict, max-affected=5, return=minimal, missing=default"
    plan = planned("PATCH /jobs?id=eq.1", prefer=prefer)
    assert isinstance(plan, UpdatePlan)

    response = render_write(plan, request("PATCH /jobs?id=eq.1"), WriteResult(1))

    assert response.header("preference-applied") == (
        "missing=default, return=minimal, handling=strict, max-affected=5"
    )


def test_errors() -> None:
    """An error has PostgREST's four fields and names itself in a header."""
    response = render_error(RequestError("PGRST204", "m", details="d", hint="h"))

    assert response.status == 400
    assert orjson.loads(response.body) == {
        "code": "PGRST204",
        "message": "m",
        "details": "d",
        "hint": "h",
    }
    assert response.header("proxy-status") == "PostgREST; error=PGRST204"
    assert render_error(RequestError("PGRST204", "m"), request("HEAD /jobs")).body == b""


def test_who_is_not_known_is_asked_who_it_is() -> None:
    """A 401 says how to come again."""
    missing = render_error(AccessError("42501", "no", status=401))
    broken = render_error(AccessError("PGRST301", 'bad "token"'))

    assert missing.header("www-authenticate") == "Bearer"
    assert broken.header("www-authenticate") == (
        'Bearer error="invalid_token", error_description="bad \'token\'"'
    )


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("jobs", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("open_jobs", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("busy_firms", "OPTIONS,GET,HEAD"),
        ("", "OPTIONS,GET,HEAD,POST"),
    ],
)
def test_what_a_path_takes(path: str, methods: str) -> None:
    """PUT needs a key, and a view that joins rows is only read."""
    assert (
        render_options(f"/rest/v1/{path}", MODEL, OpenGuard(), Context()).header("allow") == methods
    )


def test_errors_without_details() -> None:
    """The project may keep them to itself."""
    error = RequestError("42703", "column jobs.x does not exist", hint="y")
    assert render_error(error, verbose=False).body == (
        b'{"code":"42703","message":"column jobs.x does not exist"}'
    )


def test_insert_plans_are_told_from_updates() -> None:
    """The range of an insert has no places even if rows came back."""
    plan = planned("POST /jobs", prefer="return=representation")

    assert isinstance(plan, InsertPlan)
    response = render_write(plan, request("POST /jobs"), WriteResult(1, "[{}]"))
    assert response.header("content-range") == "*/*"


def test_what_is_read_and_written_anew() -> None:
    """CSV, and rows without their nulls: a thread does it to a long text; others are sent on."""
    stripped = "application/vnd.pgrst.array+json;nulls=stripped"

    assert rewrites(read_plan("GET /jobs", GENEROUS, accept="text/csv"), "[{}]") == "[{}]"
    assert rewrites(read_plan("GET /jobs", GENEROUS, accept=stripped), "[{}]") == "[{}]"
    assert rewrites(read_plan("GET /jobs", GENEROUS), "[{}]") == ""
    assert rewrites(read_plan("GET /jobs", GENEROUS, accept="text/csv"), None) == ""


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_are_written_anew_one_by_one(count: int) -> None:
    """However many there are, with commas and brackets inside of their texts too."""
    text = orjson.dumps([{"id": 1, "title": 'a],["{', "salary": None}] * count).decode()
    stripped = "application/vnd.pgrst.array+json;nulls=stripped"

    bare = read("GET /jobs?select=id,title,salary", text, count, accept=stripped)
    assert orjson.loads(bare.body) == [{"id": 1, "title": 'a],["{'}] * count
    lines = read("GET /jobs?select=id,title,salary", text, count, accept="text/csv")
    assert lines.body.decode().split("\n") == ["id,title,salary"] + ['1,"a],[""{",'] * count
