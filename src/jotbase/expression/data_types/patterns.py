"""LIKE patterns and regular expressions with PostgreSQL's semantics.

In charge of matching in bounded time, whatever the pattern of a request. Must not know columns, SQL
or requests. Source: PostgreSQL manual, section 9.7.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.values.regex import check_pattern, search

#: The longest LIKE pattern in bytes: SQLite's limit (sqlite.org/limits.html,
#: SQLITE_MAX_LIKE_PATTERN_LENGTH).
MAX_PATTERN = 50_000

#: The longest pattern that SQLite itself matches: its worst case takes a nanosecond for each pair
#: of a character of the pattern and one of the text.
SHORT = 24
_TOKEN = re.compile(r"\\.|.", re.DOTALL)

#: The largest product of a segment's length and the text's, which is the worst case of one search:
#: some 100 ms. Segments without wildcards take linear time, whatever their length.
MAX_WORK = 1 << 25


@dataclass(frozen=True, slots=True)
class _Segment:
    """The part of a LIKE pattern between two `%`: `size` characters long; `plain` is its text when
    it has no wildcard.
    """

    pattern: re.Pattern[str]
    size: int
    plain: str | None


_Segments = tuple[_Segment, ...]


def parse_like(text: str) -> str:
    """Return the LIKE pattern of a filter, in which `*` means `%`.

    Raises RequestError 54000 for one that is too long, which SQLite would refuse only at the first
    row.
    """
    if len(text) > MAX_PATTERN or len(text.encode("utf-8", "surrogatepass")) > MAX_PATTERN:
        raise RequestError(
            "54000",
            "The pattern is too long",
            details=f"The limit is {MAX_PATTERN} bytes.",
        )
    return text.replace("*", "%")


def cheap_pattern(pattern: Any) -> Any:
    """Return a short pattern that matches at least the texts that the given one matches.

    A pattern that is short itself is returned unchanged.
    """
    if not isinstance(pattern, str) or len(pattern) <= SHORT:
        return pattern
    kept = ""
    for token in _TOKEN.findall(pattern[: SHORT + 1]):
        if len(kept) + len(token) > SHORT or token == "\\":
            break
        kept += token
    return kept + "%"


def full_pattern(pattern: Any) -> Any:
    """Return a pattern that `cheap_pattern` shortened, None for a short one."""
    short = isinstance(pattern, str) and len(pattern) <= SHORT
    return None if short else pattern


def like_prefix(pattern: str) -> str:
    """Return the short pattern of all texts with the literal prefix of this pattern."""
    tokens = _TOKEN.findall(pattern[:SHORT])
    return "".join(itertools.takewhile(lambda token: token not in ("%", "_", "\\"), tokens)) + "%"


def parse_regex(text: str, *, ignore_case: bool = False) -> str:
    """Return a filter's regular expression, checked. Raises RequestError 2201B."""
    check_pattern(text, ignore_case=ignore_case)
    return text


def like(text: str, pattern: str) -> bool | None:
    """Whether the whole text matches the LIKE pattern, case-sensitively.

    None (unknown) if the search would exceed `MAX_WORK`.
    """
    return _matches_segments(text, _segments(pattern, 0))


def ilike(text: str, pattern: str) -> bool | None:
    """Whether the whole text matches the LIKE pattern, case-insensitively in Unicode."""
    return _matches_segments(text, _segments(pattern, re.IGNORECASE))


@lru_cache(maxsize=512)
def _segments(pattern: str, flags: int) -> _Segments:
    """Split a pattern at its `%`; () for one that ends within an escape."""
    segments: list[list[str]] = [[]]
    for token in _TOKEN.findall(pattern):
        if token == "\\":
            return ()
        if token == "%":
            segments.append([])
        else:
            segments[-1].append(token)
    return tuple(_segment(tokens, flags) for tokens in segments)


def _segment(tokens: list[str], flags: int) -> _Segment:
    plain = None if flags or "_" in tokens else "".join(token[-1] for token in tokens)
    pieces = ("." if token == "_" else re.escape(token[-1]) for token in tokens)
    return _Segment(re.compile("".join(pieces), re.DOTALL | flags), len(tokens), plain)


def _matches_segments(text: str, segments: _Segments) -> bool | None:
    # Each segment matches a fixed number of characters, so its leftmost match is always as good as
    # any other: no backtracking, unlike with `.*` in one regular expression.
    if len(segments) < 2:
        return bool(segments) and segments[0].pattern.fullmatch(text) is not None
    first, last = segments[0], segments[-1]
    position, end = first.size, len(text) - last.size
    starts = position <= end and first.pattern.match(text) is not None
    if not starts or last.pattern.match(text, end) is None:
        return False
    for segment in segments[1:-1]:
        if segment.plain is not None:
            place = text.find(segment.plain, position, end)
        elif segment.size * (end - position) > MAX_WORK:
            return None
        else:
            search = segment.pattern.search(text, position, end)
            place = -1 if search is None else search.start()
        if place < 0:
            return False
        position = place + segment.size
    return True


def match(text: object, pattern: str) -> bool | None:
    """Whether the regular expression matches anywhere; None for a value that is no text or too
    long.

    Raises RequestError 2201B.
    """
    return search(pattern, text) if isinstance(text, str) else None


def imatch(text: object, pattern: str) -> bool | None:
    """Whether the regular expression matches anywhere, case-insensitively; see `match`."""
    return search(pattern, text, ignore_case=True) if isinstance(text, str) else None


def ascii_lower(text: str) -> str:
    """Lower-case A to Z alone, as both databases do with a byte-order collation."""
    return text.translate(_LOWER)


_LOWER = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
