"""Regular expressions of callers: matched in time linear in the text.

In charge of the limits of an expression, so that none blocks the process (Python's `re` backtracks
and holds the GIL meanwhile). Must not know where expression and text come from. Decision 72.
"""

from __future__ import annotations

import re
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
#: The most characters of an expression, and the longest that it may take to be read, as
#: `reading_time` estimates it (microseconds).
MAX_LENGTH = 4096
MAX_READING = 11_000
_RANGE = re.compile(r"(\\u\{[0-9a-f]+\}|.)-(\\u\{[0-9a-f]+\}|.)", re.DOTALL)
_PROPERTY = re.compile(r"\\[pP]")
_CASE_KEPT = re.compile(r"\(\?-i:\[[^]]*\]\)")


class _CompiledPattern:
    """A compiled expression; `max_length` is the longest text that it may be matched against."""

    __slots__ = ("matches", "max_length")

    def __init__(self, matches: Callable[[str], bool], size: int) -> None:
        self.matches = matches
        self.max_length = MAX_WORK // (size // 8 if size == _SIZES[0] else size)


@lru_cache(maxsize=512)
def _compile(pattern: str, ignore_case: bool, of_ascii: bool) -> _CompiledPattern:
    translated = _translated(pattern, ignore_case, of_ascii)
    if reading_time(pattern, ignore_case=ignore_case) > MAX_READING:
        raise _refused(pattern, "it is too large")
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


@lru_cache(maxsize=64)
def _translated(pattern: str, ignore_case: bool, of_ascii: bool) -> str:
    if len(pattern) > MAX_LENGTH:
        raise _refused(pattern, f"it has more than {MAX_LENGTH} characters")
    try:
        found = translate(pattern, of_ascii=of_ascii, ignore_case=ignore_case)
    except InvalidPattern as error:
        raise _refused(pattern, str(error)) from error
    return ("(?si)" if ignore_case else "(?s)") + found


def reading_time(pattern: str, *, ignore_case: bool = False) -> int:
    """Return how long the library reads the expression, roughly, in microseconds.

    Twice for each character, half for each of the ranges that classes are, and where case is left
    out 0.04 for each character of a wide range, of which the other case is looked up. Raises
    RequestError 2201B for one that is too long or malformed.
    """
    translated = _translated(pattern, ignore_case, False)
    time = 10 + 2 * len(pattern) + len(translated) // 2 + 600 * len(_PROPERTY.findall(translated))
    if translated.startswith("(?si)") or "(?i)" in translated:
        for first, last in _RANGE.findall(_CASE_KEPT.sub("", translated)):
            time += max(0, _code(last) - _code(first)) // 25
    return time


def _code(text: str) -> int:
    return int(text[3:-1], 16) if len(text) > 1 else ord(text)


def _refused(pattern: str, why: str) -> RequestError:
    return RequestError(
        "2201B",
        f"invalid regular expression: {why}",
        details=f"Pattern: {pattern[:200]}",
        hint="Look-around and back-references are not supported, nor is a pattern that"
        " repeats itself thousands of times.",
        status=400,
    )


def check_pattern(pattern: str, *, ignore_case: bool = False) -> None:
    """Raise RequestError 2201B for an expression that is malformed or too large."""
    _compile(pattern, ignore_case, of_ascii=False)


def search(pattern: str, text: str, *, ignore_case: bool = False) -> bool | None:
    """Return whether the expression matches anywhere in the text.

    None (unknown) for a large expression and a long text: a row with a long text must not turn
    every request that reads it into an error. Raises RequestError 2201B.
    """
    # Half of what classes have is beyond ASCII, and a larger automaton costs more by the character.
    compiled = _compile(pattern, ignore_case, text.isascii())
    return None if len(text) > compiled.max_length else bool(compiled.matches(text))
