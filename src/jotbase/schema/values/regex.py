"""Regular expressions of callers: matched in time linear in the text.

In charge of the limits of an expression, so that none blocks the process (Python's `re` backtracks
and holds the GIL meanwhile). Must not know where expression and text come from. Decision 72.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jsonschema_rs

from jotbase.errors import RequestError
from jotbase.schema.values.postgres_regex import InvalidPattern, translate

#: The size limits of the automaton, in bytes, that are tried in turn; an expression that does not
#: fit the last one is refused: each character of a text would take too long.
_SIZES = (1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18)
#: The largest product of automaton size and text length in one search: some 40 ms at worst. The
#: smallest automata are about ten times as fast as their size suggests.
MAX_WORK = 1 << 27


class _CompiledPattern:
    """A compiled expression; `max_length` is the longest text that it may be matched against."""

    __slots__ = ("matches", "max_length")

    def __init__(self, matches: Callable[[str], bool], size: int) -> None:
        self.matches = matches
        self.max_length = MAX_WORK // (size // 8 if size == _SIZES[0] else size)


@lru_cache(maxsize=512)
def _compile(pattern: str, ignore_case: bool, of_ascii: bool) -> _CompiledPattern:
    try:
        translated = ("(?si)" if ignore_case else "(?s)") + translate(pattern, of_ascii=of_ascii)
    except InvalidPattern as error:
        raise _refused(pattern, str(error)) from error
    for size in _SIZES:
        options = jsonschema_rs.RegexOptions(size_limit=size)
        try:
            validator = jsonschema_rs.validator_for(
                {"pattern": translated}, pattern_options=options
            )
        except (jsonschema_rs.ValidationError, ValueError) as error:
            if size == _SIZES[-1]:
                raise _refused(pattern, "it is none, or too large") from error
        else:
            return _CompiledPattern(validator.is_valid, size)
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
    """Raise RequestError 2201B for an expression that is malformed or too large."""
    _compile(pattern, ignore_case=False, of_ascii=False)


def search(pattern: str, text: str, *, ignore_case: bool = False) -> bool | None:
    """Return whether the expression matches anywhere in the text.

    None (unknown) for a large expression and a long text: a row with a long text must not turn
    every request that reads it into an error. Raises RequestError 2201B.
    """
    # Half of what classes have is beyond ASCII, and a larger automaton costs more by the character.
    compiled = _compile(pattern, ignore_case, text.isascii())
    return None if len(text) > compiled.max_length else bool(compiled.matches(text))
