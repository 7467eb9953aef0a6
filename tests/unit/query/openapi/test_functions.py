"""What the OpenAPI document says of functions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.query.calls_board import ADD, NOTHING, ONE_ROW, ROWS, TAKE, TWICE, VALUES, function

from jotbase.query.openapi.functions import function_paths
from jotbase.query.plan.functions import Function, Parameter
from jotbase.schema.model.tables import Type

NUMBER = {"type": "integer", "minimum": 1}
READS = function("f", Parameter("n", Type.INTEGER, schema=NUMBER), reads=True, description="Finds.")


def test_arguments_are_told_with_their_schemas() -> None:
    """In the body of a POST, and in the query of a GET where the function only reads."""
    told = function_paths([READS], {})["/rpc/f"]

    assert told["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {"n": NUMBER},
        "required": ["n"],
        "additionalProperties": False,
    }
    assert told["get"]["parameters"] == [
        {"name": "n", "in": "query", "required": True, "schema": NUMBER}
    ]
    assert told["get"]["description"] == "Finds."


def test_functions_of_one_name_share_a_path() -> None:
    """Their arguments are told as alternatives, and a name may hold any character."""
    told = function_paths([*TWICE, function("a b")], {})

    assert list(told) == ["/rpc/a%20b", "/rpc/twice"]
    body = told["/rpc/twice"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert len(body["anyOf"]) == 2


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (ADD, {}),
        (VALUES, {"type": "array"}),
        (NOTHING, {"type": "null"}),
        (ROWS, {"type": "array", "items": {"$ref": "#/components/schemas/firms"}}),
        (ONE_ROW, {"$ref": "#/components/schemas/firms"}),
    ],
)
def test_results_are_told(one: Function, expected: dict[str, Any]) -> None:
    """Rows of a table by its schema, where the caller is shown it."""
    told = function_paths([one], {"companies": "firms"})

    response = told[f"/rpc/{one.name}"]["post"]["responses"]["200"]
    assert response["content"]["application/json"]["schema"] == expected


def test_rows_of_a_table_that_is_not_shown_are_objects() -> None:
    """And a body that is taken whole may be anything."""
    told = function_paths([ROWS, TAKE], {})

    rows = told["/rpc/companies_of"]["post"]["responses"]["200"]["content"]["application/json"]
    assert rows["schema"] == {"type": "array", "items": {"type": "object"}}
    assert told["/rpc/take"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {}
