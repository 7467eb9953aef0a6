"""Schemas that certainly let more pass than before."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.schema.keywords.compatibility import assertions, has_reference, is_widened
from jotbase.schema.rows.check import validator


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ({"maxLength": 3}, {"maxLength": 5}, True),
        ({"maxLength": 5}, {"maxLength": 3}, False),
        ({"minimum": 3}, {"minimum": 1}, True),
        ({"minimum": 1}, {"minimum": 3}, False),
        ({"pattern": "a"}, {}, True),
        ({}, {"pattern": "a"}, False),
        ({"pattern": "a"}, {"pattern": "b"}, False),
        ({"enum": [1]}, {"enum": [2, 1]}, True),
        ({"enum": [1, 2]}, {"enum": [1]}, False),
        ({"type": "integer"}, {"type": ["number", "null"]}, True),
        ({"type": "number"}, {"type": "integer"}, False),
        ({"title": "x", "default": 1}, {"title": "y", "x-z": 1}, True),
        ({"references": "a.b"}, {"references": "a.c"}, True),
        ({"minContains": 2, "contains": {}}, {"contains": {}}, False),
        ({}, {"not": {}}, False),
        (True, False, False),
    ],
)
def test_only_what_is_certain_is_called_wider(old: Any, new: Any, wider: bool) -> None:
    """Keywords that are not known to widen are not taken to."""
    assert is_widened(old, new) is wider


def test_annotations_and_our_keywords_decide_over_no_value() -> None:
    """What is left is what a validator looks at."""
    assert assertions({"type": "string", "description": "x", "identity": True}) == {
        "type": "string"
    }


def test_what_refers_elsewhere_is_known() -> None:
    """However deep the reference stands; data that looks like one is none."""
    assert has_reference({"items": {"$ref": "#/$defs/a"}})
    assert not has_reference({"const": {"$ref": "#/$defs/a"}})


NUMBERS = st.integers(0, 4)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "string", "number", ["string", "integer"]]),
        "minimum": NUMBERS,
        "exclusiveMaximum": NUMBERS,
        "minLength": NUMBERS,
        "maxLength": NUMBERS,
        "enum": st.lists(NUMBERS, min_size=1, max_size=3),
        "multipleOf": st.integers(1, 3),
        "items": st.just({"type": "string"}),
        "prefixItems": st.just([True]),
        "uniqueItems": st.booleans(),
    },
)
VALUES = st.integers(-1, 5) | st.text("ab", max_size=5) | st.lists(NUMBERS, max_size=3)


@given(SCHEMAS, SCHEMAS, VALUES)
def test_what_is_called_wider_lets_all_pass_that_passed(old: Any, new: Any, value: Any) -> None:
    """No value that fitted the old schema is refused by a wider one."""
    if is_widened(old, new) and validator(old).is_valid(value):
        assert validator(new).is_valid(value)


def test_true_is_not_one() -> None:
    """Although Python holds them for equal, wherever they stand."""
    assert not is_widened({"enum": [1, "a"]}, {"enum": [True, "a"]})
    assert not is_widened({"const": 0}, {"const": False})
    deep = {"properties": {"a": {"const": 1}}}
    assert not is_widened(deep, {"properties": {"a": {"const": True}}})
    assert is_widened(deep, {"properties": {"a": {"const": 1}}})
