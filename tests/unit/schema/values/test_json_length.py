"""How long a value's JSON would be, before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jotbase.errors import JotError
from jotbase.schema.values.json_length import MOST_ITEMS, PIECE, check_length, listed, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text("aé\n", max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner) | st.tuples(inner),
)


def bomb(levels: int) -> Any:
    """Return a list of ten lists of ten lists..., each of which is there once."""
    made: Any = "a"
    for _ in range(levels):
        made = [made] * 10
    return made


@given(JSON)
@example(-(2**63))
def test_what_is_small_is_never_refused(value: Any) -> None:
    """The length found is near that of the text, for any value."""
    text = orjson.dumps(value)
    assert len(text) <= 3 * check_length(value) <= 30 * len(text) + 60


def test_one_list_in_many_places_counts_in_each() -> None:
    """It takes no memory, and its text takes all there is."""
    assert check_length(bomb(3)) > 3000
    with pytest.raises(JotError, match="returned too much") as error:
        check_length(bomb(60))
    assert (error.value.code, error.value.status) == ("54000", 413)


@pytest.mark.parametrize(
    "piece",
    ["a" * 1000, b"a" * 1000, Decimal("1" * 1000), {"a" * 1000: 1}, orjson.Fragment(b"1" * 1000)],
)
def test_every_kind_of_value_counts(piece: Any) -> None:
    """A piece of a thousand characters, a hundred times."""
    with pytest.raises(JotError, match="returned too much"):
        check_length([piece] * 100, most=50_000)


def test_what_holds_itself_is_found() -> None:
    """By a list, a dict or a field."""

    @dataclass
    class Node:
        inner: Any = None

    cycle: list[Any] = []
    cycle.append({"a": [cycle]})
    node = Node()
    node.inner = node
    for one in (cycle, node):
        with pytest.raises(TypeError, match=r"holds itself|nested"):
            check_length(one)


def test_the_depth_that_orjson_writes() -> None:
    """A list of lists, level by level."""
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(TypeError, match="254 levels"):
        check_length(deep)


def test_an_iterator_has_an_end() -> None:
    """One million items are taken, and no more."""
    asked = 0

    def items() -> Iterator[int]:
        nonlocal asked
        while True:
            asked += 1
            yield asked

    assert listed(iter("abc")) == ["a", "b", "c"]
    with pytest.raises(JotError, match="returned too much"):
        listed(items())
    assert asked == MOST_ITEMS + 1


@pytest.mark.parametrize(
    "value",
    [
        [["a" * 99, 1, {"b": None}]] * 30_000,
        {"rows": [1] * 900_000, 7: "b" * PIECE},
        ["a" * PIECE] * 3,
        {"é\n": "a" * PIECE, "b": []},
    ],
)
def test_a_long_value_is_written_piece_by_piece(value: Any) -> None:
    """What is put together is what is written in one piece."""
    option = orjson.OPT_NON_STR_KEYS
    asked: list[int] = []

    def encode(piece: Any) -> bytes:
        made = orjson.dumps(piece, option=option)
        asked.append(len(made))
        return made

    assert written(value, encode) == orjson.dumps(value, option=option)
    assert max(asked) < 2 * PIECE
