"""PostgREST's small print: what an empty select means, what vanishes, what a window does to one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing.client import Client

TEXT = {"type": "string"}
TABLES = {
    "clients": table({"name": TEXT}),
    "projects": table(
        {"name": TEXT, "client": {"type": ["integer", "null"], "references": "clients.id"}}
    ),
    "tasks": table({"project": {"type": "integer", "references": "projects.id"}}),
    "sizes": table({"size": {"type": "number"}, "doc": {"type": ["object", "null"]}}),
}


@pytest.fixture
def client(serve: Serve) -> Client:
    """A client, its project, and the project's task."""
    client = serve(TABLES, aggregates=True).service
    client.post("/clients", {"name": "a"})
    client.post("/projects", {"name": "p", "client": 1})
    client.post("/tasks", {"project": 1})
    client.post("/sizes", [{"size": 8000}, {"size": 800}])
    return client


def test_an_empty_select_is_all_columns(client: Client) -> None:
    """In reads and in what writes give back."""
    assert client.get("/clients", {"select": ""}).json() == [{"id": 1, "name": "a"}]
    changed = client.patch("/clients", {"id": "eq.1", "select": ""}, {"name": "b"})
    assert changed.json() == [{"id": 1, "name": "b"}]


@pytest.mark.parametrize(
    ("select", "row"),
    [
        ("id,projects()", {"id": 1}),
        ("id,projects(tasks())", {"id": 1}),
        ("id,projects(name,tasks())", {"id": 1, "projects": [{"name": "p"}]}),
        ("id,...projects(tasks())", {"id": 1}),
    ],
)
def test_what_selects_nothing_vanishes(client: Client, select: str, row: Any) -> None:
    """With all that holds nothing else."""
    assert client.get("/clients", {"select": select}).json() == [row]


@pytest.mark.parametrize(("window", "found"), [
    ({}, True),
    ({"clients.limit": "1"}, True),
    ({"clients.offset": "0"}, True),
    ({"clients.limit": "0"}, False),
    ({"clients.offset": "1"}, False),
])  # fmt: skip
def test_a_window_holds_for_one_row_too(
    client: Client, window: dict[str, str], found: bool
) -> None:
    """A related row that is skipped, or for which there is no place, is null."""
    one = client.get("/projects", {"select": "id,clients(name)"} | window).json()
    spread = client.get("/projects", {"select": "id,...clients(client:name)"} | window).json()

    assert one == [{"id": 1, "clients": {"name": "a"} if found else None}]
    assert spread == [{"id": 1, "client": "a" if found else None}]


def test_an_alias_is_the_name_where_old_names_are_off(serve: Serve) -> None:
    """In filters, windows and orders alike, and the hint says so."""
    client = serve(TABLES, legacy_target_names=False).service
    for params in (
        {"clients.id": "eq.1"},
        {"clients.offset": "1"},
        {"clients.order": "id"},
        {"order": "clients(id)"},
        {"clients": "is.null"},
    ):
        answer = client.get("/projects", {"select": "id,c:clients(name)"} | params)
        if params == {"clients": "is.null"}:
            assert (answer.status, answer.json()["code"]) == (400, "42703")
            continue
        told = refused(answer, 400, "PGRST108")
        assert told["hint"] == "Verify that 'clients' is included in the 'select' query parameter."


def test_a_number_is_written_as_postgresql_writes_it(client: Client) -> None:
    """A sum of whole numbers in a column of numbers has no fraction as text."""
    assert client.get("/sizes", {"select": "size.sum()::text"}).json() == [{"sum": "8800"}]
    assert client.get("/sizes", {"select": "size::text"}).json()[0] == {"size": "8000"}


@pytest.mark.parametrize(
    ("path", "details"),
    [
        ("doc->>--34", 'unexpected "-" expecting digit'),
        ("doc->-78xy", 'unexpected \'x\' expecting digit, "->", "::", ".", "," or end of input'),
        (
            "doc->(a",
            'unexpected "(" expecting "-", digit or'
            " any non reserved character different from: .,>()",
        ),
        ("doc->a--b", 'unexpected "-" expecting any non reserved character different from: .,>()'),
    ],
)
def test_a_dash_out_of_place_is_a_syntax_error(client: Client, path: str, details: str) -> None:
    """In select, in an order, and as a filter's name."""
    for params in ({"select": path}, {"order": path}, {path: "eq.1"}):
        assert refused(client.get("/sizes", params), 400, "PGRST100")["details"] == details


def test_what_a_put_and_an_empty_merge_answer(client: Client) -> None:
    """A PUT counts nothing, 204 has no length (RFC 9110, 8.6), nothing merged is nothing new."""
    for title, status in (("b", 201), ("c", 204)):
        row = {"id": 2, "name": title}
        minimal = {"prefer": "return=minimal"}
        put = client.request("PUT", "/rest/v1/clients", {"id": "eq.2"}, row, minimal)
        assert (put.status, put.headers.get("content-range")) == (status, None)
        assert put.headers.get("content-length") == ("0" if status == 201 else None)
    for prefer, status in (("resolution=merge-duplicates", 200), ("return=minimal", 201)):
        assert client.post("/clients", [], prefer=prefer).status == status


