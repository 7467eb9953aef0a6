"""Ranges in PostgreSQL's text form: parsing, canonical form, ordering.

In charge of `[1,10)`, `(,5]` and `empty`. Must not know how a bound is parsed (`convert` passes the
function), or the range operators. Source: PostgreSQL manual, sections 8.17.5 and 8.17.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jotbase.errors import RequestError
from jotbase.records import dataclass
from jotbase.schema.model.tables import Type

EMPTY = "empty"

_DIGITS = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_LIMITS = {Type.INT4RANGE: 2**31, Type.INT8RANGE: 2**63}
_NAMES = {Type.INT4RANGE: "integer", Type.INT8RANGE: "bigint"}

#: One end as (position relative to all values: 0 before, 1 among, 2 after; value; position relative
#: to this value: -1 just before, 0 at it, 1 just after). Ends compare as these tuples.
End = tuple[int, Any, int]
FIRST: End = (0, 0, 0)
LAST: End = (2, 0, 0)


@dataclass(frozen=True, slots=True)
class Range:
    """The first and the last point of a range, both inclusive."""

    lower: End
    upper: End


@dataclass(frozen=True, slots=True)
class _Written:
    """A parsed range; a missing (infinite) bound is None."""

    lower: str | None
    upper: str | None
    lower_inside: bool
    upper_inside: bool


def canonical(kind: Type, read: Callable[[str], Any], text: str) -> str:
    """Return a range's text in canonical form, in which equal ranges are equal texts.

    `read` parses a bound. Raises RequestError 22P02, 22000 for bounds in the wrong order, and the
    errors of `read`.
    """
    written = _written(text)
    if written is None:
        return EMPTY
    lower = None if written.lower is None else read(written.lower)
    upper = None if written.upper is None else read(written.upper)
    lower_inside = written.lower_inside and lower is not None
    upper_inside = written.upper_inside and upper is not None
    for bound in (lower, upper):
        _refuse_out_of_limits(kind, bound)
    if kind in _STEPS:
        step = _STEPS[kind]
        _refuse_wrong_order(lower, upper)
        if lower is not None and not lower_inside:
            lower, lower_inside = step(lower), True
        if upper is not None and upper_inside:
            upper, upper_inside = step(upper), False
    return _text(kind, lower, upper, lower_inside, upper_inside)


def with_bounds(text: str, change: Callable[[str], str]) -> str:
    """Return a range's text with each bound changed. Raises RequestError 22P02."""
    written = _written(text)
    if written is None:
        return EMPTY
    lower, upper = (None if one is None else change(one) for one in (written.lower, written.upper))
    opening, closing = "[" if written.lower_inside else "(", "]" if written.upper_inside else ")"
    return f"{opening}{_escaped(lower)},{_escaped(upper)}{closing}"


def _escaped(bound: str | None) -> str:
    return "" if bound is None else '"' + re.sub(r'(["\\])', r"\\\1", bound) + '"'


def _refuse_wrong_order(lower: Any, upper: Any) -> None:
    if lower is not None and upper is not None and _sign(lower, upper) > 0:
        raise RequestError(
            "22000", "range lower bound must be less than or equal to range upper bound"
        )


def _text(kind: Type, lower: Any, upper: Any, lower_inside: bool, upper_inside: bool) -> str:
    if lower is not None and upper is not None:
        if kind not in _STEPS:
            _refuse_wrong_order(lower, upper)
        sign = _sign(lower, upper)
        if sign > 0 or (sign == 0 and not (lower_inside and upper_inside)):
            return EMPTY
    opening, closing = "[" if lower_inside else "(", "]" if upper_inside else ")"
    return f"{opening}{_quoted(lower)},{_quoted(upper)}{closing}"


def _quoted(bound: Any) -> str:
    if bound is None:
        return ""
    text = str(bound)
    return f'"{text}"' if " " in text else text


def _refuse_out_of_limits(kind: Type, bound: Any) -> None:
    limit = _LIMITS.get(kind)
    if limit is not None and bound is not None and not -limit <= bound < limit:
        raise RequestError("22003", f'value "{bound}" is out of range for type {_NAMES[kind]}')


def _next_number(kind: Type) -> Callable[[int], int]:
    def step(bound: int) -> int:
        if bound + 1 >= _LIMITS[kind]:
            raise RequestError("22003", f"{_NAMES[kind]} out of range")
        return bound + 1

    return step


