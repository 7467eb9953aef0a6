"""Which values and rows are looked at when a schema changes."""

from typing import Any

import pytest
from tests.unit.schema.projects import NUMBER, TEXT, table

from jotbase.schema.upgrading.revalidation import columns_to_revalidate, must_revalidate_rows


def doubts(
    before: dict[str, Any], after: dict[str, Any], **columns: dict[str, Any]
) -> tuple[list[str], bool]:
    """Return the columns in doubt, and whether whole rows are."""
    own = columns or {"a": {**TEXT, "allOf": [{"$ref": "#/$defs/s"}]}, "b": TEXT}
    old, new = table(own, **before), table(own, **after)
    return list(columns_to_revalidate(old, new)), must_revalidate_rows(old, new)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"s": {"maxLength": 2}}, {"s": {"maxLength": 1}}, ["a"]),
        ({"s": {"title": "x"}}, {"s": {"title": "y"}}, []),
        ({"s": {}}, {"s": {}, "t": {}}, ["a"]),
    ],
)
def test_definitions_put_in_doubt_what_refers_to_them(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    """Notes in them do not."""
    assert doubts({"$defs": before}, {"$defs": after}) == (expected, False)


def test_null_that_becomes_a_value_is_looked_at_where_it_might_be_refused() -> None:
    """A plain type that admits it certainly takes it."""
    plain, judged = {"type": ["string", "null"]}, {"type": ["string", "null"], "not": {"const": 1}}
    old = table({"a": TEXT, "b": {**TEXT, "not": {"const": 1}}})
    assert list(columns_to_revalidate(old, table({"a": plain, "b": judged}))) == ["b"]


def test_rows_are_in_doubt_when_they_show_other_properties() -> None:
    """A column that comes with values, or goes; one that comes empty changes no row."""
    root = {"maxProperties": 2}
    old = table({"a": TEXT, "b": TEXT}, **root)
    assert not must_revalidate_rows(old, table({"a": TEXT, "b": TEXT, "c": TEXT}, **root))
    filled = {"a": TEXT, "b": TEXT, "c": {**NUMBER, "default": 1}}
    assert must_revalidate_rows(old, table(filled, **root))
    assert must_revalidate_rows(old, table({"a": TEXT}, **root))
    assert not must_revalidate_rows(old, table({"a": TEXT}))


def test_a_reference_out_of_the_definitions_doubts_at_any_change() -> None:
    """What it leads to may be anywhere in the file."""
    own = {"a": {"$ref": "#/properties/b"}, "b": TEXT}
    assert doubts({}, {"minProperties": 1}, **own) == (["a"], True)
    assert doubts({}, {"indexes": [["b"]]}, **own) == ([], False)