def test_a_part_of_a_document_may_be_cast_to_text(client: Client) -> None:
    """It is text then, not the document, wherever it stands."""
    client.patch("/sizes", {"id": "eq.1"}, {"doc": {"a": {"b": [1]}, "c": 2}})
    select = "doc::text,doc->a::text,n:doc->c::text,s:doc->>c::text"

    assert client.get("/sizes", {"select": select, "id": "eq.1"}).json() == [
        {"doc": '{"a":{"b":[1]},"c":2}', "a": '{"b":[1]}', "n": "2", "s": "2"}
    ]


@pytest.mark.parametrize("word", ["x", "1.5", "1e3", "+1", "", "٣"])
def test_a_limit_that_is_no_whole_number_is_not_there(client: Client, word: str) -> None:
    """PostgREST reads limit and offset by `readMaybe`, and goes on without what it cannot read."""
    answer = client.get("/sizes", {"limit": word, "offset": word, "select": "size"})

    assert (answer.status, answer.json()) == (200, [{"size": 8000.0}, {"size": 800.0}])


EVERYTHING = (
    "max-affected=9, timezone=UTC, handling=strict, count=exact, return=minimal, missing=default,"
    " resolution=merge-duplicates"
)


@pytest.mark.parametrize(
    ("method", "query", "body", "applied"),
    [
        ("GET", {}, None, "count=exact, handling=strict, timezone=UTC"),
        (
            "POST",
            {},
            [{"name": "c"}],
            "resolution=merge-duplicates, missing=default, return=minimal, count=exact,"
            " handling=strict, timezone=UTC",
        ),
        (
            "PUT",
            {"id": "eq.1"},
            {"id": 1, "name": "c"},
            "return=minimal, count=exact, handling=strict, timezone=UTC",
        ),
        (
            "PATCH",
            {"id": "eq.1"},
            {"name": "c"},
            "missing=default, return=minimal, count=exact, handling=strict, timezone=UTC,"
            " max-affected=9",
        ),
        (
            "DELETE",
            {"id": "eq.9"},
            None,
            "return=minimal, count=exact, handling=strict, timezone=UTC, max-affected=9",
        ),
    ],
)
def test_each_method_tells_which_preferences_it_honours(
    client: Client, method: str, query: dict[str, str], body: Any, applied: str
) -> None:
    """All are given with every method, and what says nothing of it is left out."""
    path = "/rest/v1/clients"
    answer = client.request(method, path, query, body, {"prefer": EVERYTHING})

    assert answer.headers["preference-applied"] == applied


def test_inserts_are_not_bound_by_max_affected(client: Client) -> None:
    """Of changes, removals and calls it is the bound; a body says itself how many rows it has."""
    answer = client.post("/clients", [{"name": "b"}, {"name": "c"}], prefer=_BOUND)

    assert answer.status == 201
    refused(client.patch("/clients", {"id": "gt.0"}, {"name": "d"}, prefer=_BOUND), 400, "PGRST124")


_BOUND = "handling=strict, max-affected=1"


def test_a_search_names_its_language_or_none(client: Client) -> None:
    """Empty parentheses name nothing."""
    refused(client.get("/clients", {"name": "fts().a"}), 400, "PGRST100")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/projects", {"select": "client,count()", "order": "name"}),
        ("/projects", {"select": "count()", "order": "client,name"}),
        ("/sizes", {"select": "doc->a,count()", "order": "doc->b"}),
        ("/clients", {"select": "id,projects(count())", "projects.order": "name"}),
    ],
)
def test_groups_are_not_ordered_by_what_differs_in_them(
    client: Client, path: str, query: dict[str, str]
) -> None:
    """PostgreSQL's error, where SQLite would take any row of the group."""
    told = refused(client.get(path, query), 400, "42803")

    assert "must appear in the GROUP BY clause" in told["message"]


def test_groups_are_ordered_by_what_they_are_grouped_by(client: Client) -> None:
    """A column, whatever it is cast to; and any column where the key is one of them."""
    by_cast = client.get("/sizes", {"select": "size::int,id.count()", "order": "size"})
    by_key = client.get("/sizes", {"select": "id,size.sum()", "order": "size.desc"})

    assert by_cast.json() == [{"size": 800, "count": 1}, {"size": 8000, "count": 1}]
    assert by_key.json() == [{"id": 1, "sum": 8000.0}, {"id": 2, "sum": 800.0}]
    nested = client.get("/sizes", {"select": "doc->a,count()", "order": "doc->a"})
    assert nested.json() == [{"a": None, "count": 2}]