def _next_day(bound: str) -> str:
    try:
        return (date.fromisoformat(bound) + timedelta(days=1)).isoformat()
    except OverflowError as error:
        raise RequestError("22008", "date out of range") from error


#: Discrete types, with the function from a value to the next one.
_STEPS: dict[Type, Callable[[Any], Any]] = {
    Type.INT4RANGE: _next_number(Type.INT4RANGE),
    Type.INT8RANGE: _next_number(Type.INT8RANGE),
    Type.DATERANGE: _next_day,
}


def _written(text: str) -> _Written | None:
    """Parse a range's text; None for `empty`. Raises RequestError 22P02."""
    stripped = text.strip()
    if stripped[:5].lower() == EMPTY:
        if len(stripped) > len(EMPTY):
            raise _malformed(text, 'Junk after "empty" key word.')
        return None
    if stripped[:1] not in ("[", "("):
        raise _malformed(text, "Missing left parenthesis or bracket.")
    lower, at = _bound(stripped, 1, text)
    if stripped[at] != ",":
        raise _malformed(text, "Missing comma after lower bound.")
    upper, at = _bound(stripped, at + 1, text)
    if stripped[at] == ",":
        raise _malformed(text, "Too many commas.")
    if at + 1 < len(stripped):
        raise _malformed(text, "Junk after right parenthesis or bracket.")
    return _Written(lower, upper, stripped[0] == "[", stripped[at] == "]")


def _bound(text: str, at: int, whole: str) -> tuple[str | None, int]:
    """Return (bound, position of its delimiter) for the bound that begins at `at`."""
    if text[at : at + 1] in (",", ")", "]"):
        return None, at
    found: list[str] = []
    quoted = False
    while at < len(text):
        character = text[at]
        if not quoted and character in ",)]":
            return "".join(found), at
        if character == "\\" or (quoted and text[at : at + 2] == '""'):
            at += 1
            found.append(text[at : at + 1])
        elif character == '"':
            quoted = not quoted
        else:
            found.append(character)
        at += 1
    raise _malformed(whole, "Unexpected end of input.")


def _malformed(text: str, details: str) -> RequestError:
    return RequestError("22P02", f'malformed range literal: "{text[:200]}"', details=details)


def _sign(lower: Any, upper: Any) -> int:
    first, last = _value(lower), _value(upper)
    return int(first > last) - int(first < last)


def _value(bound: Any) -> Any:
    """Return the sort key of a bound: a number or, for points in time, text."""
    text = str(bound)
    return Decimal(text) if _DIGITS.fullmatch(text) else text


@lru_cache(maxsize=4096)
def ends(text: str) -> Range | None:
    """Return the ends of a range in canonical form; None for `empty`.

    Raises ValueError for a text that is no range, which another program may have stored.
    """
    try:
        written = _written(text)
    except RequestError as error:
        raise ValueError(text) from error
    if written is None:
        return None
    lower, upper = FIRST, LAST
    if written.lower is not None:
        lower = (1, _value(written.lower), 0 if written.lower_inside else 1)
    if written.upper is not None:
        upper = (1, _value(written.upper), 0 if written.upper_inside else -1)
    return Range(lower, upper)


def order_key(text: str) -> str | None:
    """Return a text that sorts bytewise like the range: by lower bound, then upper, `empty` first.

    Returns None for a text that is no range.
    """
    try:
        found = ends(text)
    except ValueError:
        return None
    return "" if found is None else _end_key(found.lower) + _end_key(found.upper)


def _end_key(end: End) -> str:
    side, value, nearness = end
    if side != 1:
        return str(side)
    shown = number_key(value) if isinstance(value, Decimal) else f"{value} "
    return f"1{shown}{nearness + 1}"


def number_key(number: Decimal) -> str:
    """Return a text that sorts bytewise like the number.

    The terminator sorts before all digits; in a negative number, whose digits are complemented,
    after them.
    """
    if not number:
        return "1"
    digits = "".join(map(str, number.normalize().as_tuple().digits))
    exponent = number.adjusted() + 50_000
    if number > 0:
        return f"2{exponent:06}{digits} "
    turned = digits.translate(str.maketrans("0123456789", "9876543210"))
    return f"0{999_999 - exponent:06}{turned}~"
