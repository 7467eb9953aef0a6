"""CHECK conditions as keywords, and those that no keyword can say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.schema.model.tables import Type
from jotbase.schema.pulling.checks import keywords

TYPES = {"n": Type.INTEGER, "r": Type.NUMBER, "t": Type.TEXT, "b": Type.BOOLEAN}


@pytest.mark.parametrize(
    ("condition", "schema"),
    [
        ("n >= 0", {"n": {"minimum": 0}}),
        ("N > -1", {"n": {"exclusiveMinimum": -1}}),
        ('"n" < 10 AND n >= 2', {"n": {"exclusiveMaximum": 10, "minimum": 2}}),
        (
            "n BETWEEN 1 AND 5 AND r <= .5",
            {"n": {"minimum": 1, "maximum": 5}, "r": {"maximum": 0.5}},
        ),
        ("(n > 1)", {"n": {"exclusiveMinimum": 1}}),
        ("length(t) <= 20", {"t": {"maxLength": 20}}),
        ("LENGTH([t]) > 0", {"t": {"minLength": 1}}),
        ("length(t) = 2", {"t": {"minLength": 2, "maxLength": 2}}),
        ("t IN ('a', 'it''s')", {"t": {"enum": ["a", "it's"]}}),
        ("n in (1, -2)", {"n": {"enum": [1, -2]}}),
        ("b IN (0, 1)", {"b": {}}),
    ],
)
def test_what_keywords_can_say(condition: str, schema: dict[str, Any]) -> None:
    """Bounds, lengths and lists, joined by AND."""
    assert keywords(condition, TYPES) == schema


@pytest.mark.parametrize(
    "condition",
    [
        "n > r",
        "n > 0 OR n < -5",
        "n <> 3",
        "n > 0 AND t LIKE 'a%'",
        "t > 'a'",
        "t IN ('a', 1)",
        "t IN (SELECT x FROM y)",
        "t NOT IN ('a')",
        "length(n) < 3",
        "length(t) < 0",
        "length(t || t) < 3",
        "n > 1 AND n > 2",
        "b IN (0, 1, 2)",
        "other > 1",
        "n > 1 + 1",
        "n BETWEEN 1 AND r",
        "json_valid(t)",
        "",
    ],
)
def test_what_they_cannot_say(condition: str) -> None:
    """A condition is said whole or not at all."""
    assert keywords(condition, TYPES) is None


@given(st.text("nt ()AND<>=0123456789'BETWEENIlength,", max_size=40))
def test_no_condition_is_too_odd(condition: str) -> None:
    """Whatever SQLite might have taken, there is an answer, about known columns alone."""
    found = keywords(condition, TYPES)

    assert found is None or found.keys() <= TYPES.keys()
