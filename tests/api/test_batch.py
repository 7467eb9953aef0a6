"""Batches: several ordinary requests in one, all of them or none."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.testing import Client
from jotbase.testing.backend import TestBackend
from jotbase.testing.client import Answer

TEXT = {"type": "string"}
RULES = {
    "select": "True",
    "insert": "new.owner == user.id",
    "update": "row.owner == user.id and new.owner == row.owner",
    "delete": "row.owner == user.id",
}
COMPANIES = table(
    {"name": {**TEXT, "minLength": 2}, "doc": {"type": ["object", "null"]}},
    required=["name"],
    unique=[["name"]],
)
JOBS = table(
    {"title": TEXT, "company_id": {"type": "integer", "references": "companies.id"}},
    required=["title", "company_id"],
)
NOTES = table({"text": TEXT, "owner": {**TEXT, "format": "uuid"}}, access=RULES)
ECHO = {"Prefer": "return=representation"}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"companies": COMPANIES, "jobs": JOBS, "notes": NOTES})


@pytest.fixture
def anyone(backend: TestBackend) -> Client:
    return backend.anonymous


def batch(client: Client, *operations: Any, **headers: str) -> Answer:
    """Send the operations as one batch."""
    return client.request("POST", "/rest/v1/", None, list(operations), headers)


def insert(path: str, body: Any, name: str | None = None) -> dict[str, Any]:
    """Return an operation that inserts and answers with what it inserted."""
    named = {} if name is None else {"as": name}
    return {"method": "POST", "path": path, "headers": ECHO, "body": body, **named}


def ref(text: str) -> dict[str, str]:
    return {"$ref": text}


def names(client: Client) -> list[str]:
    return [row["name"] for row in client.get("/companies", {"order": "id"}).json()]


def failed(answer: Answer, status: int, code: str, operation: int | None) -> Any:
    """Return the body of a refusal, which must name the operation."""
    told = answer.json()
    assert (answer.status, told["code"], told.get("operation")) == (status, code, operation), told
    return told


def test_a_later_operation_names_what_an_earlier_one_made(anyone: Client) -> None:
    """Each is answered as it would be alone, in order."""
    answer = batch(
        anyone,
        insert("companies?select=id", {"name": "Acme"}, "company"),
        insert("jobs", {"title": "smith", "company_id": ref("company/0/id")}),
    )

    assert answer.status == 200
    told = {"Content-Type": "application/json; charset=utf-8", "Content-Range": "*/*"}
    told |= {"Preference-Applied": "return=representation"}
    assert answer.json() == [
        {"status": 201, "headers": told, "body": [{"id": 1}]},
        {"status": 201, "headers": told, "body": [{"id": 1, "title": "smith", "company_id": 1}]},
    ]


def test_one_that_fails_undoes_all(anyone: Client) -> None:
    """The error is that operation's own, with its place in the list."""
    answer = batch(
        anyone,
        insert("companies", {"name": "Acme"}),
        insert("companies", {"name": "A"}),
        insert("companies", {"name": "Bolt"}),
    )

    told = failed(answer, 400, "23514", 1)
    assert told["details"][0]["pointer"] == "/name"
    assert names(anyone) == []


def test_what_the_database_refuses_undoes_all(anyone: Client) -> None:
    """A clash with a row of the same batch is one with any row."""
    twice = [insert("companies", {"name": "Acme"})] * 2

    failed(batch(anyone, *twice), 409, "23505", 1)
    assert names(anyone) == []


def test_reads_see_the_writes_before_them(anyone: Client) -> None:
    """But not those behind them."""
    look = {"method": "GET", "path": "companies?select=name"}
    answer = batch(anyone, look, insert("companies", {"name": "Acme"}), look)

    assert [one["body"] for one in answer.json()[::2]] == [[], [{"name": "Acme"}]]


def test_a_filter_takes_a_reference_as_its_value(anyone: Client) -> None:
    """As a value and never as syntax, whatever is in it."""
    told = 'a,b)"&or=(id.gt.0'
    answer = batch(
        anyone,
        insert("companies", [{"name": told}, {"name": "other"}], "made"),
        {"method": "DELETE", "path": "companies?name=eq.$ref(made/0/name)"},
    )

    assert [one["status"] for one in answer.json()] == [201, 204]
    assert names(anyone) == ["other"]


def test_data_that_looks_like_a_reference_is_written_as_a_literal(anyone: Client) -> None:
    """`$literal` gives its value as it is; what has more keys than `$ref` is data anyhow."""
    doc = {"a": {"$literal": {"$ref": "x"}}, "b": {"$ref": "x", "more": 1}, "c": {"$ref": 5}}
    answer = batch(anyone, insert("companies?select=doc", {"name": "Acme", "doc": doc}))

    kept = {"a": {"$ref": "x"}, "b": {"$ref": "x", "more": 1}, "c": {"$ref": 5}}
    assert answer.json()[0]["body"] == [{"doc": kept}]


