"""Timestamps, dates and times of day: parsing PostgreSQL's input formats, canonical output.

In charge of the canonical forms, which sort bytewise in the order of time: `2026-08-21`,
`10:11:12.5`, and in UTC `2026-08-21T10:11:12.5+00:00`. Must not read the clock.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction

from jotbase.errors import RequestError

_DAY = r"(?P<year>\d{4,6})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
_ZONE = r"(?P<zone>[zZ]|(?:UTC|GMT)|[+-]\d{1,2}(?::?\d\d)?)?"
_TIMESTAMP = re.compile(rf"\s*{_DAY}(?:(?:[tT]|\s+){_CLOCK}\s*{_ZONE})?\s*", re.ASCII)
_TIME = re.compile(rf"\s*{_CLOCK}\s*{_ZONE}\s*", re.ASCII)
_RFC_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d+)?(?:[zZ]|[+-]\d\d:\d\d)?", re.ASCII)

_TIMESTAMP_NAME = "timestamp with time zone"
_TIME_NAME = "time"


def timestamp(text: str) -> str:
    """Return a timestamp in canonical form; without a zone it is UTC.

    Raises RequestError 22007 for malformed text, 22008 for fields out of range.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise invalid(_TIMESTAMP_NAME, text)
    try:
        return format_utc(_datetime(found) - timedelta(minutes=_offset(found["zone"])))
    except (ValueError, OverflowError) as error:
        raise out_of_range(text) from error


def in_zone(text: str, zone: tzinfo) -> str:
    """Return a timestamp that names no offset as one of a zone, in canonical form; others stay.

    Where clocks are put forward or back, PostgreSQL takes what was before, or comes after
    (`DetermineTimeZoneOffset`): the lesser of the two offsets, both times.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None or found["zone"] is not None:
        return text
    try:
        moment = _datetime(found)
        offsets = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        return format_utc(moment - min(offset or timedelta() for offset in offsets))
    except (ValueError, OverflowError) as error:
        raise out_of_range(text) from error


def local(text: str) -> str:
    """Return a timestamp without time zone, `2026-08-21 10:11:12.5`; a zone in the text is ignored.

    Raises RequestError 22007 or 22008.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise invalid("timestamp", text)
    try:
        return format_utc(_datetime(found)).removesuffix("+00:00").replace("T", " ")
    except (ValueError, OverflowError) as error:
        raise out_of_range(text) from error


def format_utc(moment: datetime) -> str:
    """Return a naive UTC time in canonical form."""
    text = moment.isoformat()
    return f"{text.rstrip('0') if moment.microsecond else text}+00:00"


def rfc3339(text: str) -> str:
    """Return a timestamp that is valid under `format: date-time` in canonical form.

    Faster than `timestamp`. Raises the same errors.
    """
    if text[17:19] == "60" or text[20:27].isdigit():  # a leap second, or more than microseconds
        return timestamp(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return timestamp(text)
    offset = moment.utcoffset()
    if offset is None:
        return timestamp(text)
    try:
        return format_utc(moment.replace(tzinfo=None) - offset)
    except OverflowError as error:
        raise out_of_range(text) from error


def day(text: str) -> str:
    """Return a date in canonical form. Raises RequestError 22007 or 22008."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise invalid("date", text)
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
    except (ValueError, OverflowError) as error:
        raise out_of_range(text) from error


def clock(text: str) -> str:
    """Return a time of day in canonical form; one with an offset is converted to UTC.

    Raises RequestError 22007 or 22008.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise invalid(_TIME_NAME, text)
    try:
        moment = _at(date(2000, 1, 2), found) - timedelta(minutes=_offset(found["zone"]))
    except (ValueError, OverflowError) as error:
        raise out_of_range(text) from error
    return format_utc(moment)[11:-6]


def is_time(text: str) -> bool:
    """Return whether text is valid under `format: time`; unlike in RFC 3339, the offset is
    optional.

    The server returns times without an offset, as SQL's type `time` is.
    """
    if _RFC_TIME.fullmatch(text) is None:
        return False
    try:
        clock(text)
    except RequestError:
        return False
    return True


def _datetime(found: re.Match[str]) -> datetime:
    return _at(date(int(found["year"]), int(found["month"]), int(found["day"])), found)


def _at(on: date, found: re.Match[str]) -> datetime:
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    leap = second == 60
    start = datetime.combine(on, time(hour, minute, 59 if leap else second))
    # PostgreSQL rounds to microseconds, half to even, and counts second 60 as the next minute.
    micros = round(Fraction(f"0.{found['fraction'] or 0}") * 1_000_000)
    return start + timedelta(seconds=int(leap), microseconds=micros)


def _offset(zone: str | None) -> int:
    """Return minutes east of UTC. Raises ValueError beyond a day."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:-2] or 0), int(digits[-2:])
    if len(digits) <= 2:
        hours, minutes = int(digits), 0
    if hours > 15 or minutes > 59:
        raise ValueError(zone)
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def invalid(name: str, text: str) -> RequestError:
    """Return PostgreSQL's error for text that is malformed for a date or time type."""
    return RequestError("22007", f'invalid input syntax for type {name}: "{text}"')


def out_of_range(text: str) -> RequestError:
    """Return PostgreSQL's error for a date or time whose fields are out of range."""
    return RequestError("22008", f'date/time field value out of range: "{text}"')
