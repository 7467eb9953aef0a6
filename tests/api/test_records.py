"""Reading rows: filters, order, windows, counts, single objects, HEAD, and what is not there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing import Client

THINGS = table(
    {
        "name": {"type": "string"},
        "size": {"type": ["integer", "null"]},
        "open": {"type": "boolean"},
        "made": {"type": "string", "format": "date-time"},
    }
)
MADE = "2026-01-0{}T00:00:00Z"
ROWS = [
    {"name": "Anvil", "size": 3, "open": True, "made": MADE.format(1)},
    {"name": "bell", "size": None, "open": False, "made": MADE.format(2)},
    {"name": "Chisel", "size": 1, "open": True, "made": MADE.format(3)},
    {"name": "a_b%", "size": 3, "open": False, "made": MADE.format(4)},
]


@pytest.fixture
def anyone(serve: Serve) -> Client:
    client = serve({"things": THINGS}).anonymous
    assert client.post("/things", ROWS).status == 201
    return client


def ids(client: Client, **params: str) -> list[int]:
    answer = client.get("/things", {"select": "id"} | params)
    assert answer.status == 200, answer.text
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize(
    ("column", "condition", "found"),
    [
        ("name", "eq.bell", [2]),
        ("name", "neq.bell", [1, 3, 4]),
        ("size", "gt.1", [1, 4]),
        ("size", "gte.1", [1, 3, 4]),
        ("size", "lt.3", [3]),
        ("size", "lte.3", [1, 3, 4]),
        ("size", "eq.3", [1, 4]),
        ("size", "neq.3", [3]),
        ("size", "not.eq.3", [3]),
        ("size", "is.null", [2]),
        ("size", "not.is.null", [1, 3, 4]),
        ("open", "is.true", [1, 3]),
        ("open", "is.false", [2, 4]),
        ("open", "not.is.true", [2, 4]),
        ("size", "in.(1,2)", [3]),
        ("size", "not.in.(1,2)", [1, 4]),
        ("name", 'in.(bell,"Chisel")', [2, 3]),
        ("name", "in.()", []),
        ("name", "like.*n*", [1]),
        ("name", "like.A%", [1]),
        ("name", "like.a%", [4]),
        ("name", "ilike.a%", [1, 4]),
        ("name", "not.ilike.a%", [2, 3]),
        ("name", r"like.a\_b\%", [4]),
        ("name", "match.^[A-C]", [1, 3]),
        ("name", "imatch.^[A-C]", [1, 2, 3, 4]),
        ("made", "gt.2026-01-03T01:00:00+01:00", [4]),
        ("made", "lt.2026-01-02", [1]),
    ],
)
def test_a_filter_finds_its_rows(
    anyone: Client, column: str, condition: str, found: list[int]
) -> None:
    """Each operator means what PostgreSQL means, NULL and letter case included."""
    assert ids(anyone, **{column: condition}) == found


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"size": "eq.3", "open": "is.true"}, [1]),
        ({"or": "(name.eq.bell,size.eq.1)"}, [2, 3]),
        ({"and": "(size.eq.3,not.or(name.eq.Anvil,open.is.true))"}, [4]),
        ({"not.or": "(open.is.true,size.is.null)"}, [4]),
        ({"size": ["gte.1", "lt.3"]}, [3]),
    ],
)
def test_filters_join(anyone: Client, params: dict[str, Any], found: list[int]) -> None:
    """Several filters are joined with AND; trees of and, or and not say more."""
    assert ids(anyone, **params) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("size", [3, 1, 4, 2]),
        ("size.desc", [2, 1, 4, 3]),
        ("size.asc.nullsfirst", [2, 3, 1, 4]),
        ("size.desc.nullslast,id.desc", [4, 1, 3, 2]),
        ("name", [1, 3, 4, 2]),
        ("name.desc", [2, 4, 3, 1]),
    ],
)
def test_order_is_by_bytes_and_nulls_count_as_the_greatest(
    anyone: Client, order: str, found: list[int]
) -> None:
    """Ascending, nulls come last and capitals first, as in PostgreSQL's C collation."""
    assert ids(anyone, order=order) == found


def test_select_chooses_and_renames_columns(anyone: Client) -> None:
    """The keys come in the order asked for."""
    answer = anyone.get("/things", {"select": "title:name,id,size::text", "id": "eq.1"})

    assert answer.text == '[{"title":"Anvil","id":1,"size":"3"}]'


