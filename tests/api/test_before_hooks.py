"""`@before`: project code that changes or refuses what is written, as the caller sees it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from orjson import loads
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError
from jotbase.testing import TestBackend
from jotbase.values import Request

CODE = """
import time

from jotbase.functions import Refusal, before, caller, data


@before("insert", "jobs")
def tidy(row):
    if row["title"] == "slow":
        while True:
            pass
    if row["title"] == "asleep":
        time.sleep(3)
    if row["title"] == "broken":
        raise RuntimeError("the password is swordfish")
    if row["title"] == "forbidden":
        raise Refusal("P0001", "No such title", details=row, status=422)
    row["title"] = row["title"].strip()
    row["by"] = caller().role


@before("insert", "jobs")
def numbered(row):
    data().post("log", {"said": row["title"]})
    return row | {"wage": (row.get("wage") or 0) + 1}


@before("update", "jobs")
def closed_stays_closed(change, rows):
    if any(row["title"] == "closed" for row in rows):
        raise Refusal("P0001", f"{len(rows)} rows, one is closed", status=409)
    return change | {"wage": 7}


@before("delete", "jobs")
def keep_the_last(row):
    if row["title"] == "last":
        raise Refusal("P0001", "The last one stays", status=409)
"""
COLUMNS: dict[str, Any] = {
    "title": {"type": "string", "maxLength": 10},
    "by": {"type": "string", "readOnly": False},
    "wage": {"type": "integer"},
}
SCHEMAS = {
    "jobs": table(COLUMNS, unique=[["title"]]),
    "log": table({"said": {"type": "string"}}),
}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve(SCHEMAS, {"functions/__init__.py": CODE})


def ask(backend: TestBackend, method: str, path: str, json: Any = None, **headers: str) -> Any:
    """Ask as an anonymous caller, who is given back what was written."""
    sent = {"prefer": "return=representation"} | headers
    path, _, query = path.partition("?")
    params = dict(parse_qsl(query))
    return backend.anonymous.request(method, f"/rest/v1/{path}", params, json, headers=sent)


def rows(backend: TestBackend, name: str = "jobs") -> list[Any]:
    got: list[Any] = backend.service.request("GET", f"/rest/v1/{name}", {"order": "id"}).json()
    return got


def test_a_row_is_changed_before_it_is_stored(backend: TestBackend) -> None:
    """Hooks run in the order of their declaration, each on what the one before returned."""
    made = ask(backend, "POST", "jobs", {"title": " cook "})
    assert (made.status, made.json()) == (
        201,
        [{"id": 1, "title": "cook", "by": "anon", "wage": 1}],
    )
    assert [one["said"] for one in rows(backend, "log")] == ["cook"]


def test_a_refusal_undoes_all_rows_and_what_hooks_wrote(backend: TestBackend) -> None:
    """A refused row takes its request, and the hook's own writes, along."""
    answer = ask(backend, "POST", "jobs", [{"title": "cook"}, {"title": "forbidden"}])
    told = refused(answer, 422, "P0001")
    assert (told["message"], told["details"]) == ("No such title", {"title": "forbidden"})
    assert (rows(backend), rows(backend, "log")) == ([], [])


def test_what_a_hook_returns_is_validated_as_any_row(backend: TestBackend) -> None:
    """A title that only the hook shortens fits; one that stays too long does not."""
    assert ask(backend, "POST", "jobs", {"title": "   shortened   "}).status == 201
    refused(ask(backend, "POST", "jobs", {"title": "much too long"}), 400, "23514")
    assert len(rows(backend)) == 1


def test_a_failing_hook_says_nothing_of_itself(backend: TestBackend) -> None:
    """An exception other than a refusal is a 500 without its text, and nothing is written."""
    answer = ask(backend, "POST", "jobs", {"title": "broken"})
    assert "swordfish" not in answer.text
    refused(answer, 500, "PGRSTX00")
    assert rows(backend) == []


