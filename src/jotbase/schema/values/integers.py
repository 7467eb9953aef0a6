"""Integers that a JSON parser rounds: beyond 64 bits, or beyond 2^53 with a point or an exponent.

In charge of finding the former fast in texts that hardly ever have any, and of both refusals. Must
not know their use.
Source: RFC 8259 section 6; what is read exactly is 64 bits, signed or not.
"""

from __future__ import annotations

import re

from jotbase.errors import RequestError

_LEAST, _MOST = -(2**63), 2**64 - 1

#: Every integer beyond 64 bits has a run of at least 19 digits. Mapping all digits to one and
#: searching for that run takes 0.8 ns a byte, a tenth of a regular expression's time.
_RUN = b"0" * 19
_DIGITS = bytes(48 if 48 <= code <= 57 else 32 for code in range(256))

#: Everything except an integer that may be too long: other tokens, strings, numbers with a fraction
#: or an exponent, and integers of at most 18 digits. Without backtracking, thus in linear time. The
#: last branch never matches: Python before 3.11.5 goes on behind a failed iteration's beginning
#: (CPython issue 106052), and a branch resets it.
_FINE = re.compile(
    rb"""(?sx) (?:
        [^"0-9]++
      | "(?:[^"\\]++|\\.)*+"
      | [0-9]++ (?: \.[0-9]++ (?:[eE][+-]?[0-9]++)? | [eE][+-]?[0-9]++ )
      | (?<!-) [0-9]{1,19}+ (?![0-9])
      | [0-9]{1,18}+ (?![0-9])
      | (?!)
    )*+"""
)
_INTEGER = re.compile(rb"-?[0-9]+")
#: The first double that has a neighbour more than 1 away.
_ROUNDED = 2.0**53


def refuse_inexact(text: bytes) -> None:
    """Refuse a valid JSON text with an integer beyond 64 bits.

    Raises RequestError 22003.
    """
    found = first_inexact(text)
    if found is not None:
        raise RequestError(
            "22003",
            "integer out of range",
            details=f"{found[:40].decode()} does not fit into 64 bits, so loses digits.",
            hint="A text keeps them, in a column whose format is decimal.",
        )


def whole(value: float) -> int:
    """Return a whole JSON number as the integer that it is.

    A parser returns numbers with a point or an exponent as doubles, and a double of 2^53 may have
    been written as 2^53 + 1 (IEEE 754). Raises RequestError 22003 from there on.
    """
    if type(value) is not int and abs(value) >= _ROUNDED:
        raise RequestError(
            "22003",
            "integer out of range",
            details=f"{value!r} is a double, which may have lost digits from 2^53 on.",
            hint="Write the integer with all its digits, without a point or an exponent.",
        )
    return int(value)


def first_inexact(text: bytes) -> bytes | None:
    """Return the first integer beyond 64 bits of a valid JSON text, None if there is none."""
    if _RUN not in text.translate(_DIGITS):
        return None
    position = 0
    while (found := _INTEGER.match(text, _end(text, position))) is not None:
        position = found.end()
        if len(found[0]) > 21 or not _LEAST <= int(found[0]) <= _MOST:
            return found[0]
    return None


def _end(text: bytes, position: int) -> int:
    """Return where the integer begins, with its sign, that stops what is fine; or the end."""
    found = _FINE.match(text, position)
    end = position if found is None else found.end()
    return end - 1 if text[end - 1 : end] == b"-" else end
