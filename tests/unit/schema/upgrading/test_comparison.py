"""One table as it was and as it is to be."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table, table_file

from jotbase.schema.model.tables import Model
from jotbase.schema.upgrading.comparison import (
    TableChange,
    compare,
    descriptions,
    preconditions,
    refusal_faults,
)

BASE: dict[str, Any] = {"id": ID, "a": TEXT, "n": NUMBER}


def change(
    columns: dict[str, Any], old: dict[str, Any] | None = None, **keywords: Any
) -> TableChange:
    """Return what becomes of a table with BASE's columns, or `old` ones."""
    return compare(table(old or BASE), table(columns, **keywords))


@pytest.mark.parametrize(
    ("columns", "keywords"),
    [
        (BASE, {}),
        (BASE, {"access": {"select": "True"}, "description": "x", "title": "y"}),
        ({"n": NUMBER, "id": ID, "a": TEXT}, {}),
        ({**BASE, "a": {**TEXT, "description": "x", "x-y": 1, "writeOnly": True}}, {}),
    ],
)
def test_what_the_database_does_not_hold_changes_nothing_there(
    columns: dict[str, Any], keywords: dict[str, Any]
) -> None:
    """Rules, words and the order of columns are the model's alone."""
    assert change(columns, **keywords).is_empty


@pytest.mark.parametrize(
    ("column", "in_place"),
    [
        (TEXT, True),
        ({"type": ["string", "null"]}, True),
        ({**TEXT, "default": "x"}, True),
        ({**TEXT, "maxLength": 3}, True),
        ({"type": "string", "format": "date", "defaultExpression": "now()"}, False),
        ({**NUMBER, "generated": "1"}, False),
        ({**NUMBER, "references": "t.n"}, False),
        ({"type": "string", "format": "decimal"}, False),
    ],
)
def test_a_new_column_is_added_in_place_if_sqlite_can(
    column: dict[str, Any], in_place: bool
) -> None:
    """Otherwise the table is made anew."""
    was = table(BASE, unique=[["n"]])
    found = compare(was, table({**BASE, "new": column}, unique=[["n"]]))

    assert found.rebuild is not in_place
    assert [one.name for one in found.added] == (["new"] if in_place else [])


@pytest.mark.parametrize(
    ("column", "looked_at"),
    [
        ({"type": "string", "maxLength": 9}, ["a"]),
        ({"type": "string", "pattern": "^x"}, ["a"]),
        ({"type": ["string", "null"]}, []),
    ],
)
def test_values_are_looked_at_unless_the_schema_is_wider(
    column: dict[str, Any], looked_at: list[str]
) -> None:
    """What is there must fit the new schema, SQL or not."""
    assert list(change({**BASE, "a": column}).columns) == looked_at


def test_a_pattern_needs_no_new_table() -> None:
    """SQL does not know of it."""
    assert not change({**BASE, "a": {**TEXT, "pattern": "x"}}).rebuild
    assert change({**BASE, "a": {**TEXT, "maxLength": 9}}).rebuild


def test_values_are_looked_at_when_what_they_refer_to_changes() -> None:
    """The column's own words are the same then."""

    def columns(most: int) -> Any:
        shared = {"$defs": {"n": {"type": "string", "pattern": "a" * most}}}
        own = table_file({"a": {"$ref": "shared.json#/$defs/n"}, "b": TEXT})
        return model(shared=shared, t=own).tables["t"]

    assert compare(columns(1), columns(2)).columns == ("a",)


def test_whole_rows_are_looked_at_when_their_rule_changes() -> None:
    """if, then and dependentRequired are rules of the row."""
    ruled = table(BASE, dependentRequired={"a": ["n"]})

    assert compare(table(BASE), ruled).rows
    assert compare(ruled, ruled).is_empty
    assert compare(ruled, table(BASE)).is_empty


def test_indexes_and_triggers_change_in_place() -> None:
    """Neither needs the table to be made anew."""
    found = compare(table(BASE, indexes=[["a"]]), table(BASE, indexes=[["n"]], realtime=True))

    assert found.dropped_indexes == ("t_a_idx",)
    assert found.created_indexes == ('CREATE INDEX "t_n_idx" ON "t" ("n")',)
    assert (found.triggers_changed, found.rebuild) == (True, False)


def test_dropped_columns_and_other_types_are_refused() -> None:
    """Both would lose values; a permit lets a column go."""
    was, now = table(BASE), table({"id": ID, "n": TEXT})

    assert [fault.pointer for fault in refusal_faults(was, now, frozenset())] == [
        "/properties",
        "/properties/n",
    ]
    assert [fault.pointer for fault in refusal_faults(was, now, frozenset({"drop t.a"}))] == [
        "/properties/n"
    ]


@pytest.mark.parametrize(
    ("columns", "keywords", "query"),
    [
        (BASE, {"required": ["a"]}, 'SELECT count(*) FROM "t" WHERE "a" IS NULL'),
        (
            BASE,
            {"unique": [["a", "n"]]},
            'SELECT count(*) FROM (SELECT 1 FROM "t" WHERE "a" IS NOT NULL AND "n" IS NOT NULL'
            ' GROUP BY "a", "n" HAVING count(*) > 1)',
        ),
        ({**BASE, "new": TEXT}, {"required": ["new"]}, 'SELECT count(*) FROM "t"'),
        (
            {**BASE, "n": {**NUMBER, "references": "t.id"}},
            {"primaryKey": ["id"]},
            'SELECT count(*) FROM "t" AS child WHERE child."n" IS NOT NULL AND NOT EXISTS'
            ' (SELECT 1 FROM "t" AS parent WHERE parent."id" = child."n")',
        ),
        ({**BASE, "new": {**TEXT, "default": "x"}}, {"required": ["new"]}, None),
        ({**BASE, "new": NUMBER}, {"unique": [["new"]]}, None),
    ],
)
def test_rows_are_asked_whether_they_are_in_the_way(
    columns: dict[str, Any], keywords: dict[str, Any], query: str | None
) -> None:
    """Missing values, duplicates and orphans are counted."""
    was = table(BASE, primaryKey=keywords.get("primaryKey", []))
    found = preconditions(was, table(columns, **keywords), Model({"t": was}))

    assert [guard.query for guard in found] == ([] if query is None else [query])


def test_a_reference_to_a_new_table_has_no_row_to_refer_to() -> None:
    """Every value would be an orphan."""
    now = model(
        t=table_file({"id": ID, "a": {**TEXT, "references": "u.k"}, "n": NUMBER}),
        u=table_file({"k": TEXT}, primaryKey=["k"]),
    ).tables["t"]
    was = table(BASE)

    assert [guard.query for guard in preconditions(was, now, Model({"t": was}))] == [
        'SELECT count(*) FROM "t" AS child WHERE child."a" IS NOT NULL'
    ]


def test_a_change_is_told_in_words() -> None:
    """A line each, the table's name before it."""
    now = {"id": ID, "n": {**NUMBER, "maximum": 3}, "new": TEXT}
    found = compare(table(BASE), table(now, indexes=[["n"]], realtime=True))

    assert list(descriptions(found)) == [
        "t: new column new",
        "t: column a dropped, as allowed",
        "t: table made anew, its rows kept",
        "t: changes are followed",
        "t: indexes changed",
    ]
