"""Other tools' words, and what is written for them here."""

import pytest

from jotbase.schema.keywords.other_spellings import (
    action_hint,
    computed_hint,
    expression_hint,
    format_hint,
    type_hint,
)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("timestamp with time zone", 'write "type": "string", "format": "date-time"'),
        ("NUMERIC(10, 2)", 'write "type": "string", "format": "decimal"'),
        ("String", None),
        ("double precision", 'write "type": "number"'),
        ("Json", 'write "type": "object"'),
        ("int[]", 'write "type": "array", "items": {"type": "integer"}'),
        ("frobnicate", None),
        (5, None),
    ],
)
def test_types(name: object, hint: str | None) -> None:
    """By their plain name: without size, case and signs."""
    assert type_hint(name) == hint


def test_formats_and_actions() -> None:
    """Whatever their case."""
    assert format_hint("URL") == 'write "format": "uri"'
    assert format_hint("date") is None
    assert action_hint("create_rule") == 'write "insert"'
    assert action_hint("select") is None


@pytest.mark.parametrize(
    ("default", "expression"),
    [
        ("now()", "now()"),
        (" CURRENT_TIMESTAMP ", "now()"),
        ("(datetime('now'))", "now()"),
        ("gen_random_uuid()", "uuid()"),
        ("auth.uid()", "user.id"),
        ("date('now')", "today()"),
    ],
)
def test_computed_defaults(default: str, expression: str) -> None:
    """A literal that other tools compute is a `defaultExpression`."""
    hint = f'a default is taken as it is: write "defaultExpression": "{expression}"'
    assert computed_hint(default) == hint


@pytest.mark.parametrize("default", ["date", "uuid", "serial", "nowhere()", "", None, 5])
def test_plain_texts_are_no_computation(default: object) -> None:
    """A word alone may be meant as it is."""
    assert computed_hint(default) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("CURRENT_TIMESTAMP", "Write now()."),
        ("auth.uid()", "Write user.id."),
        ("nextval('ids')", 'write "identity": true instead: the database numbers the rows'),
        ("now()", None),
        ("'a'", None),
    ],
)
def test_expressions_of_other_tools(text: str, hint: str | None) -> None:
    """What the rule language calls otherwise; what it knows needs no hint."""
    assert expression_hint(text) == hint