def test_rules_hold_for_each_operation(backend: TestBackend) -> None:
    """Somebody else's row stops the whole batch."""
    ann, bob = backend.user("ann@example.com"), backend.user("bob@example.com")
    mine = insert("notes", {"text": "mine", "owner": ann.id})

    assert batch(ann, mine).status == 200
    failed(batch(ann, mine, insert("notes", {"text": "his", "owner": bob.id})), 403, "42501", 1)
    failed(batch(backend.anonymous, mine), 401, "42501", 0)
    assert [row["text"] for row in ann.get("/notes").json()] == ["mine"]


@pytest.mark.parametrize("header", ["Authorization", "apikey", "Cookie", "DPoP", "X-Real-Ip"])
def test_no_operation_brings_a_caller_of_its_own(backend: TestBackend, header: str) -> None:
    """Headers that say who calls, and any that are unknown, are refused before anything runs."""
    smuggled = {"method": "GET", "path": "notes", "headers": {header: backend.service.key}}
    answer = batch(backend.anonymous, insert("companies", {"name": "Acme"}), smuggled)

    told = failed(answer, 400, "PGRST102", 1)
    assert backend.service.key not in answer.text
    assert header in told["message"]
    assert names(backend.anonymous) == []


def test_preferences_of_ordinary_writes_hold(anyone: Client) -> None:
    """`max-affected`, upserts, and one object for one row."""
    strict = {"Prefer": "handling=strict, max-affected=1"}
    upsert = {"Prefer": "resolution=merge-duplicates, return=representation"}
    single = {"Accept": "application/vnd.pgrst.object+json", **upsert}
    two = insert("companies", [{"name": "Acme"}, {"name": "Bolt"}], "two")
    path = "companies?on_conflict=name&select=id"
    merge = {"method": "POST", "path": path, "headers": single, "body": {"name": "Bolt"}}
    told = batch(anyone, two, merge).json()

    assert (told[1]["status"], told[1]["body"]) == (200, {"id": 2})
    sweep = {"method": "DELETE", "path": "companies?id=gt.0", "headers": strict}
    failed(batch(anyone, sweep), 400, "PGRST124", 0)
    assert names(anyone) == ["Acme", "Bolt"]


def test_a_batch_can_be_tried_out(serve: Serve) -> None:
    """`Prefer: tx=rollback` on the batch: answered as if done, and nothing is kept."""
    tables = {"companies": COMPANIES, "jobs": JOBS}
    client = serve(tables, tx_end="commit-allow-override").anonymous
    company = insert("companies", {"name": "Acme"}, "company")
    job = insert("jobs?select=title", {"title": "smith", "company_id": ref("company/0/id")})
    tried = batch(client, company, job, prefer="tx=rollback").json()

    assert tried[1]["body"] == [{"title": "smith"}]
    assert names(client) == []
    own = {**company, "headers": {"Prefer": "tx=rollback"}}
    failed(batch(client, own), 400, "PGRST102", 0)


@pytest.mark.parametrize(
    ("reference", "operation", "message"),
    [
        ("nobody/0/id", 1, "the reference 'nobody/0/id' names no earlier operation"),
        ("me/0/id", 1, "the reference 'me/0/id' names no earlier operation"),
        ("later/0/id", 1, "the reference 'later/0/id' names no earlier operation"),
        ("quiet/0/id", 1, "the operation 'quiet' answers nothing to refer to"),
        ("0/id", 1, "cannot read the reference '0/id'"),
        ("quiet/~2", 1, "cannot read the reference 'quiet/~2'"),
    ],
)
def test_references_to_nothing_are_refused_before_anything_runs(
    anyone: Client, reference: str, operation: int, message: str
) -> None:
    """Unknown names, one's own, later ones, and operations that answer nothing."""
    quiet = {"method": "POST", "path": "companies", "body": {"name": "Acme"}, "as": "quiet"}
    job = insert("jobs", {"title": "smith", "company_id": ref(reference)}, "me")
    later = insert("companies", {"name": "Late"}, "later")

    told = failed(batch(anyone, quiet, job, later), 400, "22023", operation)
    assert told["message"] == message
    assert names(anyone) == []


def test_a_reference_that_finds_nothing_undoes_all(anyone: Client) -> None:
    """The update of no row answers an empty list."""
    none = {"method": "PATCH", "path": "companies?id=eq.9", "headers": ECHO, "as": "none"}
    answer = batch(
        anyone,
        insert("companies", {"name": "Acme"}),
        {**none, "body": {"name": "New"}},
        insert("jobs", {"title": "smith", "company_id": ref("none/0/id")}),
    )

    assert failed(answer, 400, "22023", 2)["message"] == "the reference 'none/0/id' finds nothing"
    assert names(anyone) == []


def test_limits(serve: Serve) -> None:
    """How many operations, and how many rows a read gives, are the project's settings."""
    client = serve({"companies": COMPANIES}, max_operations=2, max_rows=1).anonymous
    rows = insert("companies", [{"name": "Acme"}, {"name": "Bolt"}])
    look = {"method": "GET", "path": "companies"}

    assert len(batch(client, rows, look).json()[1]["body"]) == 1
    failed(batch(client, look, look, look), 413, "53400", None)


