"""Which constraints SQLite changes in place."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table, table_file

from jotbase.schema.upgrading.in_place import alterable_tables, constraint_statements

OLD: dict[str, Any] = {"id": ID, "n": NUMBER}


@pytest.mark.parametrize(
    ("before", "after", "required", "statements"),
    [
        (NUMBER, NUMBER, [], []),
        (NUMBER, {**NUMBER, "minimum": 1}, [], ['ADD CONSTRAINT "t_n_check" CHECK ("n" >= 1)']),
        (
            {**NUMBER, "minimum": 1},
            {**NUMBER, "minimum": 2},
            [],
            ['DROP CONSTRAINT "t_n_check"', 'ADD CONSTRAINT "t_n_check" CHECK ("n" >= 2)'],
        ),
        ({**NUMBER, "minimum": 1}, NUMBER, [], ['DROP CONSTRAINT "t_n_check"']),
        (NUMBER, NUMBER, ["n"], ['ALTER COLUMN "n" SET NOT NULL']),
    ],
)
def test_a_changed_constraint_is_altered(
    before: dict[str, Any], after: dict[str, Any], required: list[str], statements: list[str]
) -> None:
    """One CHECK a column, under PostgreSQL's default name, and NOT NULL."""
    old = table({"id": ID, "n": before})
    new = table({"id": ID, "n": after}, required=required)

    assert constraint_statements(old, new) == [f'ALTER TABLE "t" {text}' for text in statements]


@pytest.mark.parametrize(
    "after",
    [
        {"id": ID},
        {"id": ID, "n": TEXT},
        {"id": ID, "n": {**NUMBER, "default": 1}},
        {"id": ID, "n": {**NUMBER, "generated": "id + 1"}},
        {"id": ID, "n": NUMBER, "d": {"type": "string", "format": "decimal"}},
    ],
)
def test_other_differences_are_not_altered(after: dict[str, Any]) -> None:
    """Another type, default or computation, a column less, a table that is STRICT no more."""
    assert constraint_statements(table(OLD), table(after)) is None


def test_only_what_the_database_is_known_to_have_is_altered() -> None:
    """A CHECK under its name, by a version that can."""
    old = model(t=table_file({"n": {**NUMBER, "minimum": 1}}), u=table_file({"n": NUMBER}))
    texts = {"t": 'CREATE TABLE "t" ("n" INT CONSTRAINT "t_n_check" CHECK ("n" >= 1))', "u": ""}

    assert alterable_tables(old, texts, "3.53.0") == {"t", "u"}
    assert alterable_tables(old, {"t": "CREATE TABLE t (n INT CHECK (n >= 1))"}, "3.60.1") == {"u"}
    assert alterable_tables(old, texts, "3.52.9") == frozenset()
