"""Ranges as text: canonical form and order."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.schema.model.tables import RANGES, Type
from jotbase.schema.values.convert import from_text
from jotbase.schema.values.ranges import Range, ends, order_key, with_bounds

I4, I8, NUM = Type.INT4RANGE, Type.INT8RANGE, Type.NUMRANGE
TS, TZ, DAY = Type.TSRANGE, Type.TSTZRANGE, Type.DATERANGE


@pytest.mark.parametrize(
    ("kind", "text", "canonical"),
    [
        (I4, "[1,10)", "[1,10)"),
        (I4, " (1,10] ", "[2,11)"),
        (I4, "[1, 10]", "[1,11)"),
        (I4, "[5,5)", "empty"),
        (I4, "(4,5)", "empty"),
        (I4, "[,5]", "(,6)"),
        (I4, "[5,]", "[5,)"),
        (I4, "(,)", "(,)"),
        (I4, "EMPTY", "empty"),
        (I8, '["1","2"]', "[1,3)"),
        (I8, "[-9223372036854775808,9223372036854775807)", None),
        (NUM, "[1.50,2]", "[1.5,2]"),
        (NUM, "(1,1]", "empty"),
        (NUM, "[1,1.0]", "[1,1]"),
        (NUM, "[-3,-2.5)", "[-3,-2.5)"),
        (DAY, "[2026-01-30,2026-01-31]", "[2026-01-30,2026-02-01)"),
        (TS, "[2026-01-01 10:00,2026-01-01T11:00:00Z)", None),
        (TZ, '["2026-01-01T10:00:00+02:00",)', '["2026-01-01 08:00:00+00",)'),
    ],
)
def test_canonical_forms(kind: Type, text: str, canonical: str | None) -> None:
    """Discrete ranges begin inside and end outside; what has no value is empty."""
    expected = {
        I8: "[-9223372036854775808,9223372036854775807)",
        TS: '["2026-01-01 10:00:00","2026-01-01 11:00:00")',
    }

    assert from_text(kind, text) == (canonical or expected[kind])


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        *((I4, text, "22P02") for text in ("", "1", "[1,2", "[1", "[1)", "[1,2,3]", "[1,2]x")),
        *((I4, text, "22P02") for text in ("empty!", "[a,2)", '["1,2)', "[1,2\\", "[1.5,2)")),
        (I4, "[5,1)", "22000"),
        (NUM, "[5,1)", "22000"),
        (I4, "[1,2147483647]", "22003"),
        (I4, "[1,2147483648)", "22003"),
        (I8, "(9223372036854775807,)", "22003"),
        (DAY, "[2026-02-30,)", "22008"),
        (DAY, "[9999-12-31,9999-12-31]", "22008"),
        (TS, "[x,)", "22007"),
    ],
)
def test_what_is_no_range(kind: Type, text: str, code: str) -> None:
    """PostgreSQL's errors."""
    assert code_of(partial(from_text, kind, text)) == code


def test_what_is_wrong_with_a_literal_is_told() -> None:
    """In PostgreSQL's words."""
    with pytest.raises(RequestError) as refused:
        from_text(I4, "[1,2,3)")

    assert refused.value.message == 'malformed range literal: "[1,2,3)"'
    assert refused.value.details == "Too many commas."


BITS = st.sampled_from(["", "1", "-2", " 3", "4.50", '"5"', "2026-01-02", "\\6", "x", "1e3", '"'])
LITERALS = st.text('[](),"\\ 0129-e.') | st.builds(
    "{}{},{}{}".format, st.sampled_from("[("), BITS, BITS, st.sampled_from("])")
)


@given(st.sampled_from(sorted(RANGES, key=lambda kind: kind.value)), LITERALS)
def test_any_text_is_a_range_or_refused(kind: Type, text: str) -> None:
    """What is canonical stays as it is, and its ends can be read."""
    code = code_of(partial(from_text, kind, text))
    assert code in {None, "22P02", "22000", "22003", "22007", "22008"}
    if code is not None:
        return
    canonical = from_text(kind, text)

    assert from_text(kind, canonical) == canonical
    assert order_key(canonical) is not None


def test_ends() -> None:
    """They lie inside, so that they can be compared whatever the brackets."""
    assert ends("[1,10)") == Range((1, Decimal(1), 0), (1, Decimal(10), -1))
    assert ends("empty") is None
    with pytest.raises(ValueError, match="nonsense"):
        ends("nonsense")


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-2000)
BOUNDS = st.none() | NUMBERS | st.sampled_from([Decimal("1e300"), Decimal("-1e-300"), Decimal(0)])


def end_of(bound: Decimal | None, inside: bool, side: int) -> tuple[int, Decimal, int]:
    """Return an end as it lies."""
    if bound is None:
        return (0, Decimal(0), 0) if side > 0 else (2, Decimal(0), 0)
    return (1, bound, 0 if inside else side)


@given(st.lists(st.tuples(BOUNDS, BOUNDS, st.booleans(), st.booleans()), min_size=2, max_size=6))
def test_keys_sort_as_ranges_do(
    drawn: list[tuple[Decimal | None, Decimal | None, bool, bool]],
) -> None:
    """By the lower end, then by the upper; the empty range comes first."""
    keyed: list[tuple[str, tuple[object, ...]]] = [("", (-1,))]
    for lower, upper, opened, closed in drawn:
        shown = [("" if one is None else format(one, "f")) for one in (lower, upper)]
        text = f"{'[' if opened else '('}{shown[0]},{shown[1]}{']' if closed else ')'}"
        if code_of(partial(from_text, NUM, text)) is None:
            canonical = from_text(NUM, text)
            if canonical != "empty":
                key = order_key(canonical)
                assert key is not None
                keyed.append((key, (*end_of(lower, opened, 1), *end_of(upper, closed, -1))))

    by_key = [end for _, end in sorted(keyed, key=lambda pair: pair[0])]
    assert by_key == sorted(end for _, end in keyed)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("[a,b)", '["A","B")'),
        ("(,b]", '(,"B"]'),
        ("empty", "empty"),
        (r'["x,\"y",]', r'["X,\"Y",]'),
    ],
)
def test_bounds_are_changed_and_quoted(text: str, changed: str) -> None:
    """A bound that is not there stays so."""
    assert with_bounds(text, str.upper) == changed