@pytest.mark.parametrize("title", ["slow", "asleep"])
def test_a_hook_has_its_time(serve: Serve, title: str) -> None:
    """A hook that loops, or waits elsewhere, ends its own request alone."""
    backend = serve(SCHEMAS, {"functions/__init__.py": CODE}, before_timeout=200)
    told = refused(ask(backend, "POST", "jobs", {"title": title}), 504, "25P04")
    assert told["details"] == "The limit of hooks before a write is 200 ms."
    assert ask(backend, "POST", "log", {"said": "on"}).status == 201
    assert rows(backend) == []


NESTED = """
from time import perf_counter
from jotbase.functions import DataError, Refusal, before, data


@before("insert", "log")
def slowly_refused(row):
    end = perf_counter() + 0.05
    while perf_counter() < end:
        pass
    raise Refusal("P0001", "no")


@before("insert", "jobs")
def insists(row):
    for _ in range(20):
        try:
            data().post("log", {"said": "a"})
        except DataError:
            pass
"""


def test_hooks_of_hooks_share_their_time_also_where_they_refuse(serve: Serve) -> None:
    """What a refusal was preceded by counts like what leads to a row."""
    backend = serve(SCHEMAS, {"functions/__init__.py": NESTED}, before_timeout=200)
    refused(ask(backend, "POST", "jobs", {"title": "a"}), 504, "25P04")
    assert rows(backend) == []


def test_an_update_is_asked_about_once_with_the_rows_that_it_is_for(backend: TestBackend) -> None:
    """The hook sees the change and the stored rows, and may change the change or refuse it."""
    ask(backend, "POST", "jobs", [{"title": "cook"}, {"title": "closed"}])
    told = refused(ask(backend, "PATCH", "jobs?wage=gt.0", {"by": "me"}), 409, "P0001")
    assert told["message"] == "2 rows, one is closed"
    changed = ask(backend, "PATCH", "jobs?title=eq.cook", {"by": "me"})
    assert changed.json() == [{"id": 1, "title": "cook", "by": "me", "wage": 7}]
    assert ask(backend, "PATCH", "jobs?title=eq.none", {"by": "me"}).json() == []


def test_a_delete_can_be_refused(backend: TestBackend) -> None:
    """One row that has to stay keeps all that the request names."""
    ask(backend, "POST", "jobs", [{"title": "cook"}, {"title": "last"}])
    refused(ask(backend, "DELETE", "jobs?id=gt.0"), 409, "P0001")
    assert len(rows(backend)) == 2
    assert ask(backend, "DELETE", "jobs?title=eq.cook").status == 200
    assert [one["title"] for one in rows(backend)] == ["last"]


def test_a_merge_is_asked_about_as_insert_and_as_update(backend: TestBackend) -> None:
    """An upsert is no way round the hooks before an update."""
    ask(backend, "POST", "jobs", [{"title": "cook"}, {"title": "closed"}])
    merge = {"prefer": "resolution=merge-duplicates,return=representation"}
    path = "jobs?on_conflict=title"
    refused(ask(backend, "POST", path, {"title": " closed "}, **merge), 409, "P0001")
    merged = ask(backend, "POST", path, [{"title": "cook"}, {"title": "new"}], **merge)
    assert [(one["title"], one["wage"]) for one in merged.json()] == [("cook", 7), ("new", 1)]


def test_hooks_hold_in_a_batch(backend: TestBackend) -> None:
    """An operation of a batch is asked about as any request, in the batch's transaction."""
    put = {"method": "POST", "path": "/jobs", "body": {"title": " a "}, "as": "first"}
    bad = {"method": "POST", "path": "/jobs", "body": {"title": "forbidden"}}
    noted = {"method": "POST", "path": "/log", "body": {"said": "on"}}
    answer = ask(backend, "POST", "", [put, noted, bad])
    assert (answer.status, answer.json()["code"], answer.json()["operation"]) == (422, "P0001", 2)
    assert (rows(backend), rows(backend, "log")) == ([], [])
    assert ask(backend, "POST", "", [put, noted]).status == 200
    assert [one["said"] for one in rows(backend, "log")] == ["a", "on"]
    assert [one["title"] for one in rows(backend)] == ["a"]


