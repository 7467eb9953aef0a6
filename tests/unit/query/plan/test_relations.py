"""Relationships: found in keys, chosen by name and hint."""

from __future__ import annotations

import pytest
from tests.unit.query.board import MODEL

from jotbase.errors import RequestError
from jotbase.query.plan.relations import find_relationship, relationships, with_view_columns
from jotbase.schema.model.tables import Column, ForeignKey, Model, Table, Type


def found(origin: str, target: str, hint: str | None = None) -> tuple[str, str, object]:
    """Return target, cardinality and columns of the relationship that is meant."""
    one = find_relationship(MODEL, MODEL.tables[origin], target, hint)
    return one.target.name, one.cardinality, one.pairs


@pytest.mark.parametrize(
    ("origin", "target", "hint", "cardinality", "pairs"),
    [
        ("jobs", "companies", None, "many-to-one", (("company_id", "id"),)),
        ("jobs", "companies", "company_id", "many-to-one", (("company_id", "id"),)),
        ("jobs", "companies", "jobs_company_id_fkey", "many-to-one", (("company_id", "id"),)),
        ("companies", "jobs", None, "one-to-many", (("id", "company_id"),)),
        ("companies", "jobs", "company_id", "one-to-many", (("id", "company_id"),)),
        ("companies", "open_jobs", None, "one-to-many", (("id", "firm"),)),
        ("open_jobs", "companies", None, "many-to-one", (("firm", "id"),)),
        ("people", "people", None, "one-to-many", (("id", "boss_id"),)),
        ("people", "people", "boss_id", "one-to-many", (("id", "boss_id"),)),
        ("jobs", "people", None, "many-to-many", ()),
        ("jobs", "people", "applications", "many-to-many", ()),
    ],
)
def test_by_table_and_hint(
    origin: str, target: str, hint: str | None, cardinality: str, pairs: object
) -> None:
    """A table's name means it; key, column and junction are hints."""
    assert found(origin, target, hint) == (target, cardinality, pairs)


@pytest.mark.parametrize("target", ["company_id", "jobs_company_id_fkey"])
def test_by_column_and_key(target: str) -> None:
    """A column that refers, or its key's name, means the table that it refers to."""
    assert found("jobs", target) == ("companies", "many-to-one", (("company_id", "id"),))


def test_the_row_above() -> None:
    """Of a table's key to itself, the column means the one row above."""
    assert found("people", "boss_id") == ("people", "many-to-one", (("boss_id", "id"),))


def test_a_junction_has_its_columns() -> None:
    """Through a junction, both sides are told."""
    junction = find_relationship(MODEL, MODEL.tables["jobs"], "people", None).junction

    assert junction is not None
    assert (junction.near, junction.far) == ((("id", "job_id"),), (("person_id", "id"),))


def test_none() -> None:
    """Without a relationship the nearest name is offered."""
    with pytest.raises(RequestError) as caught:
        found("jobs", "company")

    assert caught.value.code == "PGRST200"
    assert caught.value.message == (
        "Could not find a relationship between 'jobs' and 'company' in the schema cache"
    )


def test_several() -> None:
    """Two keys to one table need a hint, and the error says which."""
    key = Column("id", Type.INTEGER, {}, nullable=False)
    ends = (Column("from_id", Type.INTEGER, {}, True), Column("to_id", Type.INTEGER, {}, True))
    keys = tuple(
        ForeignKey(f"trips_{end.name}_fkey", (end.name,), "towns", ("id",)) for end in ends
    )
    towns = Table("towns", (key,), ("id",))
    trips = Table("trips", (key, *ends), ("id",), foreign_keys=keys)
    with pytest.raises(RequestError) as caught:
        find_relationship(Model({"towns": towns, "trips": trips}), trips, "towns", None)

    assert (caught.value.code, caught.value.status) == ("PGRST201", 300)
    assert caught.value.hint is not None
    assert "'towns!trips_from_id_fkey', 'towns!trips_to_id_fkey'" in caught.value.hint
    assert caught.value.details[0] == {
        "cardinality": "many-to-one",
        "embedding": "trips with towns",
        "relationship": "trips_from_id_fkey using trips(from_id) and towns(id)",
    }


def test_a_unique_key_makes_one_to_one() -> None:
    """Where the referring columns are unique, both sides have one row at most."""
    key = Column("id", Type.INTEGER, {}, nullable=False)
    users = Table("users", (key,), ("id",))
    reference = (ForeignKey("profiles_id_fkey", ("id",), "users", ("id",)),)
    profiles = Table("profiles", (key,), ("id",), foreign_keys=reference)
    all_of_them = relationships(Model({"profiles": profiles, "users": users}))

    assert [one.cardinality for one in all_of_them["users"]] == ["one-to-one"]
    assert [one.cardinality for one in all_of_them["profiles"]] == ["one-to-one"]


def test_views_learn_what_they_show() -> None:
    """Columns that the view or the model does not have are left aside."""
    view = Table("v", (Column("id", Type.INTEGER, {}, True),), view="select id from jobs")
    model = Model({**MODEL.tables, "v": view})
    known = {"v": {"id": ("jobs", "id"), "odd": ("jobs", "id")}, "gone": {"x": ("jobs", "id")}}
    found = with_view_columns(model, known)

    assert found.tables["v"].origins == {"id": ("jobs", "id")}
    assert found.tables["jobs"] is model.tables["jobs"]
    assert find_relationship(found, found.tables["v"], "people", None).to_one is False


@pytest.mark.parametrize(
    ("origin", "target", "hint"),
    [
        ("jobs", "compannies", "Perhaps you meant 'companies' instead of 'compannies'."),
        ("jobs", "xyz", None),
    ],
)
def test_what_may_have_been_meant(origin: str, target: str, hint: str | None) -> None:
    """The relation most like the one asked for, if one is a little like it."""
    with pytest.raises(RequestError) as caught:
        find_relationship(MODEL, MODEL.tables[origin], target, None)
    assert caught.value.hint == hint


def test_a_table_without_relations_is_meant_itself() -> None:
    """The table is there: no other table is what was meant."""
    alone = Table("job", (Column("id", Type.INTEGER, {}, True),))
    with pytest.raises(RequestError) as caught:
        find_relationship(Model({**MODEL.tables, "job": alone}), alone, "people", None)
    assert caught.value.hint is None
