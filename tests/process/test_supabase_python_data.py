"""Every method of the official Python client's data builder, on the job board."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from postgrest import CountMethod, ReturnMethod
from postgrest.exceptions import APIError
from supabase import Client, create_client
from tests.process.board import SETTINGS, job_board
from tests.process.server import serving

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

Ask = Callable[[Any], Any]

ABOUT = "A description of twenty characters and more."
JOB: dict[str, Any] = {
    "description": ABOUT,
    "employment": "full-time",
    "remote": True,
    "location": None,
    "salary": None,
    "tags": [],
    "status": "open",
}
JOBS: list[dict[str, Any]] = [
    JOB | {"title": "Python dev", "company": "acme", "salary": 60000, "tags": ["python", "sql"]},
    JOB | {"title": "Go dev", "company": "acme", "remote": False, "location": "Berlin"},
    JOB | {"title": "Designer", "company": "blue", "salary": 50000, "employment": "part-time"},
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Give the service role's client, two companies and three jobs."""
    with serving(job_board(tmp_path_factory.mktemp("python")), env=SETTINGS) as served:
        made = create_client(served.url, served.keys["secret_key"])
        companies = [{"handle": "acme", "name": "Acme"}, {"handle": "blue", "name": "Blue"}]
        made.table("companies").insert(companies).execute()
        made.table("jobs").insert(JOBS).execute()
        yield made
        made.postgrest.session.close()
    # The client leaves other sockets to the garbage collector: now, not in somebody else's test.
    del made
    gc.collect()


