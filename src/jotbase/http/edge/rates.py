"""A rate: how often something may happen in a window of time.

In charge of counting. Must not know what is counted.
"""

from __future__ import annotations


class Rate:
    """At most `most` in each window of `seconds`, the first of which begins with the first one."""

    __slots__ = ("_count", "_most", "_seconds", "_since")

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._count = 0
        self._since = float("-inf")

    def has_room(self, now: float) -> bool:
        """Return whether one more would be within the limit."""
        return not 0 <= now - self._since < self._seconds or self._count < self._most

    def take(self, now: float, amount: int = 1) -> bool:
        """Count so many more; return whether they are within the limit."""
        if not 0 <= now - self._since < self._seconds:
            self._count, self._since = 0, now
        self._count += amount
        return self._count <= self._most
