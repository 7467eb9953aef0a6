"""Points in time, as seconds since the epoch and as the text that is stored and sent.

In charge of both text forms. Stored: PostgreSQL's JSON form in UTC without trailing zeros of the
fraction, so that texts sort in the order of time. Sent: the same with `Z`. Must not read the clock.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp(seconds: float) -> str:
    """Return the stored form: `2026-08-21T10:11:12.345678+00:00`."""
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
    return f"{text[:26].rstrip('0').rstrip('.')}+00:00"


def epoch(text: str) -> float:
    """Return the seconds since the epoch of a stored time; a time without a zone is UTC.

    A text that cannot be parsed counts as long ago, so that what it dates has expired.
    """
    moment = _parsed(text)
    if moment is None:
        return -math.inf
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def is_in_future(text: str | None, now: float) -> bool:
    """Whether a stored time is later than `now`; False for None.

    A text that cannot be parsed counts as later: `infinity` is PostgreSQL's value for a ban without
    end, and a mistyped date in `banned_until` must not lift the ban.
    """
    if text is not None and _parsed(text) is None:
        return text != "-infinity"
    return text is not None and epoch(text) > now


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def sent(text: str) -> str:
    """Return a stored time as GoTrue sends it: `2026-08-21T10:11:12.345678Z`."""
    return f"{text.removesuffix('+00:00')}Z"
