"""Twin of jotbase.expression.data_types.documents."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.expression.data_types.documents import (
    NULL,
    compare,
    compare_arrays,
    contains,
    equal,
    hash_key,
    is_one_of,
    overlaps,
    text_at,
    value_at,
    words_of,
)

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ([1, True], [1, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ((1,), [1], True),
        (2**53 + 1, float(2**53), False),
    ],
)
def test_equality_minds_types(left: Any, right: Any, expected: bool) -> None:
    """True is not 1, the order of keys does not matter, numbers are exact."""
    assert equal(left, right) is expected


def test_the_order_is_jsonbs() -> None:
    """Null, text, number, boolean, array, object; fewer items first; an empty array before all."""
    ordered = [[], None, "a", "b", 1, 2.5, False, True, [9], [1, 2], {}, {"aa": 0}, {"b": 1}]

    assert [compare(left, right) for left, right in pairwise(ordered)] == [-1] * 12
    assert compare({"a": 2}, {"a": 1}) == 1
    assert compare([None], [[]]) == -1
    assert compare(NULL, None) == 0


def test_the_order_of_arrays_is_postgresqls() -> None:
    """Item by item, null last; an array that is another's beginning comes before it."""
    ordered: list[list[Any]] = [
        [],
        [1],
        [1, 2],
        [1, 2, 0],
        [1, 3],
        [2],
        [2, None],
        [None],
        [None, 1],
    ]

    assert [compare_arrays(left, right) for left, right in pairwise(ordered)] == [-1] * 8
    assert compare_arrays([None, "a"], [None, "a"]) == 0


@given(DOCUMENTS, DOCUMENTS)
def test_order_and_equality_agree(left: Any, right: Any) -> None:
    """Neither is less exactly when both are equal, and turning sides turns the sign."""
    assert (compare(left, right) == 0) is equal(left, right)
    assert compare(left, right) == -compare(right, left)


@pytest.mark.parametrize(
    ("left", "right", "held"),
    [
        ([1, 2, 3], [3, 1], True),
        ([1, 2], [1, 3], False),
        ([1, [2, 3]], [[3]], True),
        ([1, [2]], [2], False),
        ([1], [True], False),
        (["a"], "a", True),
        ("a", ["a"], False),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        ({"a": [1, 2]}, {"a": [2]}, True),
        ([], [], True),
        ([{"a": 1}], {"a": 1}, False),
    ],
)
def test_containment_is_jsonbs(left: Any, right: Any, held: bool) -> None:
    """The examples of PostgreSQL 8.14.3, and what they leave open."""
    assert contains(left, right) is held


@given(DOCUMENTS)
def test_everything_contains_itself(document: Any) -> None:
    """Containment is reflexive."""
    assert contains(document, document)


@given(DOCUMENTS, DOCUMENTS)
def test_keys_are_equal_where_values_are(left: Any, right: Any) -> None:
    """What stands for a value in a set is equal for equal values alone."""
    assert (hash_key(left) == hash_key(right)) is equal(left, right)
    assert is_one_of(left, [[], right]) is (equal(left, right) or left == [])


def test_arrays_of_scalars_are_compared_by_sets() -> None:
    """Nothing is compared with each item: not one tick for arrays of a hundred thousand items."""
    many = list(range(100_000))

    def tick() -> None:
        raise AssertionError

    assert contains(many, many[::-1], tick)
    assert not contains(many, [-1], tick)
    assert overlaps(many, [*range(-100_000, 0), 5])


def test_null_is_in_common_with_nothing() -> None:
    """Arrays overlap by items that are equal."""
    assert overlaps([1, None], [2, 1])
    assert not overlaps([None, True], [None, 1])


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("a",), [1, None], "[1,null]"),
        (("a", 0), 1, "1"),
        (("a", -2), 1, "1"),
        (("a", 1), NULL, None),
        (("a", 2), None, None),
        (("b",), "x", "x"),
        (("b", "c"), None, None),
        (("c",), True, "true"),
        ((0,), None, None),
    ],
)
def test_a_path_leads_to_a_value(path: tuple[str | int, ...], value: Any, text: str | None) -> None:
    """JSON's null is a value of its own, and has no text."""
    document = {"a": [1, None], "b": "x", "c": True}

    assert value_at(document, path) == value
    assert text_at(document, path) == text


def test_the_words_of_a_document_are_those_of_its_texts() -> None:
    """Neither names nor numbers are among them, and no phrase goes from one text to the next."""
    document = {"fat": "The cat", "n": [1, True, None, "sat on", {"a": "rats"}]}
    between = words_of(["", ""])

    assert words_of(document) == f"The cat{between}sat on{between}rats"
    assert (between.strip().isalnum(), len(between.split())) == (True, 1)
    assert words_of(7) == ""
