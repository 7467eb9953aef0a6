"""The wall clock, which may be set while the server runs.

In charge of detecting that: timers run on the monotonic clock, while tokens expire by this one.
Must not know what expires.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: How far the two clocks may diverge between two reads, in seconds, before one counts as set.
SLEW = 1.0


def _nothing() -> None:
    """Do nothing: the default of `on_set`."""


class WallClock:
    """Returns epoch seconds; calls `on_set` first if the clock was set or the machine slept."""

    def __init__(
        self, read: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.on_set: Callable[[], None] = _nothing
        self._read = read
        self._steady = steady
        self._apart = read() - steady()

    def read(self) -> float:
        """Return the time, and look no further: for threads other than the loop's."""
        return self._read()

    def __call__(self) -> float:
        """Return the time."""
        now = self._read()
        apart = now - self._steady()
        if abs(apart - self._apart) > SLEW:
            self._apart = apart
            self.on_set()
        return now
