"""Regular expressions of a caller's: found in a text in time that grows with the text alone.

In charge of what an expression may be, and of none holding the process (Python's `re` backtracks,
and holds the interpreter's lock meanwhile). Must not know where expression and text come from.
Why so: docs/decisions/0072-regular-expressions-cost-what-their-automaton-costs.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jsonschema_rs

from jotbase.errors import RequestError
from jotbase.schema.values.postgres_regex import InvalidPattern, translate

#: The sizes of automaton, in bytes, that an expression is tried with: the next larger one where it
#: does not fit. Beyond the last, each character of each row would take too long.
_SIZES = (1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18)
#: An automaton's size times a text's length that one search may come to: some 40 ms at worst. The
#: smallest automata take a tenth of what their size says.
MOST_WORK = 1 << 27


class _Finder:
    """An expression made ready; `most` is the length of the texts that it may be looked for in."""

    __slots__ = ("finds", "most")

    def __init__(self, finds: Callable[[str], bool], size: int) -> None:
        self.finds = finds
        self.most = MOST_WORK // (size // 8 if size == _SIZES[0] else size)


@lru_cache(maxsize=512)
def _finder(pattern: str, any_case: bool, of_ascii: bool) -> _Finder:
    try:
        spelled = ("(?si)" if any_case else "(?s)") + translate(pattern, of_ascii=of_ascii)
    except InvalidPattern as error:
        raise _refused(pattern, str(error)) from error
    for size in _SIZES:
        options = jsonschema_rs.RegexOptions(size_limit=size)
        try:
            validator = jsonschema_rs.validator_for({"pattern": spelled}, pattern_options=options)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            if size == _SIZES[-1]:
                raise _refused(pattern, "it is none, or too large") from error
        else:
            return _Finder(validator.is_valid, size)
    raise AssertionError("the loop returns or raises")


def _refused(pattern: str, why: str) -> RequestError:
    return RequestError(
        "2201B",
        f"invalid regular expression: {why}",
        details=f"Pattern: {pattern[:200]}",
        hint="Look-around and back-references are not supported, nor is a pattern that"
        " repeats itself thousands of times.",
        status=400,
    )


def check_pattern(pattern: str) -> None:
    """Refuse an expression that is none. Raises RequestError 2201B."""
    _finder(pattern, any_case=False, of_ascii=False)


def found(pattern: str, text: str, *, any_case: bool = False) -> bool | None:
    """Whether the regular expression is found anywhere in the text.

    Unknown where a large expression meets a long text: a row that somebody else stored is not to
    make an error of everybody's question. Raises RequestError 2201B.
    """
    # Half of what classes have is beyond ASCII, and a larger automaton costs more by the character.
    finder = _finder(pattern, any_case, text.isascii())
    return None if len(text) > finder.most else bool(finder.finds(text))
