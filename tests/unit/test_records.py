"""Records are what frozen dataclasses with slots are, whenever their methods are compiled."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.records import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A record with a default, a factory, and a field that neither equals nor shows."""

    x: Any
    y: Any = 2
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", compare=False, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Plain:
    """The same by the standard library."""

    x: Any
    y: Any = 2
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", compare=False, repr=False)


@given(st.integers(0, 2) | st.text(max_size=1), st.integers(0, 2), st.text(max_size=1))
def test_records_compare_hash_and_show_as_dataclasses_do(x: object, y: int, note: str) -> None:
    """Equality, hash and text of a record are those of the standard library's class."""
    record: Any = Point(x, y, note=note)
    plain: Any = Plain(x, y, note=note)

    assert repr(record) == repr(plain).replace("Plain", "Point")
    assert hash(record) == hash(plain)
    assert (record == Point(1)) == (plain == Plain(1))
    assert record != plain
    assert dataclasses.astuple(record) == dataclasses.astuple(plain)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_records_are_copied_and_pickled(copied: Callable[[Point], Point]) -> None:
    """A copy is equal, has every field, and shares nothing that can change."""
    point = Point(1, tags=["a"], note="n")
    other = copied(point)
    other.tags.append("b")

    assert (other, other.note, point.tags) == (point, "n", ["a"])


def test_a_record_is_frozen_and_has_slots() -> None:
    """Fields are neither set nor deleted, and an instance has no dictionary."""
    point = Point(1)

    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_records_are_replaced_matched_and_told_what_is_missing() -> None:
    """`replace` and patterns work, and a missing value is named as by any function."""
    match replace(Point(1), y=5):
        case Point(x, y):
            assert (x, y) == (1, 5)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]


def test_a_record_inherits_no_fields() -> None:
    """A class that would inherit a record's fields is refused when it is made."""
    with pytest.raises(TypeError, match="inherits fields"):

        @dataclass(frozen=True, slots=True)
        class Longer(Point):
            z: int = 0
