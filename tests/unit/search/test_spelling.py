"""Names that are nearly right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.search.spelling import distance, nearest


@pytest.mark.parametrize(
    ("name", "found"),
    [("projectx", "projects"), ("projecxx", "projects"), ("projxxxx", None), ("fakefake", None)],
)
def test_nearest(name: str, found: str | None) -> None:
    """Three quarters alike is near, less is not."""
    assert nearest(name, ["clients", "projects"]) == found


def test_an_endless_name_is_like_nothing() -> None:
    """No time is spent on a name that nobody meant."""
    assert nearest("x" * 1000, ["x" * 999]) is None


@given(st.text(max_size=8), st.text(max_size=8))
def test_distance_is_a_distance(left: str, right: str) -> None:
    """It is symmetric, and nothing for equals alone."""
    assert distance(left, right) == distance(right, left)
    assert (distance(left, right) == 0) == (left == right)
