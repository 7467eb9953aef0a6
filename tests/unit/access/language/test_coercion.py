"""Twin of jotbase.access.language.coercion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.access.language.coercion import coercer, list_coercer, presence
from jotbase.schema.model.tables import Type


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (Type.TEXT, "a", "a"),
        (Type.TEXT, 1, None),
        (Type.TEXT, "a\x00", None),
        (Type.TEXT, "\ud800", None),
        (Type.INTEGER, 3, 3),
        (Type.INTEGER, 3.0, 3),
        (Type.INTEGER, 3.5, None),
        (Type.INTEGER, True, None),
        (Type.INTEGER, "3", None),
        (Type.INTEGER, 2**63, None),
        (Type.NUMBER, 3.5, 3.5),
        (Type.NUMBER, float("inf"), None),
        (Type.DECIMAL, 1.50, "1.5"),
        (Type.DECIMAL, "0.123456789012345678", None),
        (Type.BOOLEAN, False, False),
        (Type.BOOLEAN, 0, None),
        (Type.UUID, "00000000-0000-4000-8000-00000000000A", "00000000-0000-4000-8000-00000000000a"),
        (Type.UUID, "me", None),
        (Type.TIMESTAMP, "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00+00:00"),
        (Type.TIMESTAMP, "soon", None),
        (Type.JSON, {"a": 1}, {"a": 1}),
        (Type.TEXT, None, None),
    ],
)
def test_a_fact_is_read_as_a_type_or_is_unknown(kind: Type, value: Any, read: Any) -> None:
    """A claim of the wrong type never equals anything."""
    found = coercer(kind)(value)

    assert found == read
    assert type(found) is type(read)


def test_items_that_do_not_fit_are_left_out() -> None:
    """A list of mixed claims is read as the list of those that can be equal to something."""
    assert list_coercer(Type.TEXT)(["a", 1, None, "b"]) == ("a", "b")
    assert list_coercer(Type.INTEGER)([True, 1, "2"]) == (1,)


@pytest.mark.parametrize("value", ["a", None, {"a": 1}, 3])
def test_what_is_no_list_is_no_list_of_items(value: Any) -> None:
    """Text is not a list of its letters."""
    assert list_coercer(Type.TEXT)(value) is None


def test_readers_are_the_same_object_each_time() -> None:
    """Two facts that ask the same are equal, so that callers can be grouped by them."""
    assert coercer(Type.UUID) is coercer(Type.UUID)
    assert list_coercer(Type.UUID) is list_coercer(Type.UUID)


def test_presence_is_true_or_unknown() -> None:
    """Whatever is there is there, a false claim too."""
    assert presence(False) is True
    assert presence(None) is None


@given(st.sampled_from(sorted(Type, key=str)), st.text() | st.floats() | st.integers())
def test_reading_never_fails(kind: Type, value: Any) -> None:
    """No claim whatever makes a request fail."""
    coercer(kind)(value)
    list_coercer(kind)([value])
