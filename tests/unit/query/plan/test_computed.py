"""Functions of a row in a statement: columns beside a table's own, and relations."""

from __future__ import annotations

import orjson
import pytest
from tests.unit.query.board import COMPANIES, MODEL

from jotbase.errors import ProjectError
from jotbase.expression.expr import Context
from jotbase.query.plan.computed import (
    CallerSlot,
    ComputedTable,
    computed_relation,
    computed_relation_source,
    computed_table_source,
    function_call,
    with_computed,
    with_computed_columns,
)
from jotbase.query.plan.functions import Returns
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.fragment import sql
from jotbase.sql.units import ComputedFor
from jotbase.values import Principal

FOUND = [
    ("companies", "size", Returns("value", Type.INTEGER)),
    ("companies", "hiring", Returns("rows", table="jobs")),
    ("companies", "first", Returns("row", table="jobs")),
    ("companies", "years", Returns("values", Type.INTEGER)),
]
COMPUTED = with_computed(MODEL, FOUND)
ASKED = 'jot_computed(\'companies.{}\', json_object(\'id\', "a"."id", \'name\', "a"."name"), ?)'


def test_a_table_has_only_the_columns_that_are_named() -> None:
    """A column that nobody asks for costs nothing, and a table's own hides none."""
    wider = with_computed_columns(COMPANIES, ["size", "name"], COMPUTED)

    assert with_computed_columns(COMPANIES, ["name"], COMPUTED) is COMPANIES
    assert isinstance(wider, ComputedTable)
    assert list(wider.by_name) == ["id", "name", "secret", "size"]
    assert [column.name for column in wider.readable] == ["id", "name"]


def test_several_values_are_one_array() -> None:
    """As a column of an array's type holds them."""
    column = COMPUTED.computed["companies"]["years"].column

    assert (column.type, column.item) == (Type.ARRAY, Type.INTEGER)


def test_a_function_is_told_which_one_it_is_the_row_and_the_caller() -> None:
    """Columns that nobody may read are no part of the row."""
    found = function_call("companies.size", COMPANIES, "a", SQLITE)
    context = Context(Principal("authenticated", "ada", claims={"x": 1}))

    assert found.text == ASKED.format("size")
    assert orjson.loads(found.params[0].fill(context)) == {
        "role": "authenticated",
        "id": "ada",
        "email": None,
        "session_id": None,
        "expires_at": None,
        "claims": {"x": 1},
    }
    assert isinstance(found.params[0], CallerSlot)


def test_a_computed_column_stands_beside_the_others() -> None:
    """The row keeps its number, by which it is ordered."""
    wider = with_computed_columns(COMPANIES, ["size"], COMPUTED)
    assert isinstance(wider, ComputedTable)

    text = computed_table_source(wider, sql("companies AS c"), "row", SQLITE).text

    assert text.startswith('(SELECT "jotbase.row".*, "jotbase.row"."id" AS "id", jot_')
    assert text.endswith(', ?) AS "size" FROM companies AS c) AS "row"')


def test_a_relation_is_read_from_what_the_function_gives_back() -> None:
    """For the row that it hangs on."""
    found = computed_relation(COMPANIES, "hiring", COMPUTED)
    assert found is not None

    text = computed_relation_source(found[0], "r", "a", SQLITE).text

    assert (found[0].name, found[1]) == ("jobs", False)
    assert text.endswith(f' FROM json_each({ASKED.format("hiring")})) AS "r"')


@pytest.mark.parametrize(
    ("name", "to_one"), [("first", True), ("hiring", False), ("size", None), ("jobs", None)]
)
def test_a_relation_to_one_gives_one_row(name: str, to_one: bool | None) -> None:
    """What gives a value, and what is no function, is no computed relation."""
    found = computed_relation(COMPANIES, name, COMPUTED)

    assert (found[1] if found else None) is to_one


@pytest.mark.parametrize(
    ("table", "name", "returns", "reason"),
    [
        ("nothing", "f", Returns("value"), "there is no table nothing"),
        ("companies", "name", Returns("value"), "companies has a column of that name"),
        ("companies", "f", Returns("rows", table="nothing"), "it gives back rows of no table"),
        ("companies", "f", Returns("nothing"), "it gives nothing back"),
    ],
)
def test_what_cannot_be_computed_is_told(
    table: str, name: str, returns: Returns, reason: str
) -> None:
    """When the project is read."""
    with pytest.raises(ProjectError, match=reason):
        with_computed(MODEL, [(table, name, returns)])


def test_postgresql_is_given_what_is_known_and_the_row_as_text() -> None:
    """In place of the caller, whom the engine tells the code."""
    found = function_call("companies.size", COMPANIES, "a", POSTGRES)
    given = found.params[0].fill(Context(Principal("authenticated", "ada")))

    assert found.text.startswith('"jotbase"."computed"(?::text::jsonb, \'companies.size\', (\'{"')
    assert (type(given), str(given)) == (
        ComputedFor,
        '{"role":"authenticated","id":"ada","email":null,"session_id":null,'
        '"expires_at":null,"claims":{}}',
    )
