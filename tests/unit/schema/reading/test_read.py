"""Whole projects read into models."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import (
    ID,
    JSON,
    NUMBER,
    TEXT,
    faults,
    model,
    places,
    table_file,
)

from jotbase.schema.keywords.vocabulary import COLUMN_ONLY, STANDARD, TABLE_ONLY
from jotbase.schema.reading.read import read_model


def test_a_project_becomes_a_model() -> None:
    """Tables come in the order of their names, with all that their files say."""
    found = model(
        jobs=table_file(
            {"id": ID, "title": TEXT},
            primaryKey=["id"],
            access={"select": "True"},
            realtime=True,
            description="Positions.",
        ),
        companies=table_file({"name": TEXT}),
    )
    jobs = found.tables["jobs"]

    assert list(found.tables) == ["companies", "jobs"]
    assert (jobs.primary_key, jobs.access) == (("id",), {"select": "True"})
    assert (jobs.realtime, jobs.description) == (True, "Positions.")
    assert (jobs.file, jobs.view) == ("schemas/jobs.json", None)


def test_an_empty_project_is_an_empty_model() -> None:
    """Nothing is no mistake."""
    assert read_model({}).tables == {}


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    """A mistake hides no other: not in its column, its file, or another file."""
    assert places(
        a=table_file(
            {
                "x": {"type": "strin"},
                "y": {"type": "integer", "default": "no"},
                "z": {"type": "string", "references": "b.nothing"},
                "u": {"$ref": "gone.json"},
            },
            primaryKey=["w"],
            indexs=[["x"]],
        ),
        b=b"{,}",
        c=table_file({"x": {"type": "string", "pattern": "("}, "y": {"minLength": 1}}),
    ) == [
        "a#/properties/x/type",
        "a#/indexs",
        "a#/properties/u/$ref",
        "a#/primaryKey/0",
        "a#/properties/y/default",
        "b#",
        "c#/properties/x/pattern",
        "c#/properties/y",
    ]


@pytest.mark.parametrize(
    ("names", "places_"),
    [
        (["a.b"], ["a.b#"]),
        (["sqlite_jobs"], ["sqlite_jobs#"]),
        (["Jobs", "jobs"], ["jobs#"]),
        (["Server Today", 'a"b', "ünï", "do$llar$s", "Escap3e;"], []),
    ],
)
def test_files_are_named_as_tables_can_be(names: list[str], places_: list[str]) -> None:
    """Dots are the server's own, and databases do not mind the case."""
    assert places(**{name: table_file({"x": TEXT}) for name in names}) == places_


def test_columns_differ_by_more_than_case() -> None:
    """SQLite takes `id` and `ID` for one column."""
    assert places(t=table_file({"id": TEXT, "ID": TEXT})) == ["t#/properties/ID"]


def test_a_file_of_definitions_is_no_table() -> None:
    """It is there for others to refer to; its own references must lead somewhere."""
    shared = {"$defs": {"name": {"type": "string", "maxLength": 9}}}
    found = model(shared=shared, t=table_file({"a": {"$ref": "shared.json#/$defs/name"}}))

    assert list(found.tables) == ["t"]
    assert found.tables["t"].schema["$defs"] == {"shared.json": shared}
    assert places(shared={"$defs": {"a": {"$ref": "gone.json"}}}) == ["shared#/$defs/a/$ref"]


def test_a_table_has_columns() -> None:
    """A file without properties is told so, and a misspelt `properties` as well."""
    assert places(t={}) == ["t#/properties"]
    assert places(t={"propertes": {}}) == ["t#/propertes"]


def test_a_view_is_a_select_with_columns() -> None:
    """Keys may be stated for it; indexes and following it may not."""
    view = table_file({"n": NUMBER}, view="select 1 as n", primaryKey=["n"])

    assert model(v=view).tables["v"].view == "select 1 as n"
    assert places(v={**view, "indexes": [["n"]], "realtime": True}) == ["v#/indexes", "v#/realtime"]


def test_one_column_numbers_the_rows() -> None:
    """Databases count in one column of a table."""
    assert places(t=table_file({"a": ID, "b": ID})) == ["t#/properties/b/identity"]


def test_some_name_is_left_for_the_rows_number() -> None:
    """SQLite's own name for it must not be hidden altogether."""
    columns = {"rowid": TEXT, "oid": TEXT, "_ROWID_": TEXT}

    assert places(t=table_file(columns)) == ["t#/properties"]
    assert places(t=table_file({"rowid": TEXT, "oid": TEXT})) == []


