"""Time zones, by name from the system's IANA database or by offset; timestamps in a zone.

In charge of converting a timestamp to a zone's local time. Must not know requests or SQL.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jotbase.schema.model.tables import Type
from jotbase.schema.values.array_literals import array_literal, literal_items
from jotbase.schema.values.ranges import with_bounds
from jotbase.schema.values.times import in_zone

#: An offset in hours, as in `SET TIME ZONE -4`: east of Greenwich is positive.
_HOURS = re.compile(r"([+-]?\d{1,3}(?:\.\d{1,4})?)")
#: A POSIX offset, where west of Greenwich is positive (PostgreSQL manual, appendix B.5).
_POSIX = re.compile(r"([+-])(\d{1,3}):([0-5]\d)")
#: PostgreSQL's largest offset (MAX_TZDISP_HOUR).
_MOST = timedelta(hours=15, minutes=59)


def _offset(name: str) -> timedelta | None:
    hours = _HOURS.fullmatch(name)
    if hours is not None:
        return timedelta(hours=float(hours[1]))
    posix = _POSIX.fullmatch(name)
    if posix is None:
        return None
    west = timedelta(hours=int(posix[2]), minutes=int(posix[3]))
    return -west if posix[1] == "+" else west


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo | None:
    offset = _offset(name)
    if offset is not None:
        return timezone(offset) if abs(offset) <= _MOST else None
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no name of a file, no such file, a folder
        return None


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    return _zone(name) is not None


def time_in_zone(text: str, zone: str) -> str:
    """Return a timestamp without an offset as one of the zone of that name; all else stays."""
    found = _zone(zone)
    return text if found is None else in_zone(text, found)


def value_in_zone(kind: Type, item: Type | None, value: Any, zone: str) -> Any:
    """Return a value that a client sends with its times that name no offset as those of a zone.

    A time, a range of times, or an array of either, as text or as JSON. What is none of them is
    returned unchanged. Raises RequestError 22P02 for a malformed range or array.
    """
    if kind is Type.ARRAY and item is not None:
        if isinstance(value, list):
            return [value_in_zone(item, None, one, zone) for one in value]
        if isinstance(value, str) and item in _WITH_TIMES and value.lstrip().startswith("{"):
            items = (value_in_zone(item, None, one, zone) for one in literal_items(value))
            return array_literal(items)
        return value
    if not isinstance(value, str):
        return value
    if kind is Type.TSTZRANGE:
        return with_bounds(value, lambda bound: time_in_zone(bound, zone))
    return time_in_zone(value, zone) if kind is Type.TIMESTAMP else value


#: The types whose values lie in a time zone.
_WITH_TIMES = (Type.TIMESTAMP, Type.TSTZRANGE)


def zoned(moment: str, zone: str) -> str:
    """Return a timestamp in its stored form converted to a zone.

    `2026-08-21T10:11:12.5+00:00` becomes `2026-08-21T12:11:12.5+02:00` in Europe/Berlin. A text of
    another form, or any in an unknown zone, is returned unchanged.
    """
    found = _zone(zone)
    if found is None:
        return moment
    try:
        local = datetime.fromisoformat(moment).astimezone(found)
    except (ValueError, OverflowError):
        return moment
    text = local.isoformat()
    clock, offset = text[:19], text[26:] if local.microsecond else text[19:]
    fraction = f".{local.microsecond:06d}".rstrip("0") if local.microsecond else ""
    return clock + fraction + offset


#: The functions by their SQL names.
ZONE_FUNCTIONS = {"jot_zoned": zoned}
