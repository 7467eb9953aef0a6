"""Upserts under rules: the database tells whom a row meets, and every row is asked about."""

from __future__ import annotations

import pytest
from tests.api.data_world import Schema, Serve, refused, table

from jotbase.testing import TestBackend

OWN = {
    "select": "row.owner == user.id",
    "insert": "new.owner == user.id",
    "update": "row.owner == user.id",
}
COLUMNS: Schema = {
    "name": {"type": "string"},
    "lowered": {"type": "string", "generated": "lower(name)"},
    "owner": {"type": "string", "format": "uuid"},
    "note": {"type": "string"},
}
NOTES = table(COLUMNS, access=OWN, unique=[["lowered"], ["name"]])
CLOSED = table(COLUMNS, access={}, unique=[["lowered"], ["name"]])
MERGE = "resolution=merge-duplicates,return=representation"
IGNORE = "resolution=ignore-duplicates,return=representation"


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": NOTES, "closed": CLOSED})


def test_a_computed_key_meets_nobody_elses_row(backend: TestBackend) -> None:
    """Which row `BOB` meets is what the database says, whatever column tells it."""
    ann, bob = backend.user(), backend.user()
    bob.post("/notes", {"name": "bob", "owner": bob.id, "note": "private"})
    row = {"name": "BOB", "owner": ann.id, "note": "mine now"}

    refused(ann.post("/notes", row, {"on_conflict": "lowered"}, prefer=MERGE), 403, "42501")
    assert [one["note"] for one in backend.service.get("/notes").json()] == ["private"]
    merged = bob.post("/notes", row | {"owner": bob.id}, {"on_conflict": "lowered"}, prefer=MERGE)
    assert (merged.status, merged.json()[0]["id"], merged.json()[0]["name"]) == (200, 1, "BOB")


def test_two_rows_that_meet_by_a_computed_key_are_one(backend: TestBackend) -> None:
    """No row is changed twice by one request, be the two as different as they like."""
    ann = backend.user()
    rows = [{"name": name, "owner": ann.id} for name in ("a", "A")]

    refused(ann.post("/notes", rows, {"on_conflict": "lowered"}, prefer=MERGE), 500, "21000")
    ignored = ann.post("/notes", rows, {"on_conflict": "lowered"}, prefer=IGNORE)
    assert [one["name"] for one in ignored.json()] == ["a"]


@pytest.mark.parametrize("prefer", [MERGE, IGNORE, "resolution=ignore-duplicates"])
@pytest.mark.parametrize("name", ["taken", "free"])
def test_without_a_right_all_keys_look_alike(backend: TestBackend, prefer: str, name: str) -> None:
    """Whoever may not insert learns of no key whether it is there."""
    backend.service.post("/closed", {"name": "taken"})

    visitor = backend.anonymous
    refused(
        visitor.post("/closed", {"name": name}, {"on_conflict": "name"}, prefer=prefer),
        401,
        "42501",
    )


@pytest.mark.parametrize("name", ["taken", "free"])
def test_rows_that_are_passed_over_meet_the_insert_rule(backend: TestBackend, name: str) -> None:
    """A row proposed in another's name is refused, whether its key is taken or not."""
    ann, bob = backend.user(), backend.user()
    bob.post("/notes", {"name": "taken", "owner": bob.id})

    row = {"name": name, "owner": bob.id}
    refused(ann.post("/notes", row, {"on_conflict": "name"}, prefer=IGNORE), 403, "42501")
    mine = ann.post("/notes", row | {"owner": ann.id}, {"on_conflict": "name"}, prefer=IGNORE)
    assert [one["owner"] for one in mine.json()] == ([] if name == "taken" else [ann.id])


def test_a_merge_may_change_the_key_that_rows_are_told_apart_by(serve: Serve) -> None:
    """The rule is asked of the row that was met, though it has another number afterwards."""
    properties = {"id": {"type": "integer", "identity": True}, **COLUMNS}
    backend = serve({"notes": {**NOTES, "properties": properties}})
    ann, bob = backend.user(), backend.user()
    bob.post("/notes", {"id": 1, "name": "bob", "owner": bob.id})

    row = {"id": 7, "name": "bob", "owner": ann.id}
    refused(ann.post("/notes", row, {"on_conflict": "name"}, prefer=MERGE), 403, "42501")
    moved = bob.post("/notes", row | {"owner": bob.id}, {"on_conflict": "name"}, prefer=MERGE)
    assert [one["id"] for one in moved.json()] == [7]


def test_many_rows_are_refused_before_any_is_stored(serve: Serve) -> None:
    """Without a right, or with rows of others, one waits for no writer and holds up none."""
    backend = serve({"notes": NOTES, "closed": CLOSED})
    ann, bob = backend.user(), backend.user()
    rows = [{"name": f"n{number}", "owner": bob.id} for number in range(3000)]

    refused(ann.post("/closed", rows), 403, "42501")
    refused(ann.post("/notes", [*rows[:1], {"name": "mine", "owner": ann.id}]), 403, "42501")
    wrong = ann.post("/notes", [{"name": 1, "owner": ann.id}] * 3000)
    details = refused(wrong, 400, "23514")["details"]
    assert (len(details), details[0]["pointer"]) == (1000, "/0/name")
    made = bob.post("/notes", rows, prefer="return=minimal")
    assert (made.status, len(backend.service.get("/notes").json())) == (201, 3000)
