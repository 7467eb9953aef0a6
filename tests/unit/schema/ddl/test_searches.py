"""The statements of full-text indexes; tests/contract/test_searches.py runs them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.schema.projects import NUMBER, TEXT, faults, model, table_file

from jotbase.schema.ddl.searches import create_statements, drop_statements, pending_query
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Model, Search

INDEX = {"columns": ["title", "body"], "kind": "fulltext", "language": "german"}
COLUMNS = {"id": NUMBER, "title": TEXT, "body": TEXT}


def posts(*indexes: Any) -> Model:
    """Return a model with a table of posts."""
    return model(posts=table_file(COLUMNS, primaryKey=["id"], indexes=[*indexes]))


def test_the_keyword() -> None:
    """Indexes over text stand beside the others, and speak English unless they say otherwise."""
    short = {"columns": ["body"], "kind": "fulltext"}
    found = posts(["title"], INDEX, short).tables["posts"]

    assert [index.columns for index in found.indexes] == [("title",)]
    assert found.searches == (
        Search("posts.german.title.body", ("title", "body"), "german"),
        Search("posts.english.body", ("body",), "english"),
    )


@pytest.mark.parametrize(
    ("index", "keys", "place", "reason"),
    [
        ({**INDEX, "columns": ["titel"]}, ["id"], "/0/columns/0", 'there is no column "titel"'),
        ({**INDEX, "columns": ["id"]}, ["id"], "/0/columns/0", "id is int8, and words are"),
        (INDEX, [], "/0", "a table that is searched needs a key"),
        (
            {**INDEX, "language": "klingon"},
            ["id"],
            "/0/language",
            "a full-text index has columns, a kind",
        ),
        ({"columns": ["title"]}, ["id"], "/0", "an index is a list of columns"),
        (INDEX | {"kind": "btree"}, ["id"], "/0/kind", "a full-text index has"),
    ],
)
def test_what_is_no_index(index: Any, keys: list[str], place: str, reason: str) -> None:
    """Each mistake is told where it stands."""
    found = faults(t=table_file(COLUMNS, primaryKey=keys, indexes=[index]))

    assert [fault.pointer for fault in found] == [f"/indexes{place}"]
    assert found[0].reason.startswith(reason)


def test_an_index_names_rows_by_their_numbers() -> None:
    """A table without them has none."""
    file = table_file(COLUMNS, primaryKey=["id"], withoutRowid=True, indexes=[INDEX])

    assert [fault.reason for fault in faults(t=file)] == [
        "a full-text index needs row numbers, and the table is without"
    ]


def test_a_column_has_one_index_of_a_language() -> None:
    """Twice the same would be kept up twice and asked once."""
    found = faults(t=table_file(COLUMNS, primaryKey=["id"], indexes=[INDEX, INDEX]))

    assert {fault.reason for fault in found} == {"the column has such an index already"}


def test_triggers_use_nothing_that_other_programs_lack() -> None:
    """They name no function at all, and no FTS5 table."""
    triggers = [
        one
        for one in create_statements(
            posts(INDEX).tables["posts"], *posts(INDEX).tables["posts"].searches
        )
        if one.startswith("CREATE TRIGGER")
    ]

    assert len(triggers) == 3
    assert not any(
        "jot_" in one or "jotbase.search.posts" in one.partition("BEGIN")[2] for one in triggers
    )


def test_what_is_made_is_dropped() -> None:
    """Tables and triggers alike."""
    owner = posts(INDEX).tables["posts"]
    (search,) = owner.searches
    names = {
        one.split()[2] if "TRIGGER" in one else one.split()[2 + ("VIRTUAL" in one)]
        for one in create_statements(owner, search)
        if one.startswith("CREATE")
    }

    assert {one.split()[-1] for one in drop_statements(search)} == names


def test_nothing_waits_without_an_index() -> None:
    """Who has no index is asked nothing."""
    assert pending_query(posts()) == ""
    assert pending_query(posts(INDEX)) == (
        'SELECT EXISTS (SELECT 1 FROM "jotbase.queue.posts.german.title.body")'
    )


def test_the_archive_keeps_them() -> None:
    """What a database was made from is known again, by what an older version wrote too."""
    assert serialization.load(serialization.dump(posts(INDEX))) == posts(INDEX)
    assert "searches" not in serialization.dump(posts())
