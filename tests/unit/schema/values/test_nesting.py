"""The limit of nesting: where it lies, and that nothing reads deeper."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.schema.values.nesting import MAX_NESTING, check_nesting, is_deep, is_depth_fault


def nested(levels: int) -> Any:
    """Return an array in an array in …, so many in all."""
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_the_limit_is_the_last_that_fits() -> None:
    """A hundred levels are taken, one more is not; a scalar has none."""
    assert not is_deep("x")
    assert not is_deep(nested(MAX_NESTING))
    assert is_deep(nested(MAX_NESTING + 1))
    assert is_deep({"a": [1, {"b": nested(MAX_NESTING - 2)}]})


def test_what_is_too_deep_is_told() -> None:
    """The error says what was too deep, and how deep it may be."""
    with pytest.raises(RequestError) as caught:
        check_nesting(nested(101), "The value")

    assert (caught.value.code, caught.value.message) == (
        "54001",
        "The value is nested more than 100 levels deep",
    )


def test_a_text_given_up_for_its_depth_is_known() -> None:
    """A text beyond the reader's own depth is told from one that is no JSON."""
    for text, deep in ((b"[" * 2000, True), (b'{"a":' * 2000, True), (b"[" * 20, False)):
        with pytest.raises(orjson.JSONDecodeError) as caught:
            orjson.loads(text)
        assert is_depth_fault(caught.value) is deep


@given(st.recursive(st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=12))
def test_depth_is_counted_as_recursion_counts_it(value: Any) -> None:
    """Level by level finds the depth that going down every branch finds."""

    def depth(one: Any) -> int:
        return 1 + max(map(depth, one), default=0) if isinstance(one, list) else 0

    found = depth(value)

    assert not is_deep(value, found) or not found
    assert found == 0 or is_deep(value, found - 1)
