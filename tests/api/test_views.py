"""Views: embedded in what their tables refer to, and written through under their own rules."""

from __future__ import annotations

import pytest
from tests.api.data_world import KEYED, OPEN, Serve, refused, table

from jotbase.testing import TestBackend

FIRMS = table({"name": {"type": "string"}})
JOBS = table(
    {
        "title": {"type": "string", "minLength": 3},
        "firm_id": {"type": ["integer", "null"], "references": "firms.id"},
        "pay": {"type": "integer", "default": 10},
        "secret": {"type": "string", "default": "hidden"},
    },
    required=["title"],
    access={},
)
LISTED = {
    "type": "object",
    "properties": KEYED
    | {
        "name": {"type": "string"},
        "firm": {"type": ["integer", "null"]},
        "pay": {"type": "integer"},
    },
    "view": "select id, title as name, firm_id as firm, pay from jobs where pay < 100",
    "access": {
        "select": "row.pay < 50",
        "insert": "new.pay < 40",
        "update": "row.name != 'fixed'",
        "delete": "row.pay > 10",
    },
}
COUNTED = {
    "type": "object",
    "properties": {"firm": {"type": ["integer", "null"]}, "jobs": {"type": "integer"}},
    "view": "select firm_id as firm, count(*) as jobs from jobs group by firm_id",
    "access": OPEN,
}
SHOWN = "return=representation"


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    made = serve({"firms": FIRMS, "jobs": JOBS, "listed": LISTED, "counted": COUNTED})
    made.service.post("/firms", [{"name": "Acme"}])
    rows = [("one", 10), ("two", 20), ("fixed", 30), ("hidden by the rule", 60), ("too dear", 200)]
    jobs = [{"title": title, "firm_id": 1, "pay": pay} for title, pay in rows]
    made.service.post("/jobs", jobs)
    return made


def test_views_embed_and_are_embedded(backend: TestBackend) -> None:
    """A reference is followed from the view and into it; the view's rule holds."""
    outward = backend.anonymous.get("/listed", {"select": "name,firms(name)", "id": "eq.1"})
    assert outward.json() == [{"name": "one", "firms": {"name": "Acme"}}]
    inward = backend.anonymous.get("/firms", {"select": "listed(id)"})
    assert inward.json() == [{"listed": [{"id": 1}, {"id": 2}, {"id": 3}]}]


def test_a_row_is_inserted_into_the_table(backend: TestBackend) -> None:
    """The table's schema, defaults and keys hold; the answer has the view's columns."""
    visitor = backend.anonymous
    made = visitor.post("/listed", {"name": "new", "firm": 1}, prefer=SHOWN)

    assert (made.status, made.json()) == (201, [{"id": 6, "name": "new", "firm": 1, "pay": 10}])
    assert backend.service.get("/jobs", {"id": "eq.6", "select": "secret"}).json() == [
        {"secret": "hidden"}
    ]
    refused(visitor.post("/listed", {"name": "x"}), 400, "23514")
    refused(visitor.post("/listed", {"name": "new", "pay": 45}), 401, "42501")
    refused(visitor.post("/listed", {"name": "new", "secret": "x"}), 400, "PGRST204")


def test_what_is_inserted_is_shown_with_its_relations(backend: TestBackend) -> None:
    """The row is looked up in the view again."""
    params = {"select": "name,firms(name)"}
    made = backend.anonymous.post("/listed", {"name": "new", "firm": 1}, params, prefer=SHOWN)
    located = backend.anonymous.post("/listed", {"name": "newer"}, prefer="return=headers-only")

    assert made.json() == [{"name": "new", "firms": {"name": "Acme"}}]
    assert located.headers["location"] == "/listed?id=eq.7"


def test_an_update_stays_within_view_and_rules(backend: TestBackend) -> None:
    """Neither what the view leaves out nor what its rules hide or hold is changed."""
    changed = backend.anonymous.patch("/listed", {"id": "gt.0"}, {"firm": None}, prefer=SHOWN)

    assert [row["id"] for row in changed.json()] == [1, 2]
    left = backend.service.get("/jobs", {"firm_id": "not.is.null", "select": "id"})
    assert [row["id"] for row in left.json()] == [3, 4, 5]
    refused(backend.anonymous.patch("/listed", {"id": "eq.1"}, {"name": "fixed"}), 401, "42501")


def test_a_delete_stays_within_view_and_rules(backend: TestBackend) -> None:
    """The service key passes the rules, but a view shows nobody more than it has."""
    gone = backend.anonymous.delete("/listed", {"pay": "gt.0"}, prefer=SHOWN)
    assert [row["id"] for row in gone.json()] == [2, 3]
    backend.service.delete("/listed", {"pay": "gt.0"})
    assert [row["id"] for row in backend.service.get("/jobs", {"select": "id"}).json()] == [5]


def test_upserts_by_the_key_that_the_view_shows(backend: TestBackend) -> None:
    """A known key is merged, PUT finds it, others are new."""
    rows = [{"id": 1, "name": "changed"}, {"id": 9, "name": "added"}]
    prefer = f"{SHOWN}, resolution=merge-duplicates"
    merged = backend.anonymous.post("/listed", rows, {"select": "id,name"}, prefer=prefer)
    put = backend.anonymous.request(
        "PUT", "/rest/v1/listed", {"id": "eq.1"}, {"id": 1, "name": "put", "pay": 11}
    )

    assert merged.json() == rows
    assert put.json() == [{"id": 1, "name": "put", "firm": 1, "pay": 11}]


def test_upserts_stay_within_the_view(backend: TestBackend) -> None:
    """A row that the view leaves out is not overwritten through it."""
    prefer = "resolution=merge-duplicates"
    told = backend.service.post("/listed", {"id": 5, "name": "mine", "pay": 1}, prefer=prefer)
    refused(told, 403, "42501")
    assert backend.service.get("/jobs", {"id": "eq.5", "select": "title"}).json() == [
        {"title": "too dear"}
    ]


def test_the_table_keeps_its_own_rules(backend: TestBackend) -> None:
    """The view opens nothing but itself."""
    refused(backend.anonymous.post("/jobs", {"title": "new"}), 401, "42501")
    assert backend.anonymous.get("/jobs").json() == []


def test_other_views_are_read(backend: TestBackend) -> None:
    """What counts rows has none of its own; OPTIONS says so."""
    refused(backend.anonymous.post("/counted", {"firm": 1}), 405, "55000")
    asked = backend.anonymous.request("OPTIONS", "/rest/v1/counted")
    assert asked.headers["allow"] == "OPTIONS,GET,HEAD"
    asked = backend.anonymous.request("OPTIONS", "/rest/v1/listed")
    assert asked.headers["allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"


def test_a_view_reads_one_whose_name_is_behind_its_own(serve: Serve) -> None:
    """Names say nothing of the order in which views are made; a start makes them anew."""
    shown = {"type": "object", "properties": KEYED, "access": OPEN}
    names = {"a": "select id from b", "b": "select id from c", "c": "select id from firms"}
    views = {name: shown | {"view": text} for name, text in names.items()}
    backend = serve({"firms": FIRMS, **views})
    backend.service.post("/firms", {"name": "Acme"})

    assert backend.anonymous.get("/a").json() == [{"id": 1}]
