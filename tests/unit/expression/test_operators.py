"""Twin of jotbase.expression.operators; tests/contract/test_rules.py holds both readings."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.errors import RequestError
from jotbase.expression.operators import OPERATORS, SQL_FUNCTIONS, unknown_on_type_error
from jotbase.schema.model.tables import Type
from jotbase.sql.fragment import bound


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_is_said_in_every_reading(name: str) -> None:
    """Each row of the table has a name, a line of documentation, and SQL for both dialects."""
    operator = OPERATORS[name]
    meanings = [operator.semantics(None), *operator.typed.values()]

    assert operator.name == name
    assert operator.doc
    assert operator.types
    assert all(set(semantics.spell) == {"sqlite", "postgres"} for semantics in meanings)


@pytest.mark.parametrize("name", OPERATORS)
def test_every_spelling_takes_its_arguments(name: str) -> None:
    """Each argument is bound at least once, and no text of a value stands in the SQL."""
    operator = OPERATORS[name]
    arguments = [bound(number) for number in range(len(operator.takes))]

    for spell in operator.spell.values():
        assert set(spell(*arguments).params) == set(range(len(arguments)))


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("eq", (1, True), False),
        ("neq", ("a", "b"), True),
        ("lte", ("a", "a"), True),
        ("in", ("a", None), None),
        ("in", (None, ()), False),
        ("in", (None, ("a",)), None),
        ("is", (None, None), True),
        ("is", (None, True), False),
        ("isdistinct", (None, None), False),
        ("isdistinct", (None, 1), True),
        ("holds", ([True], 1), False),
        ("cs", ([1, 2], [2]), True),
        ("cd", ([2], [1, 2]), True),
        ("ov", ([1], [2]), False),
        ("startswith", ("abc", "ab"), True),
        ("json_text", ({"a": 1.5}, ("a",)), "1.5"),
    ],
)
def test_the_python_reading(name: str, arguments: tuple[Any, ...], result: Any) -> None:
    """What an operator says of values at hand."""
    assert OPERATORS[name].read(*arguments) == result


def test_json_is_compared_as_documents() -> None:
    """A comparison has another meaning where its last argument is JSON."""
    less = OPERATORS["lt"]

    assert less.semantics(Type.JSON).read("z", 1) is True
    assert less.semantics(Type.TEXT).read("a", "b") is True
    assert less.semantics(None).spell is less.spell


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("jot_compare", ("[1]", "[2]"), -1),
        ("jot_contains", ('{"a":1}', "{}"), True),
        ("jot_overlaps", ("[1]", "[1]"), True),
        ("jot_among", ("1", "[true,1.0]"), True),
        ("jot_ilike", ("ABC", "a%"), True),
        ("jot_match", ("abc", "b"), True),
        ("jot_imatch", ("ABC", "b"), True),
    ],
)
def test_sqlite_is_given_functions(name: str, arguments: tuple[str, ...], result: Any) -> None:
    """JSON comes to them as text."""
    assert SQL_FUNCTIONS[name](*arguments) == result


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("jot_compare", ("[1", "[2]")),
        ("jot_compare", ("[" * 5000 + "]" * 5000, "1")),
        ("jot_compare", (b"\xff", "1")),
        ("jot_contains", ("{", "{}")),
        ("jot_overlaps", ("1", "[1]")),
        ("jot_among", ("nan", "[1]")),
        ("jot_ilike", (1, "a")),
        ("jot_match", (1, "a")),
        ("jot_imatch", (b"a", "a")),
        ("jot_range_key", (1,)),
        ("jot_range_cs", ("(", "[1,2)")),
        ("jot_range_adj", (1.5, "[1,2)")),
    ],
)
def test_what_is_no_value_of_its_type_is_unknown(name: str, arguments: tuple[Any, ...]) -> None:
    """A table that others write holds anything; nobody's question fails for a row of it."""
    assert SQL_FUNCTIONS[name](*arguments) is None


def test_mistakes_of_a_request_are_still_told() -> None:
    """Only what a row holds is unknown."""

    def refuse(_: str) -> None:
        raise RequestError("22023", "no")

    with pytest.raises(RequestError):
        unknown_on_type_error(refuse)("a")