def test_a_cycle_of_files_is_read() -> None:
    """Files may say what others are in terms of each other."""
    a = table_file({"x": {"$ref": "b.json#/properties/y"}})
    b = table_file({"y": {"type": "string"}, "z": {"$ref": "a.json#/properties/x"}})

    assert [column.type_name for column in model(a=a, b=b).tables["b"].columns] == ["text", "text"]


@given(st.dictionaries(st.sampled_from(["a", "b", "a.b"]), JSON | st.binary(), max_size=3))
def test_no_files_are_more_than_refused(schemas: dict[str, object]) -> None:
    """Whatever stands in the files, it is a model or a list of faults."""
    assert all(fault.reason for fault in faults(**schemas))


KEYWORDS = st.sampled_from(sorted(STANDARD | TABLE_ONLY | COLUMN_ONLY))


@given(
    st.dictionaries(
        KEYWORDS,
        st.dictionaries(KEYWORDS, st.dictionaries(KEYWORDS, JSON, max_size=3) | JSON, max_size=3)
        | JSON,
        max_size=4,
    )
)
def test_no_shape_of_keywords_is_more_than_refused(schema: dict[str, object]) -> None:
    """Keywords with values of any shape, at any place, are read or faults."""
    assert all(fault.reason for fault in faults(t=schema))


def test_a_table_without_row_numbers_has_a_primary_key() -> None:
    """Nothing else tells its rows apart, and nothing numbers them."""
    assert places(t=table_file({"a": TEXT}, withoutRowid=True)) == ["t#/withoutRowid"]
    assert places(t=table_file({"a": ID}, primaryKey=["a"], withoutRowid=True)) == [
        "t#/properties/a/identity"
    ]
    assert places(t=table_file({"a": TEXT}, primaryKey=["a"], withoutRowid=True)) == []


@pytest.mark.parametrize(
    ("parent", "place"),
    [
        ({"primaryKey": "id"}, "p#/primaryKey"),
        ({"primaryKey": ["idd"]}, "p#/primaryKey/0"),
        ({"primaryKey": [], "unique": ["id"]}, "p#/unique"),
        ({"properties": {"id": {"type": "intger"}}}, "p#/properties/id/type"),
        ({"properties": []}, "p#/properties"),
    ],
)
def test_one_mistake_is_told_once(parent: dict[str, Any], place: str) -> None:
    """Files that refer to the one with the mistake are right, as far as can be said."""
    sound = table_file({"id": NUMBER}, primaryKey=["id"])
    child = table_file(
        {"up": {**NUMBER, "references": "p.id"}, "same": {"$ref": "p.json#/properties/id"}},
        foreignKeys=[{"columns": ["up"], "references": {"table": "p", "columns": ["id"]}}],
    )
    assert places(p=sound | parent, c=child) == [place]


def test_a_file_that_is_no_json_is_told_once() -> None:
    """Not of those that refer to what is in it."""
    child = table_file({"up": {**NUMBER, "references": "p.id"}, "a": {"$ref": "p.json#/$defs/a"}})
    assert places(p=b"{", c=child) == ["p#"]


def test_a_broken_column_is_told_once() -> None:
    """Its reference cannot be of the right type."""
    parent = table_file({"id": NUMBER}, primaryKey=["id"])
    child = table_file({"up": {"type": "intger", "references": "p.id", "onDelete": "set null"}})
    assert places(p=parent, c=child) == ["c#/properties/up/type"]


def test_a_default_behind_a_reference_is_a_default() -> None:
    """Behind `$ref` or in `allOf`, checked and in canonical form; the nearest counts."""
    columns = {
        "a": {"$ref": "#/$defs/d"},
        "b": {"allOf": [{"$ref": "#/$defs/d"}]},
        "c": {"$ref": "#/$defs/d", "default": "2026-02-02T00:00:00Z"},
    }
    shared = {"type": "string", "format": "date-time", "default": "2026-01-01T01:00:00+01:00"}
    found = model(t=table_file(columns, **{"$defs": {"d": shared}})).tables["t"]
    assert [one.default for one in found.columns] == [
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00+00:00",
        "2026-02-02T00:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("default", "expression"), [("now()", "now()"), ("CURRENT_TIMESTAMP", "now()")]
)
def test_a_default_that_is_meant_to_be_computed_gets_a_hint(default: str, expression: str) -> None:
    """With the keyword that does it."""
    column = {"type": "string", "format": "date-time", "default": default}
    (fault,) = faults(t=table_file({"at": column}))
    assert fault.hint == f'a default is taken as it is: write "defaultExpression": "{expression}"'
