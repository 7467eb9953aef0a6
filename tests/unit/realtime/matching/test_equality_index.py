"""The index: every item that a row may concern is found, and few others."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jotbase.realtime.matching.equalities import ComparedColumn, OneOf
from jotbase.realtime.matching.equality_index import EqualityIndex

ID, KIND = ComparedColumn("id", exact=False), ComparedColumn("kind", exact=False)
PRICE = ComparedColumn("price", exact=True)


def one(column: ComparedColumn, *values: Any) -> OneOf:
    """Return the need of one of these values."""
    return frozenset((column, value) for value in values)


def test_a_row_finds_who_needs_its_values() -> None:
    """Of the old row and of the new one, and who needs nothing."""
    index = EqualityIndex[str]()
    index.add("first", [[one(ID, 1)]])
    index.add("both", [[one(ID, 1, 2)]])
    index.add("either", [[one(ID, 3)], [one(KIND, "a")]])
    index.add("all", [[one(ID, 1)], []])
    index.add("none", [[one(ID)]])

    assert index.affected({"id": 1, "kind": "b"}) == ("all", "first", "both")
    assert index.affected({"id": 2}, {"id": 3}) == ("all", "both", "either")
    assert index.affected(None, {"id": 9, "kind": "a"}) == ("all", "either")
    assert index.affected({"id": 9}) == ("all",)


def test_the_rarest_need_is_the_place() -> None:
    """A thousand who need the same kind are told apart by their ids."""
    index = EqualityIndex[int]()
    for number in range(1000):
        index.add(number, [[one(KIND, "open"), one(ID, number)]])

    assert len(index.affected({"id": 7, "kind": "open"})) <= 2
    assert 7 in index.affected({"id": 7, "kind": "open"})


def test_what_is_removed_is_not_found() -> None:
    """Wherever it stood, and removing it twice is no fault."""
    index = EqualityIndex[str]()
    index.add("a", [[one(ID, 1, 2)]])
    index.add("b", [[]])
    for name in ("a", "b", "a"):
        index.remove(name)

    assert index.affected({"id": 1}, {"id": 2}) == ()


def test_what_cannot_be_looked_up_finds_all_of_the_column() -> None:
    """What another program left in a row is for the judge, which knows what to say of it."""
    index = EqualityIndex[str]()
    index.add("dear", [[one(PRICE, 5)]])
    index.add("first", [[one(ID, 1)]])

    assert index.affected({"price": "five", "id": 2}) == ("dear",)
    assert index.affected({"price": None, "id": [1]}) == ("first",)


NEEDS = st.lists(st.builds(one, st.sampled_from([ID, KIND]), st.integers(0, 3)), max_size=2)
ROWS = st.fixed_dictionaries({"id": st.integers(0, 3), "kind": st.integers(0, 3)})


@given(st.lists(st.lists(NEEDS, max_size=3)), st.none() | ROWS, st.none() | ROWS, st.data())
def test_nobody_whom_a_row_may_concern_is_left_out(
    listed: list[list[list[OneOf]]], old: Any, new: Any, data: st.DataObject
) -> None:
    """An item is found if a row has one of the values of all that one of its filters needs."""
    index = EqualityIndex[int]()
    for number, filters in enumerate(listed):
        index.add(number, filters)
    gone = data.draw(st.sets(st.integers(0, 9)))
    for number in gone:
        index.remove(number)
    rows = [row for row in (old, new) if row is not None]

    found = index.affected(old, new)
    assert len(set(found)) == len(found)
    for number, filters in enumerate(listed):
        fits = any(
            all(any(column.of(row) == wanted for column, wanted in one) for one in needed)
            for needed in filters
            for row in rows
        )
        assert number not in gone or number not in found
        assert number in found or number in gone or not fits
