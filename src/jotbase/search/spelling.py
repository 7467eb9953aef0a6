"""The most similar known name, for the hints of error messages.

In charge of the similarity of two names. Must not know what the names stand for.
"""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str) -> int:
    """Return the Levenshtein distance of two names."""
    previous = list(range(len(right) + 1))
    for row, character in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = 0 if character == other else 1
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + cost))
        previous = current
    return previous[-1]


def nearest(name: str, known: Iterable[str], least: float = 0.75) -> str | None:
    """Return the known name that is most similar, None if its similarity is below `least`.

    Similarity is 1 minus the distance relative to the longer name, ignoring case. Names of more
    than 200 characters are not compared: the distance takes quadratic time.
    """
    if len(name) > 200:
        return None
    best: tuple[float, str] | None = None
    for other in sorted(known):
        longest = max(len(name), len(other)) or 1
        similarity = 1 - distance(name.lower(), other.lower()) / longest
        if similarity >= least and (best is None or similarity > best[0]):
            best = similarity, other
    return best[1] if best else None
