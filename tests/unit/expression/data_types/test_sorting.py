"""Twin of jotbase.expression.data_types.sorting: sort keys compare as the values do."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from jotbase.expression.data_types.documents import compare, compare_arrays
from jotbase.expression.data_types.sorting import array_key, document_key

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text("aé\x01 \U0001f600", max_size=3)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé", max_size=2), inner),
    max_leaves=6,
)


def text(value: Any) -> str:
    return orjson.dumps(value).decode()


def sign(left: str | None, right: str | None) -> int:
    """Compare keys as SQLite does: by the bytes of their UTF-8."""
    assert left is not None
    assert right is not None
    return int(left.encode() > right.encode()) - int(left.encode() < right.encode())


@given(DOCUMENTS, DOCUMENTS)
def test_documents(left: Any, right: Any) -> None:
    """Whatever two JSON values are, their keys are in their order."""
    assert sign(document_key(text(left)), document_key(text(right))) == compare(left, right)


@given(st.lists(DOCUMENTS, max_size=4), st.lists(DOCUMENTS, max_size=4))
def test_arrays(left: list[Any], right: list[Any]) -> None:
    """So are arrays', which are compared item by item."""
    assert sign(array_key(text(left)), array_key(text(right))) == compare_arrays(left, right)


def test_what_is_none_has_no_key() -> None:
    """What another program left in the column is unknown."""
    assert (document_key("{"), array_key("{}"), array_key("nope")) == (None, None, None)
