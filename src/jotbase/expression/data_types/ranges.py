"""The operators on ranges: overlap, containment, left of, right of, adjacent.

In charge of the operators on ranges in canonical form. Must not know columns or SQL. Source:
PostgreSQL manual, table 9.58. A text that is no range, which another program may have stored, gives
None (unknown).
"""

from __future__ import annotations

from collections.abc import Callable

from jotbase.schema.values.ranges import Range, ends

#: A test of two ranges; None is the empty range.
_RangeTest = Callable[[Range | None, Range | None], bool]


def _test(question: _RangeTest) -> Callable[[str, str], bool | None]:
    def ask(left: str, right: str) -> bool | None:
        try:
            return question(ends(left), ends(right))
        except (ValueError, TypeError):  # no range, or one of another type
            return None

    return ask


def _of_both(question: Callable[[Range, Range], bool]) -> Callable[[str, str], bool | None]:
    """Return a question to which the empty range says no."""
    return _test(lambda a, b: a is not None and b is not None and question(a, b))


def _contains(outer: Range | None, inner: Range | None) -> bool:
    if inner is None:
        return True
    return outer is not None and outer.lower <= inner.lower and inner.upper <= outer.upper


def _meet(a: Range, b: Range) -> bool:
    """Whether a range ends where another begins: the point is in exactly one of them."""
    (side, value, before), (other, begin, behind) = a.upper, b.lower
    return side == other == 1 and value == begin and behind - before == 1


before = _of_both(lambda a, b: a.upper < b.lower)
behind = _of_both(lambda a, b: b.upper < a.lower)
not_behind = _of_both(lambda a, b: a.upper <= b.upper)
not_before = _of_both(lambda a, b: a.lower >= b.lower)
adjacent = _of_both(lambda a, b: _meet(a, b) or _meet(b, a))
overlaps = _of_both(lambda a, b: a.lower <= b.upper and b.lower <= a.upper)
contains = _test(_contains)
