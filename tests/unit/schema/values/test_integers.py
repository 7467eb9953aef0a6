"""Integers that would lose digits are found wherever they stand, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.schema.values.integers import refuse_inexact, whole

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.sampled_from((2**64, 2**64 - 1, 2**63, -(2**63), -(2**63) - 1, 10**18, -(10**18))),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    NUMBERS | st.text('0123456789"\\-.e', max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("1234567890", max_size=25), inner, max_size=3)
    ),
    max_leaves=12,
)


def refused(text: bytes) -> bool:
    return code_of(lambda: refuse_inexact(text)) == "22003"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"18446744073709551615", False),
        (b"18446744073709551616", True),
        (b"-9223372036854775808", False),
        (b"-9223372036854775809", True),
        (b'{"a":[1,100000000000000000000]}', True),
        (b'{"a":"100000000000000000000"}', False),
        (b'{"a\\"1":"\\\\","b":100000000000000000000}', True),
        (b'{"100000000000000000000":1}', False),
        (b"[0.100000000000000000000]", False),
        (b"[100000000000000000000.5]", False),
        (b"[100000000000000000000e1]", False),
        (b"[18446744073709551615,18446744073709551616]", True),
        (b"[1" + b"0" * 300 + b"]", True),
    ],
)
def test_what_is_refused(text: bytes, expected: bool) -> None:
    """Integers beyond 64 bits: no texts, no fractions, nothing that fits."""
    assert refused(text) is expected


def inexact(value: Any) -> bool:
    """Say whether a value has an integer beyond 64 bits."""
    if isinstance(value, dict):
        return any(map(inexact, value.values()))
    if isinstance(value, list):
        return any(map(inexact, value))
    return type(value) is int and not -(2**63) <= value < 2**64


@given(VALUES)
def test_what_is_let_through_is_read_exactly(value: Any) -> None:
    """Held against a reader that keeps all digits."""
    text = json.dumps(value).encode()

    assert refused(text) is inexact(value)
    if not inexact(value):
        assert orjson.loads(text) == value


@pytest.mark.parametrize("value", [1.0, -1e3, 2.0**53 - 1, 1 - 2.0**53, 2**53 + 1, -(2**63)])
def test_a_whole_number_is_its_integer(value: float) -> None:
    """Whatever its form was, as long as no other number is parsed as the same double."""
    assert (whole(value), type(whole(value))) == (value, int)


@pytest.mark.parametrize("text", ["9007199254740993.0", "-90071992547409930e-1", "1e18", "1e300"])
def test_an_integer_that_may_have_been_rounded_is_refused(text: str) -> None:
    """From 2^53 on a double stands for several integers."""
    assert code_of(lambda: whole(orjson.loads(text))) == "22003"
