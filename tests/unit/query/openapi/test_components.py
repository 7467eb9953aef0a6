"""What all operations share: read from the tables of operators, errors and preferences."""

import pytest
from tests.unit.schema.projects import NUMBER, TEXT, table

from jotbase.error_codes import CODES
from jotbase.expression.operators import OPERATORS
from jotbase.query.openapi.components import (
    PREFERENCES,
    READING,
    WRITING,
    description,
    error_references,
    error_responses,
    filter_parameter,
    operators,
    operators_of,
    parameters,
    prefer,
)
from jotbase.query.request.preferences import parse_preferences
from jotbase.schema.model.tables import Type


def test_every_operator_of_filters_is_told() -> None:
    """The table of operators is the only place where they are listed."""
    names = [one["name"] for one in operators()]

    assert names == [one.name for one in OPERATORS.values() if one.url]
    assert {"eq", "fts", "cs"} <= set(names)
    assert "holds" not in names


def test_a_pipe_does_not_break_the_table_of_operators() -> None:
    """The description is Markdown, in which a pipe ends a cell."""
    assert r"`fat & (cat \| rat)`" in description()


def test_a_filter_names_the_operators_that_fit() -> None:
    """A number has no pattern, a text no containment."""
    row = table({"n": {**NUMBER, "description": "How many."}, "t": TEXT})

    found = filter_parameter(row.by_name["n"])

    assert (found["name"], found["in"]) == ("n", "query")
    assert found["description"].startswith("How many.\n\nType int8. Operators: `eq`, `neq`,")
    assert "`like`" not in found["description"]
    assert "`like`" in filter_parameter(row.by_name["t"])["description"]


@pytest.mark.parametrize("kind", list(Type))
def test_every_type_has_an_example_that_fits_it(kind: Type) -> None:
    """The example's operator is one that the type has."""
    schema = {"array": {"type": "array"}, "jsonb": {"type": "object"}}.get(kind.value, TEXT)
    column = table({"a": schema}).by_name["a"]
    object.__setattr__(column, "type", kind)

    operator = filter_parameter(column)["examples"]["filter"]["value"].split(".")[0]

    assert operator in [one.name for one in operators_of(kind)]


@pytest.mark.parametrize("kind", list(PREFERENCES))
def test_every_preference_told_is_one(kind: str) -> None:
    """Whatever the document offers is taken, under strict handling too."""
    for name, values in prefer(kind):
        for value in values:
            assert parse_preferences(f"handling=strict, {name}={value}").invalid == ()


def test_errors_are_told_by_status_with_their_codes() -> None:
    """Each code of the table stands under its status, if an operation can answer with it."""
    found = error_responses()

    for code, known in CODES.items():
        if known.status in (*READING, *WRITING):
            assert f"- `{code}` {known.meaning}" in found[f"error{known.status}"]["description"]
    assert "`42501`" in found["error401"]["description"]


def test_every_refusal_has_its_response() -> None:
    """No operation refers to a response that is not there."""
    assert {f"error{status}" for status in (*READING, *WRITING)} == error_responses().keys()
    assert error_references((404,)) == {"404": {"$ref": "#/components/responses/error404"}}


def test_parameters_are_either_in_the_query_or_headers() -> None:
    """Paging is in both, preferences are in a header."""
    found = {name: (one["in"], one["name"]) for name, one in parameters().items()}

    assert found["limit"] == ("query", "limit")
    assert found["range"] == ("header", "Range")
    assert found["preferInsert"] == ("header", "Prefer")