def test_hooks_of_a_batch_read_without_max_rows(serve: Serve) -> None:
    """What a hook reads in a batch is what it reads before a single write, and functions after."""
    code = (
        "from jotbase.functions import before, data, rpc\n"
        "def said():\n    return len(data().get('log'))\n"
        "@rpc\ndef count() -> int:\n    return said()\n"
        "@before('insert', 'jobs')\ndef counted(row):\n    row['wage'] = said()\n"
    )
    backend = serve(SCHEMAS, {"functions/__init__.py": code}, max_rows=2)
    backend.service.post("/log", [{"said": text} for text in "abc"])
    put = {"method": "POST", "path": "/jobs", "body": {"title": "a"}}

    assert ask(backend, "POST", "", [put]).status == 200
    assert [one["wage"] for one in rows(backend)] == [3]
    assert backend.service.rpc("count").json() == 3


ASKED = """
from flask import Flask
from jotbase.functions import Refusal, before, data, rpc

app = Flask(__name__)


@app.post("/put")
def put():
    return data().post("jobs", {"title": "view"})


@rpc
def puts() -> None:
    data().post("jobs", {"title": "call"})


@before("insert", "jobs")
def named(row):
    row["by"] = "hook"


@before("delete", "jobs")
def stays(row):
    raise Refusal("P0001", row["title"], status=409)
"""
LISTED = table({"name": {"type": "string"}}) | {"view": "select id, title as name from jobs"}


def test_hooks_hold_for_whatever_writes_through_the_data_api(serve: Serve) -> None:
    """A view of the table, a Flask view and a called function."""
    backend = serve(SCHEMAS | {"listed": LISTED}, {"functions/__init__.py": ASKED})
    service = backend.service

    assert service.post("/listed", {"name": "list"}).status == 201
    assert service.function("put", "POST").status == 200
    assert service.rpc("puts").status == 204
    told = [(one["title"], one["by"]) for one in rows(backend)]
    assert told == [("list", "hook"), ("view", "hook"), ("call", "hook")]
    assert (
        refused(service.delete("/listed", {"name": "eq.list"}), 409, "P0001")["message"] == "list"
    )


def test_seeds_ask_no_hook(serve: Serve) -> None:
    """They are what the project's author wrote, and are stored as they are."""
    files = {"functions/__init__.py": ASKED, "seeds/jobs.json": '[{"title": "seed"}]'}
    seeded = TestBackend(serve.template(SCHEMAS, files), serve.threads, seeds=True)

    try:
        assert [(one["title"], one["by"]) for one in rows(seeded)] == [("seed", None)]
    finally:
        seeded.close()


def test_csv_comes_as_values(backend: TestBackend) -> None:
    """A hook is given the columns' values, however they were sent."""
    client = backend.anonymous
    sent = {"apikey": client.key, "prefer": "return=representation", "content-type": "text/csv"}
    made = client.send(Request("POST", "/rest/v1/jobs", "", sent, b"title,wage\n a ,5\n"))
    assert loads(made.body) == [{"id": 1, "title": "a", "by": "anon", "wage": 6}]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('@before("insert", "nowhere")\ndef f(row): pass', "f is a hook of no table: nowhere"),
        ('@before("upsert", "jobs")\ndef f(row): pass', "is none of insert, update, delete"),
        ('@before("update", "jobs")\ndef f(row): pass', "a change and the rows that it is for"),
        ('@before("insert", "jobs")\ndef f(row):\n    yield row', "gives back no one result"),
    ],
)
def test_a_wrong_declaration_is_told_at_load(serve: Serve, code: str, reason: str) -> None:
    """A hook of no table, of no action or of other parameters is a mistake of the project."""
    with pytest.raises(ProjectError) as told:
        serve(
            SCHEMAS,
            {"functions/__init__.py": f"from jotbase.functions import before\n{code}\n"},
        )
    assert reason in str(told.value)