MALFORMED: list[tuple[Any, int | None, str]] = [
    ({}, None, "PGRST102"),
    ([1], 0, "PGRST102"),
    ([{}], 0, "PGRST102"),
    ([{"method": "post", "path": "companies"}], 0, "PGRST102"),
    ([{"method": "GET", "path": ""}], 0, "PGRST102"),
    ([{"method": "GET", "path": "http://a/b"}], 0, "PGRST102"),
    ([{"method": "GET", "path": "companies", "body": {}}], 0, "PGRST102"),
    ([{"method": "GET", "path": "companies", "extra": 1}], 0, "PGRST102"),
    ([{"method": "GET", "path": "companies", "as": "a/b"}], 0, "PGRST102"),
    ([{"method": "GET", "path": "companies", "as": "a"}] * 2, 1, "PGRST102"),
    ([{"method": "GET", "path": "companies", "headers": []}], 0, "PGRST102"),
    ([{"method": "GET", "path": "companies", "headers": {"Prefer": 1}}], 0, "PGRST102"),
    ([{"method": "POST", "path": "companies"}], 0, "PGRST102"),
    ([{"method": "POST", "path": "companies", "body": {"$ref": "a"}}], 0, "22023"),
    ([{"method": "GET", "path": "companies?or=(id.eq.$ref(a/0))"}], 0, "22023"),
    ([{"method": "GET", "path": "companies?id=in.($ref(a/0),1)"}], 0, "22023"),
    ([{"method": "GET", "path": "companies?limit=$ref(a/0)"}], 0, "22023"),
    ([{"method": "GET", "path": "companies?id=eq.$ref(a/0)"}], 0, "22023"),
    ([{"method": "DELETE", "path": "companies"}], 0, "21000"),
    ([{"method": "GET", "path": "nothing"}], 0, "PGRST205"),
    ([{"method": "POST", "path": "/", "body": []}], 0, "PGRST125"),
]


@pytest.mark.parametrize(("body", "operation", "code"), MALFORMED)
def test_malformed_batches_run_nothing(
    anyone: Client, body: Any, operation: int | None, code: str
) -> None:
    """Whatever is wrong with any operation is told before the first one runs."""
    if isinstance(body, list) and operation == 0:
        body, operation = [insert("companies", {"name": "Acme"}), *body], 1
    told = anyone.request("POST", "/rest/v1/", None, body).json()

    assert (told["code"], told.get("operation")) == (code, operation), told
    assert names(anyone) == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_operation_shows_its_plan(serve: Serve, method: str) -> None:
    """A write that shows its plan stores nothing, and the others would be gone with it."""
    client = serve({"companies": COMPANIES}, plan=True).anonymous
    asked = {"Accept": "application/vnd.pgrst.plan"}
    shown = {"method": method, "path": "companies?id=gt.0", "headers": asked}

    assert client.get("/companies", accept="application/vnd.pgrst.plan").status == 200
    failed(batch(client, insert("companies", {"name": "Acme"}), shown), 406, "PGRST107", 1)


def test_followers_are_told_of_all_changes_in_order(serve: Serve) -> None:
    """The log has a batch's changes in the order of its operations, and none of a failed one."""
    tables = {"companies": {**COMPANIES, "realtime": True}, "jobs": {**JOBS, "realtime": True}}
    backend = serve(tables)
    company = insert("companies", {"name": "Acme"}, "c")
    job = insert("jobs", {"title": "smith", "company_id": ref("c/0/id")})
    rename = {"method": "PATCH", "path": "companies?id=eq.$ref(c/0/id)", "body": {"name": "Bolt"}}
    failed(batch(backend.anonymous, company, {**company, "as": "d"}), 409, "23505", 1)
    assert batch(backend.anonymous, company, job, rename).status == 200

    changes = serve.threads.run(backend._backend.engine.changes(0))
    assert [(one.table, one.kind) for one in changes] == [
        ("companies", "INSERT"),
        ("jobs", "INSERT"),
        ("companies", "UPDATE"),
    ]


def test_a_batch_of_nothing_answers_nothing(anyone: Client) -> None:
    """An empty list is one of none."""
    answer = batch(anyone)

    assert (answer.status, answer.text) == (200, "[]")


def test_views_and_keys_in_a_batch(serve: Serve) -> None:
    """A view is written as its table, and PUT takes its key from a reference."""
    view = table({"title": TEXT}, view="select id, name as title from companies")
    client = serve({"companies": COMPANIES, "firms": view}).anonymous
    made = insert("firms?select=id", {"title": "Acme"}, "firm")
    row = {"id": ref("firm/0/id"), "name": "Bolt"}
    put = {"method": "PUT", "path": "companies?id=eq.$ref(firm/0/id)", "headers": ECHO, "body": row}
    told = batch(client, made, put).json()

    assert [one["status"] for one in told] == [201, 200]
    assert told[1]["body"] == [{"id": 1, "name": "Bolt", "doc": None}]