@pytest.mark.parametrize(
    ("params", "headers", "status", "span", "found"),
    [
        ({"limit": "2"}, {}, 200, "0-1/*", [1, 2]),
        ({"limit": "2", "offset": "3"}, {}, 200, "3-3/*", [4]),
        ({"limit": "0"}, {}, 200, "*/*", []),
        ({"offset": "9"}, {}, 200, "*/*", []),
        ({}, {"range": "1-2"}, 200, "1-2/*", [2, 3]),
        ({}, {"range": "2-"}, 200, "2-3/*", [3, 4]),
        ({}, {"prefer": "count=exact"}, 200, "0-3/4", [1, 2, 3, 4]),
        ({"limit": "2"}, {"prefer": "count=exact"}, 206, "0-1/4", [1, 2]),
        ({"size": "eq.3", "limit": "1"}, {"prefer": "count=exact"}, 206, "0-0/2", [1]),
        ({"name": "eq.x"}, {"prefer": "count=exact"}, 200, "*/0", []),
    ],
)
def test_a_window_says_which_rows_it_shows(
    anyone: Client,
    params: dict[str, str],
    headers: dict[str, str],
    status: int,
    span: str,
    found: list[int],
) -> None:
    """Content-Range holds the total when it was asked for; 206 only if it is known and partial."""
    answer = anyone.get("/things", {"select": "id"} | params, **headers)

    assert (answer.status, answer.headers["content-range"]) == (status, span)
    assert [row["id"] for row in answer.json()] == found
    applied = answer.headers.get("preference-applied")
    assert applied == ("count=exact" if "prefer" in headers else None)


def test_an_offset_behind_the_last_row_is_refused_when_the_total_is_known(anyone: Client) -> None:
    """416, and Content-Range says how many rows there are."""
    answer = anyone.get("/things", {"offset": "9"}, prefer="count=exact")

    body = refused(answer, 416, "PGRST103")
    assert body["details"] == "An offset of 9 was requested, but there are only 4 rows."
    assert answer.headers["content-range"] == "*/4"


def test_one_row_comes_as_an_object(anyone: Client) -> None:
    """The object media type takes the array away, and its name is told back."""
    kind = "application/vnd.pgrst.object+json"
    answer = anyone.get("/things", {"id": "eq.2", "select": "id,name"}, accept=kind)

    assert (answer.status, answer.text) == (200, '{"id":2,"name":"bell"}')
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"


@pytest.mark.parametrize(("size", "count"), [("3", 2), ("99", 0)])
def test_an_object_of_several_rows_or_none_is_refused(
    anyone: Client, size: str, count: int
) -> None:
    """PGRST116, with how many there were."""
    answer = anyone.get(
        "/things", {"size": f"eq.{size}"}, accept="application/vnd.pgrst.object+json"
    )

    body = refused(answer, 406, "PGRST116")
    assert body["message"] == "Cannot coerce the result to a single JSON object"
    assert body["details"] == f"The result contains {count} rows"


def test_head_answers_with_the_headers_alone(anyone: Client) -> None:
    """Status and headers are those of GET."""
    asked = {"prefer": "count=exact"}
    answer = anyone.request("HEAD", "/rest/v1/things", {"limit": "1"}, None, asked)

    assert (answer.status, answer.body) == (206, b"")
    assert answer.headers["content-range"] == "0-0/4"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "params", "status", "code", "message", "hint"),
    [
        (
            "/thing",
            {},
            404,
            "PGRST205",
            "Could not find the table 'public.thing' in the schema cache",
            "Perhaps you meant the table 'public.things'",
        ),
        (
            "/auth.users",
            {},
            404,
            "PGRST205",
            "Could not find the table 'public.auth.users' in the schema cache",
            None,
        ),
        ("/things", {"nope": "eq.1"}, 400, "42703", "column things.nope does not exist", None),
        ("/things", {"select": "nope"}, 400, "42703", "column things.nope does not exist", None),
        ("/things", {"order": "nope"}, 400, "42703", "column things.nope does not exist", None),
        (
            "/things",
            {"size": "eq.big"},
            400,
            "22P02",
            'invalid input syntax for type integer: "big"',
            None,
        ),
    ],
)
def test_a_question_without_meaning_is_refused_in_words(
    anyone: Client,
    path: str,
    params: dict[str, str],
    status: int,
    code: str,
    message: str,
    hint: str | None,
) -> None:
    """Unknown tables and columns, and values of the wrong type, have PostgREST's codes."""
    answer = anyone.get(path, params)

    body = refused(answer, status, code)
    assert (body["message"], body["hint"]) == (message, hint)
    assert answer.headers["proxy-status"] == f"PostgREST; error={code}"
