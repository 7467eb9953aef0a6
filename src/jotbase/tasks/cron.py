"""Cron expressions: the five fields of crontab(5), read, and the next time of one in a time zone.

In charge of the spelling, and of what clocks that are set forward and back mean. Must not know the
clock. As in crontab(5) a day is right by its day of month or by its day of week where both are
given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo

from jotbase.records import dataclass

#: The fields in their order: name, lowest and highest value, names of values.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
#: Between two days of an expression are at most 40 years: a Monday on 29 February, around 2100.
_DAYS_SEARCHED = 366 * 40


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression; `by_day` says that days of month and of week are right each for itself."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    by_day: bool

    def has(self, day: date) -> bool:
        """Return whether there are times on that day."""
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.by_day else of_month and of_week


def read_cron(text: str) -> Cron:
    """Return the expression: `0 9 * * mon-fri`, `*/15 * * * *`, `@daily`. Raises ValueError."""
    fields = _NAMED.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f'{text!r} is no cron expression: five fields such as "0 9 * * mon-fri"')
    read = [_read_field(text, *known) for text, known in zip(fields, _FIELDS, strict=True)]
    weekdays = frozenset(day % 7 for day in read[4])
    by_day = not (fields[2].startswith("*") or fields[4].startswith("*"))
    made = Cron(read[0], read[1], read[2], read[3], weekdays, by_day)
    if not by_day and all(_LENGTHS[month - 1] < min(made.days) for month in made.months):
        raise ValueError(f"{text!r} has no day: no such month is that long")
    return made


def _read_field(
    text: str, field: str, lowest: int, highest: int, names: Mapping[str, int]
) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = lowest if span == "*" else _number(first, names)
        high = low
        if span == "*" or (slash and not dash):
            high = highest if not (span == "*" and names is _FIELDS[4][3]) else 6
        elif dash:
            high = _number(last, names)
        every = _number(step, {}) if slash else 1
        if not lowest <= low <= high <= highest or every < 1:
            raise ValueError(f"{part!r} is no {field}: {lowest} to {highest}")
        found.update(range(low, high + 1, every))
    return frozenset(found)


def _number(text: str, names: Mapping[str, int]) -> int:
    """Return a field's value, -1 for what is none."""
    if text in names:
        return names[text]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1


def next_cron_time(cron: Cron, zone: tzinfo, now: float) -> float:
    """Return the expression's first time after a time, in epoch seconds.

    A time that clocks pass over when they are set forward comes by as much later as they are set.
    One that they show twice comes at the first; at both where the expression has all hours.
    """
    first = datetime.fromtimestamp(now, zone).date() - timedelta(days=1)
    for passed in range(_DAYS_SEARCHED):
        day = first + timedelta(days=passed)
        if cron.has(day):
            times = [time for time in _times(cron, zone, day) if time > now]
            if times:
                return min(times)
    raise ValueError("the expression has no time")


def _times(cron: Cron, zone: tzinfo, day: date) -> Iterator[float]:
    folds = (0, 1) if len(cron.hours) == 24 else (0,)
    for hour in cron.hours:
        for minute in cron.minutes:
            for fold in folds:
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold)
                yield local.timestamp()
