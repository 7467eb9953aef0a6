"""When a schedule is due: intervals such as "5m".

In charge of their spelling and of the next time. Must not know the clock.
"""

from __future__ import annotations

import re

_INTERVAL = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_interval(text: str) -> int:
    """Return the seconds of an interval: `30s`, `5m`, `2h`, `1d`. Raises ValueError."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no interval: "30s", "5m", "2h", "1d"')
    return int(found[1]) * _SECONDS[found[2]]


def next_time(seconds: int, now: float) -> float:
    """Return the first multiple of an interval, counted from the epoch, after a time."""
    return float((int(now) // seconds + 1) * seconds)
