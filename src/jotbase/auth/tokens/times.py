"""Points in time, as seconds since the epoch and as the text that is stored and sent.

In charge of the one form of each. Stored: PostgreSQL's JSON form in UTC, no zeros at the fraction's
end, so that the order of the text is that of time. Sent: the same with `Z`. Must not ask the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp(seconds: float) -> str:
    """Return the stored form: `2026-08-21T10:11:12.345678+00:00`."""
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
    return f"{text[:26].rstrip('0').rstrip('.')}+00:00"


def epoch(text: str) -> float:
    """Return the seconds since the epoch of a stored time."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def lies_ahead(text: str | None, now: float) -> bool:
    """Whether a stored time is yet to come; None is no time.

    What cannot be read lies ahead: `infinity` is PostgreSQL's word for a ban without end, and who
    was shut out by hand must not come in by a slip of that hand.
    """
    try:
        return text is not None and epoch(text) > now
    except ValueError:
        return text != "-infinity"


def sent(text: str) -> str:
    """Return a stored time as GoTrue sends it: `2026-08-21T10:11:12.345678Z`."""
    return f"{text.removesuffix('+00:00')}Z"
