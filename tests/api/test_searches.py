"""Full-text search: languages, indexes, and rules that hold beside them."""

from __future__ import annotations

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing import TestBackend

TEXT = {"type": ["string", "null"]}
POSTS = table(
    {"title": TEXT, "body": TEXT, "public": {"type": "boolean", "default": True}},
    indexes=[
        {"columns": ["title", "body"], "kind": "fulltext"},
        {"columns": ["body"], "kind": "fulltext", "language": "german"},
    ],
)
RULED = POSTS | {"access": POSTS["access"] | {"select": "row.public"}}
ROWS = [
    {"title": "Running cats", "body": "Die Häuser am Hang"},
    {"title": "A cat in the hat", "body": None},
    {"title": None, "body": "Ein Haus, zwei Katzen"},
    {"title": "secret cats", "body": "Haus", "public": False},
]


@pytest.fixture(params=[True, False], ids=["indexed", "plain"])
def backend(serve: Serve, request: pytest.FixtureRequest) -> TestBackend:
    """Give posts, with indexes and without."""
    made = serve({"posts": RULED if request.param else {**RULED, "indexes": []}})
    for row in ROWS:
        made.service.post("/posts", row)
    return made


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"title": "fts.cat"}, [1, 2]),
        ({"title": "fts(english).runs & cats"}, [1]),
        ({"title": "not.fts.run"}, [2]),
        ({"title": "wfts.-hat"}, [1]),
        ({"title": "phfts.cat in the hat"}, [2]),
        ({"title": "plfts(simple).cats"}, [1]),
        ({"body": "fts(german).haus"}, [1, 3]),
        ({"body": "fts(German).der & haus"}, [1, 3]),
        ({"body": "fts.haus"}, [3]),
        ({"or": "(title.fts.cat,body.fts(german).katze)"}, [1, 2, 3]),
        ({"and": "(title.fts.cat,body.not.is.null)"}, [1]),
    ],
)
def test_what_is_found(backend: TestBackend, query: dict[str, str], ids: list[int]) -> None:
    """PostgreSQL's meaning, with an index or none; a row that the rule hides is never found."""
    answer = backend.anonymous.get("/posts", {"select": "id", **query})

    assert [row["id"] for row in answer.json()] == ids


def test_embedded_rows_are_searched(serve: Serve) -> None:
    """Inside a parent, and to choose parents."""
    columns = {"body": TEXT, "post": {"type": "integer", "references": "posts.id"}}
    index = {"columns": ["body"], "kind": "fulltext"}
    backend = serve({"posts": POSTS, "notes": table(columns, indexes=[index])})
    backend.service.post("/posts", [{"title": "one"}, {"title": "two"}])
    notes = [{"body": text, "post": 1} for text in ("cats", "dogs")]
    backend.service.post("/notes", [*notes, {"body": "a dog", "post": 2}])

    inner = {"select": "id,notes(id)", "notes.body": "fts.dog"}
    assert backend.anonymous.get("/posts", inner).json() == [
        {"id": 1, "notes": [{"id": 2}]},
        {"id": 2, "notes": [{"id": 3}]},
    ]
    chosen = {"select": "id,notes!inner()", "notes.body": "plfts(english).cat"}
    assert backend.anonymous.get("/posts", chosen).json() == [{"id": 1}]


def test_writes_find_by_the_index_too(backend: TestBackend) -> None:
    """What a search changes is what it finds, and what was changed is found otherwise at once."""
    backend.service.patch("/posts", {"title": "dogs"}, {"title": "fts.run"})
    backend.service.delete("/posts", {"title": "fts.hat"})

    left = backend.service.get("/posts", {"select": "id", "title": "fts.dog | cat"})
    assert [row["id"] for row in left.json()] == [1, 4]


@pytest.mark.parametrize(
    ("query", "code"),
    [("fts(klingon).cat", "42704"), ("fts.cat &", "42601"), ("fts(klingon).cat &", "42704")],
)
def test_what_is_no_search(serve: Serve, query: str, code: str) -> None:
    """An unknown language, and a query that is none, whatever rows there are."""
    backend = serve({"posts": POSTS})

    refused(backend.anonymous.get("/posts", {"title": query}), 400, code)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"doc": "fts.cat"}, [1]),
        ({"doc": "phfts.fat cats"}, [1]),
        ({"doc": "phfts.cats sat"}, []),
        ({"doc": "fts.cats <2> sat"}, [1]),
        ({"doc": "plfts.name"}, []),
        ({"doc": "wfts(simple).sat or birds"}, [1, 2]),
        ({"doc": "not.fts.cat"}, [2]),
        ({"doc->more": "fts.sat"}, [1]),
        ({"doc->0->>name": "fts.birds"}, [2]),
        ({"or": "(doc.fts.cat,doc.fts.bird)"}, [1, 2]),
    ],
)
def test_documents_are_searched(serve: Serve, query: dict[str, str], ids: list[int]) -> None:
    """Of a document all texts, names apart, and no phrase goes from one to the next."""
    client = serve({"papers": table({"doc": {"type": ["object", "array"]}})}).anonymous
    client.post("/papers", {"doc": {"name": "Fat cats", "more": ["sat here", 7]}})
    client.post("/papers", {"doc": [{"name": "birds"}, None]})

    found = client.get("/papers", {**query, "select": "id", "order": "id"}).json()
    assert found == [{"id": one} for one in ids]


def test_numbers_and_arrays_are_not_searched(serve: Serve) -> None:
    """As PostgreSQL has no words of them."""
    tags = {"type": "array", "items": {"type": "string"}}
    client = serve({"papers": table({"pages": {"type": "integer"}, "tags": tags})}).anonymous

    answer = refused(client.get("/papers", {"pages": "fts.7"}), 404, "42883")
    assert answer["message"] == "function to_tsvector(integer) does not exist"
    answer = refused(client.get("/papers", {"tags": "fts.a"}), 404, "42883")
    assert answer["message"] == "function to_tsvector(text[]) does not exist"
    answer = refused(client.get("/papers", {"tags": "sl.{a}"}), 404, "42883")
    assert answer["message"] == "operator does not exist: text[] << unknown"