FILTERS: dict[str, tuple[Ask, list[int]]] = {
    "eq": (lambda q: q.eq("title", "Designer"), [3]),
    "neq": (lambda q: q.neq("company", "acme"), [3]),
    "gt": (lambda q: q.gt("salary", 50000), [1]),
    "gte": (lambda q: q.gte("salary", 50000), [1, 3]),
    "lt": (lambda q: q.lt("salary", 60000), [3]),
    "lte": (lambda q: q.lte("salary", 60000), [1, 3]),
    "is_": (lambda q: q.is_("salary", "null"), [2]),
    "like": (lambda q: q.like("title", "%dev"), [1, 2]),
    "ilike": (lambda q: q.ilike("title", "%DEV"), [1, 2]),
    "like_all_of": (lambda q: q.like_all_of("title", "%dev,P%"), [1]),
    "like_any_of": (lambda q: q.like_any_of("title", "Go%,D%"), [2, 3]),
    "ilike_all_of": (lambda q: q.ilike_all_of("title", "%DEV,p%"), [1]),
    "ilike_any_of": (lambda q: q.ilike_any_of("title", "go%,d%"), [2, 3]),
    "in_": (lambda q: q.in_("title", ["Designer", "no, such (one)"]), [3]),
    "contains": (lambda q: q.contains("tags", ["python"]), [1]),
    "cs": (lambda q: q.cs("tags", ["sql"]), [1]),
    "contained_by": (lambda q: q.contained_by("tags", ["python", "sql"]), [1, 2, 3]),
    "cd": (lambda q: q.cd("tags", ["go"]), [2, 3]),
    "overlaps": (lambda q: q.overlaps("tags", ["sql", "go"]), [1]),
    "ov": (lambda q: q.ov("tags", ["go"]), []),
    "fts": (lambda q: q.fts("title", "design"), [3]),
    "plfts": (lambda q: q.plfts("title", "devs go"), [2]),
    "phfts": (lambda q: q.phfts("title", "go dev"), [2]),
    "wfts": (lambda q: q.wfts("title", "dev -go"), [1]),
    "match": (lambda q: q.match({"company": "acme", "remote": True}), [1]),
    "not_": (lambda q: q.not_.eq("company", "acme"), [3]),
    "or_": (lambda q: q.or_("salary.gt.55000,title.eq.Designer"), [1, 3]),
    "filter": (lambda q: q.filter("salary", "in", "(60000,70000)"), [1]),
    "filter, negated": (lambda q: q.filter("tags", "not.cs", "{python}"), [2, 3]),
    "not_, in_": (lambda q: q.not_.in_("id", [1, 2]), [3]),
    "not_, is_": (lambda q: q.not_.is_("location", "null"), [2]),
    "contains, as text": (lambda q: q.contains("tags", "{sql}"), [1]),
    "in_, reserved characters": (lambda q: q.in_("title", ['a"b', "a\\b", "(c)"]), []),
    "or_, quoted": (lambda q: q.or_('title.eq."Designer",title.eq."a,b(c)"'), [3]),
    "text, by words": (lambda q: q.wfts("title", "designer or go"), [2, 3]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(client: Client, name: str) -> None:
    """Each filter finds the jobs that it finds on PostgreSQL."""
    narrow, expected = FILTERS[name]
    found: Any = narrow(client.table("jobs").select("id")).order("id").execute().data
    assert [row["id"] for row in found] == expected


RANGES: dict[str, tuple[Ask, list[int]]] = {
    "range_gt": (lambda q: q.range_gt("floors", [0, 3]), [2]),
    "range_gte": (lambda q: q.range_gte("floors", [2, 9]), [2]),
    "range_lt": (lambda q: q.range_lt("floors", [3, 9]), [1]),
    "range_lte": (lambda q: q.range_lte("floors", [0, 7]), [1, 2]),
    "range_adjacent": (lambda q: q.range_adjacent("floors", [6, 9]), [2]),
    "sl": (lambda q: q.sl("floors", [3, 9]), [1]),
    "sr": (lambda q: q.sr("floors", [0, 3]), [2]),
    "nxl": (lambda q: q.nxl("floors", [2, 9]), [2]),
    "nxr": (lambda q: q.nxr("floors", [0, 7]), [1, 2]),
    "adj": (lambda q: q.adj("floors", [6, 9]), [2]),
    "contains": (lambda q: q.contains("floors", "[1,2]"), [1]),
    "overlaps": (lambda q: q.overlaps("floors", "[3,4]"), [1, 2]),
}


@pytest.fixture(scope="module")
def stays(client: Client) -> Client:
    """Give two stays as well: on floors 1 to 3, and 4 to 6."""
    during = "[2026-05-01,2026-05-02)"
    rows = [{"floors": "[1,3]", "during": during}, {"floors": "[4,7)", "during": during}]
    client.table("stays").insert(rows).execute()
    return client


@pytest.mark.parametrize("name", RANGES)
def test_ranges(stays: Client, name: str) -> None:
    """Each filter finds the stays that it finds on PostgreSQL."""
    narrow, expected = RANGES[name]
    found: Any = narrow(stays.table("stays").select("id")).order("id").execute().data
    assert [row["id"] for row in found] == expected


SHAPES: dict[str, tuple[Ask, Any]] = {
    "select": (
        lambda jobs: jobs.select("called:title", "pay:salary::text").eq("id", 1),
        [{"called": "Python dev", "pay": "60000"}],
    ),
    "to one": (
        lambda jobs: jobs.select("id, companies(name)").eq("id", 3),
        [{"id": 3, "companies": {"name": "Blue"}}],
    ),
    "order": (
        lambda jobs: jobs.select("id").order("salary", desc=True, nullsfirst=True),
        [{"id": 2}, {"id": 1}, {"id": 3}],
    ),
    "limit, offset": (lambda jobs: jobs.select("id").order("id").limit(1).offset(1), [{"id": 2}]),
    "range": (lambda jobs: jobs.select("id").order("id").range(1, 5), [{"id": 2}, {"id": 3}]),
    "single": (lambda jobs: jobs.select("id").eq("id", 1).single(), {"id": 1}),
    "csv": (lambda jobs: jobs.select("id, location").eq("id", 2).csv(), "id,location\n2,Berlin"),
    "csv, of none": (lambda jobs: jobs.select("id, title").eq("id", 99).csv(), "id,title"),
    "embedded twice": (
        lambda jobs: jobs.select("companies(jobs(id))").eq("id", 1).limit(1),
        [{"companies": {"jobs": [{"id": 1}, {"id": 2}]}}],
    ),
    "limit, none": (lambda jobs: jobs.select("id").limit(0), []),
    "strip_nulls": (
        lambda jobs: jobs.select("id, salary").gt("id", 1).order("id").strip_nulls(),
        [{"id": 2}, {"id": 3, "salary": 50000}],
    ),
    "text_search": (
        lambda jobs: jobs.select("id").text_search("title", "dev", {"config": "english"}),
        [{"id": 1}, {"id": 2}],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(client: Client, name: str) -> None:
    """What is selected, in which order, how much of it and in which form."""
    asked, expected = SHAPES[name]
    assert asked(client.table("jobs")).execute().data == expected


def test_counts(client: Client) -> None:
    """A count comes with the rows, or alone."""
    counted = client.table("jobs").select("id", count=CountMethod.exact).limit(1).execute()
    alone = client.table("jobs").select("id", count=CountMethod.exact, head=True).execute()

    assert (counted.count, counted.data) == (3, [{"id": 1}])
    assert alone.count == 3
    for method in (CountMethod.planned, CountMethod.estimated):
        assert client.table("jobs").select("id", count=method).limit(1).execute().count == 3


def test_maybe_single(client: Client) -> None:
    """No row is no error."""
    jobs = client.table("jobs")
    assert jobs.select("id").eq("id", 99).maybe_single().execute() is None
    found = jobs.select("id").eq("id", 1).maybe_single().execute()
    assert found is not None
    assert found.data == {"id": 1}


def test_explain(client: Client) -> None:
    """The plan is the database's own."""
    assert "SEARCH" in str(client.table("jobs").select("id").eq("id", 1).explain().execute())


def test_functions(client: Client) -> None:
    """Called by POST and by GET, their rows read on like a table's, and refusals told."""
    rows = client.rpc("paid", {"least": 50000}).select("title").order("title").execute()
    counted = client.rpc("paid", {"least": 50000}, count=CountMethod.exact, head=True).execute()
    shouted = client.table("jobs").select("shouted").eq("shouted", "GO DEV").execute()

    assert client.rpc("add", {"a": 1, "b": 2}).execute().data == 3
    assert client.rpc("add", {"a": 1}, get=True).execute().data == 2
    assert rows.data == [{"title": "Designer"}, {"title": "Python dev"}]
    assert counted.count == 2
    assert shouted.data == [{"shouted": "GO DEV"}]
    with pytest.raises(APIError) as refused:
        client.rpc("found", {"handle": "fern", "fail": True}).execute()
    assert (refused.value.code, refused.value.message) == ("P0001", "No more companies")


def test_writes(client: Client) -> None:
    """Insert, upsert, update and delete, each with what it gives back."""
    companies = client.table("companies")
    new = {"handle": "cyan", "name": "Cyan"}
    changed = new | {"name": "Cyan 2"}

    assert companies.insert(new, returning=ReturnMethod.minimal).execute().data == []
    upserted: Any = companies.upsert(changed).execute().data
    kept = companies.upsert(new, ignore_duplicates=True, on_conflict="handle").execute()
    updated = companies.update({"city": "Rome"}).eq("handle", "cyan").select("city").execute()
    deleted: Any = companies.delete(count=CountMethod.exact).eq("handle", "cyan").execute()

    assert upserted[0]["name"] == "Cyan 2"
    assert kept.data == []
    assert updated.data == [{"city": "Rome"}]
    assert (deleted.count, deleted.data[0]["handle"]) == (1, "cyan")


REFUSED: dict[str, tuple[Ask, str]] = {
    "schema": (lambda c: c.table("jobs").insert(JOBS[0] | {"title": "x"}), "23514"),
    "unique": (lambda c: c.table("companies").insert({"handle": "acme", "name": "A"}), "23505"),
    "unknown column": (lambda c: c.table("jobs").select("nope"), "42703"),
    "unknown table": (lambda c: c.table("jbs").select("*"), "PGRST205"),
    "unfiltered": (lambda c: c.table("jobs").delete(), "21000"),
    "single": (lambda c: c.table("jobs").select("id").single(), "PGRST116"),
    "max_affected": (
        lambda c: c.table("jobs").update({"salary": 9000}).gt("id", 0).max_affected(1),
        "PGRST124",
    ),
    "no range": (lambda c: c.table("jobs").select("id").range_gt("salary", [1, 2]), "42883"),
    "rpc": (lambda c: c.rpc("nothing", {"a": 1}), "PGRST202"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(client: Client, name: str) -> None:
    """Each error has PostgREST's code."""
    asked, code = REFUSED[name]
    with pytest.raises(APIError) as refused:
        asked(client).execute()
    assert refused.value.code == code
