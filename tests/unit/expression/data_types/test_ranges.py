"""What ranges are to each other; tests/contract/test_rules.py holds SQL and memory together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.expression.data_types import ranges
from jotbase.schema.model.tables import Type
from jotbase.schema.values.convert import from_text

ASKED = {
    "before": ranges.before,
    "behind": ranges.behind,
    "not_behind": ranges.not_behind,
    "not_before": ranges.not_before,
    "adjacent": ranges.adjacent,
    "overlaps": ranges.overlaps,
    "contains": ranges.contains,
}


@pytest.mark.parametrize(
    ("question", "left", "right", "said"),
    [
        ("before", "[1,3)", "[3,5)", True),
        ("before", "[1,3]", "[3,5)", False),
        ("before", "(,1)", "(,2)", False),
        ("before", "empty", "[1,2)", False),
        ("behind", "[10,11)", "[2,4)", True),
        ("behind", "(3,4]", "[1,3]", True),
        ("not_behind", "[1,20)", "[18,20)", True),
        ("not_behind", "[1,20]", "[18,20)", False),
        ("not_before", "[7,20)", "[5,10)", True),
        ("not_before", "(,20)", "[5,10)", False),
        ("adjacent", "[1.1,2.2)", "[2.2,3.3)", True),
        ("adjacent", "[1.1,2.2]", "[2.2,3.3)", False),
        ("adjacent", "[1.1,2.2)", "(2.2,3.3)", False),
        ("adjacent", "[3,4)", "[1,3)", True),
        ("adjacent", "(,)", "(,)", False),
        ("adjacent", "empty", "[1,2)", False),
        ("overlaps", "[1,3]", "[3,6]", True),
        ("overlaps", "[1,3)", "[3,6]", False),
        ("overlaps", "empty", "(,)", False),
        ("contains", "[2,4)", "[2,3)", True),
        ("contains", "[2,4)", "empty", True),
        ("contains", "empty", "empty", True),
        ("contains", "[2,4)", "[2,4]", False),
        ("before", '["2026-01-01 00:00:00",)', '["2026-01-01 00:00:00.5",)', False),
        ("contains", "[2026-01-01,2026-02-01)", "[2026-01-31,2026-02-01)", True),
        ("overlaps", "nonsense", "[1,2)", None),
        ("overlaps", "[2026-01-01,)", "[1,2)", None),
    ],
)
def test_ranges(question: str, left: str, right: str, said: bool | None) -> None:
    """The examples of PostgreSQL's manual, and the edges."""
    assert ASKED[question](left, right) is said


POINTS = range(-1, 8)
SMALL = st.builds(
    "{}{},{}{}".format,
    st.sampled_from("[("),
    st.integers(0, 6) | st.just(""),
    st.integers(0, 6) | st.just(""),
    st.sampled_from("])"),
).filter(lambda text: not (text[1:2].isdigit() and text[3:4].isdigit() and text[1] > text[3]))


def points(text: str) -> set[int]:
    """Return the whole numbers of a few that are in a range."""
    return {
        point
        for point in POINTS
        if ranges.contains(text, from_text(Type.INT4RANGE, f"[{point},{point}]"))
    }


@given(SMALL, SMALL)
def test_ranges_of_whole_numbers_are_sets_of_them(first: str, second: str) -> None:
    """Each question says of ranges what it says of the points in them."""
    left, right = (from_text(Type.INT4RANGE, text) for text in (first, second))
    a, b = points(left), points(right)

    assert ranges.contains(left, right) is (b <= a)
    assert ranges.overlaps(left, right) is bool(a & b)
    if a and b:
        assert ranges.before(left, right) is (max(a) < min(b))
        assert ranges.behind(left, right) is (min(a) > max(b))
        assert ranges.not_behind(left, right) is (max(a) <= max(b))
        assert ranges.not_before(left, right) is (min(a) >= min(b))
        assert ranges.adjacent(left, right) is (max(a) + 1 == min(b) or max(b) + 1 == min(a))
