"""The nearest known name, for hints.

In charge of how alike two names are. Must not know what the names stand for.
"""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str) -> int:
    """Return the edit distance (Levenshtein) of two names."""
    before = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        now = [row]
        for column, other in enumerate(right, 1):
            cost = 0 if one == other else 1
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + cost))
        before = now
    return before[-1]


def nearest(name: str, known: Iterable[str], least: float = 0.75) -> str | None:
    """Return the known name most like the given one, if at least `least` (0 to 1) alike."""
    if len(name) > 200:
        return None
    best: tuple[float, str] | None = None
    for other in sorted(known):
        longest = max(len(name), len(other)) or 1
        alike = 1 - distance(name.lower(), other.lower()) / longest
        if alike >= least and (best is None or alike > best[0]):
            best = alike, other
    return best[1] if best else None
