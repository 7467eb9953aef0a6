"""Time zones by name, as the system's IANA database knows them, and moments told in one.

In charge of what a zone's clocks show. Must not know requests or SQL.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no name of a file, no such file, a folder
        return None


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    return _zone(name) is not None


def zoned(moment: str, zone: str) -> str:
    """Return a timestamp in its stored form as the clocks of a zone show it.

    `2026-08-21T10:11:12.5+00:00` becomes `2026-08-21T12:11:12.5+02:00` in Berlin; what is no such
    timestamp, and any in an unknown zone, stays as it is.
    """
    found = _zone(zone)
    if found is None:
        return moment
    try:
        told = datetime.fromisoformat(moment).astimezone(found)
    except (ValueError, OverflowError):
        return moment
    text = told.isoformat()
    clock, offset = text[:19], text[26:] if told.microsecond else text[19:]
    fraction = f".{told.microsecond:06d}".rstrip("0") if told.microsecond else ""
    return clock + fraction + offset


#: By their names in SQL.
ZONE_FUNCTIONS = {"jot_zoned": zoned}
