"""When a task that failed runs again.

In charge of the delays between attempts. Must not know the clock, nor what a task does.
"""

from __future__ import annotations

#: Seconds until the second attempt, which double with each that fails, and the longest.
FIRST_DELAY, LONGEST_DELAY = 1.0, 3600.0


def next_attempt(made: int, most: int, now: float) -> float | None:
    """Return when a task is due again that failed that often, None if it has failed for good."""
    if made >= most:
        return None
    return now + min(FIRST_DELAY * 2.0 ** min(made - 1, 40), LONGEST_DELAY)
