"""LIKE patterns and regular expressions over text, as PostgreSQL means them.

In charge of finding out whether a text fits, in time that no pattern of a caller's can blow up.
Must not know columns, SQL or requests. Source: PostgreSQL manual, section 9.7.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.values.regex import found

#: How long a pattern of LIKE may be, in bytes: SQLite's own limit
#: (sqlite.org/limits.html, SQLITE_MAX_LIKE_PATTERN_LENGTH).
MAX_PATTERN = 50_000

#: How long a pattern may be that SQLite itself looks for: its worst is a nanosecond for each of its
#: characters and each of the text's.
SHORT = 24
_TOKEN = re.compile(r"\\.|.", re.DOTALL)

#: A stretch's length times the text's that one search may come to, each place of the text being
#: tried anew: some 100 ms at worst. Plain stretches take linear time, whatever their length.
MOST_WORK = 1 << 25


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What stands between two `%`: the characters that it takes, and itself if it is plain text."""

    pattern: re.Pattern[str]
    size: int
    plain: str | None


_Stretches = tuple[_Stretch, ...]


def parse_like(text: str) -> str:
    """Read a filter's pattern, in which `*` is `%`. Raises RequestError 54000 for a long one.

    SQLite would find that out at the first row that it looks at, and only then.
    """
    if len(text) > MAX_PATTERN or len(text.encode("utf-8", "surrogatepass")) > MAX_PATTERN:
        raise RequestError(
            "54000",
            "The pattern is too long",
            details=f"The limit is {MAX_PATTERN} bytes.",
        )
    return text.replace("*", "%")


def cheap_pattern(pattern: Any) -> Any:
    """Return a pattern that every text fits which fits the given one; short ones are themselves."""
    if not isinstance(pattern, str) or len(pattern) <= SHORT:
        return pattern
    kept = ""
    for token in _TOKEN.findall(pattern[: SHORT + 1]):
        if len(kept) + len(token) > SHORT or token == "\\":
            break
        kept += token
    return kept + "%"


def full_pattern(pattern: Any) -> Any:
    """Return a pattern that its head does not say already; None for a short one."""
    short = isinstance(pattern, str) and len(pattern) <= SHORT
    return None if short else pattern


def like_prefix(pattern: str) -> str:
    """Return the short pattern of all texts that begin as those do which fit this one."""
    tokens = _TOKEN.findall(pattern[:SHORT])
    return "".join(itertools.takewhile(lambda token: token not in ("%", "_", "\\"), tokens)) + "%"


def parse_regex(text: str, *, any_case: bool = False) -> str:
    """Read a filter's regular expression. Raises RequestError 2201B, whatever rows there are."""
    found(text, "", any_case=any_case)
    return text


def like(text: str, pattern: str) -> bool | None:
    """Whether the whole text fits the LIKE pattern, case-sensitively.

    Unknown where that would take too long: see `MOST_WORK`.
    """
    return _matches_stretches(text, _stretches(pattern, 0))


def ilike(text: str, pattern: str) -> bool | None:
    """Whether the whole text fits the LIKE pattern, whatever its case, in any script."""
    return _matches_stretches(text, _stretches(pattern, re.IGNORECASE))


@lru_cache(maxsize=512)
def _stretches(pattern: str, flags: int) -> _Stretches:
    """Cut a pattern at its `%`; nothing at all for one that ends within an escape."""
    stretches: list[list[str]] = [[]]
    for token in _TOKEN.findall(pattern):
        if token == "\\":
            return ()
        if token == "%":
            stretches.append([])
        else:
            stretches[-1].append(token)
    return tuple(_stretch(tokens, flags) for tokens in stretches)


def _stretch(tokens: list[str], flags: int) -> _Stretch:
    plain = None if flags or "_" in tokens else "".join(token[-1] for token in tokens)
    pieces = ("." if token == "_" else re.escape(token[-1]) for token in tokens)
    return _Stretch(re.compile("".join(pieces), re.DOTALL | flags), len(tokens), plain)


def _matches_stretches(text: str, stretches: _Stretches) -> bool | None:
    # Each stretch takes a fixed number of characters, so the leftmost place is always as good as
    # any other: nothing is ever tried twice, unlike with `.*` in one regular expression.
    if len(stretches) < 2:
        return bool(stretches) and stretches[0].pattern.fullmatch(text) is not None
    first, last = stretches[0], stretches[-1]
    position, end = first.size, len(text) - last.size
    starts = position <= end and first.pattern.match(text) is not None
    if not starts or last.pattern.match(text, end) is None:
        return False
    for stretch in stretches[1:-1]:
        if stretch.plain is not None:
            place = text.find(stretch.plain, position, end)
        elif stretch.size * (end - position) > MOST_WORK:
            return None
        else:
            found = stretch.pattern.search(text, position, end)
            place = -1 if found is None else found.start()
        if place < 0:
            return False
        position = place + stretch.size
    return True


def match(text: object, pattern: str) -> bool | None:
    """Whether the regular expression is found in the text; unknown of what is no text, or too long.

    Raises RequestError 2201B.
    """
    return found(pattern, text) if isinstance(text, str) else None


def imatch(text: object, pattern: str) -> bool | None:
    """Whether the regular expression is found in the text, whatever its case."""
    return found(pattern, text, any_case=True) if isinstance(text, str) else None


def ascii_lower(text: str) -> str:
    """Lower-case A to Z alone, as both databases do under byte-order collation."""
    return text.translate(_LOWER)


_LOWER = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
