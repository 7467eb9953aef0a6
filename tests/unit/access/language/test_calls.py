"""Twin of jotbase.access.language.calls."""

from __future__ import annotations

import ast

import pytest
from tests.unit.access.board import BOARD, JOBS

from jotbase.access.language.calls import call
from jotbase.access.language.syntax import Reader
from jotbase.access.language.syntax_errors import RuleError
from jotbase.expression.expr import Apply, Expr, Fact, NewUuid, Now

READER = Reader(BOARD, {"row": JOBS}, {})


def called(text: str, *, defaults: bool = False) -> Expr:
    """Return what a call means."""
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    return call(node, READER.value, defaults=defaults)


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("len(row.title)", "len"),
        ("len(row.tags)", "array_len"),
        ("len(user.roles)", "array_len"),
        ("lower('A')", "lower"),
        ("row.title.lower()", "lower"),
        ("lower(user.email)", "lower"),
        ("startswith(row.title, 'a')", "startswith"),
        ("row.title.startswith(user.claims['a'])", "startswith"),
    ],
)
def test_functions_are_operators(text: str, operator: str) -> None:
    """A function and its method form are the same operator."""
    found = called(text)

    assert isinstance(found, Apply)
    assert found.operator == operator


def test_a_claim_given_to_a_function_is_read_as_text() -> None:
    """What a function takes settles what a claim is."""
    found = called("lower(user.claims['a'])")

    assert isinstance(found, Apply)
    assert isinstance(found.arguments[0], Fact)
    assert found.arguments[0].read(3) is None


def test_a_place_in_json_given_to_a_function_is_text() -> None:
    """Functions of text read JSON's text."""
    found = called("lower(row.settings['a'])")

    assert isinstance(found, Apply)
    assert isinstance(found.arguments[0], Apply)
    assert found.arguments[0].operator == "json_text"


def test_now_and_uuid_take_nothing() -> None:
    """The time is for all, a new UUID for defaults alone."""
    assert called("now()") == Now()
    assert called("uuid()", defaults=True) == NewUuid()


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("uuid()", "unknown function 'uuid'", "defaultExpression"),
        ("lenght(row.title)", "unknown function 'lenght'", "len"),
        ("all(row.open)", "unknown function 'all'", "not any"),
        ("eval('1')", "unknown function 'eval'", "Known:"),
        ("row.title.upper()", "unknown method 'upper'", "lower"),
        ("row.title.format('a')", "unknown method 'format'", None),
        ("row.tags[0]()", "only functions named here can be called", None),
        ("len()", "len() takes 1 arguments, not 0", None),
        ("now(1)", "now() takes 0 arguments, not 1", None),
        ("len(*row.tags)", "len() takes plain arguments alone", None),
        ("len(obj=row.title)", "len() takes plain arguments alone", None),
        ("len(row.salary)", "len() takes text or an array, not a whole number", None),
        ("lower(row.tags)", "lower() takes text, not an array", None),
        ("lower(None)", "lower() takes text", None),
    ],
)
def test_wrong_calls_are_refused(text: str, reason: str, hint: str | None) -> None:
    """The reason says what is called wrongly."""
    with pytest.raises(RuleError) as caught:
        called(text)

    assert caught.value.reason.startswith(reason)
    assert hint is None or hint in (caught.value.hint or "")
