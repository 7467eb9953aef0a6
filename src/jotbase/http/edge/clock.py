"""The wall clock, which can be set while it is read.

In charge of noticing that it was: timers run by a steady clock, tokens end by this one. Must not
know what ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: How far the two clocks may part between two looks, in seconds, before one counts as set.
SLEW = 1.0


def _nothing() -> None:
    """Stand in until somebody wants to be told."""


class WallClock:
    """Gives seconds since the epoch; calls `on_set` first when the clock was set, or slept."""

    def __init__(
        self, read: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.on_set: Callable[[], None] = _nothing
        self._read = read
        self._steady = steady
        self._apart = read() - steady()

    def __call__(self) -> float:
        """Return the time."""
        now = self._read()
        apart = now - self._steady()
        if abs(apart - self._apart) > SLEW:
            self._apart = apart
            self.on_set()
        return now
