"""Cron expressions, and the next time of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.tasks.cron import Cron, next_cron_time, read_cron

BERLIN = ZoneInfo("Europe/Berlin")


def following(text: str, after: str, zone: ZoneInfo | None = None) -> str:
    found = next_cron_time(read_cron(text), zone or UTC, datetime.fromisoformat(after).timestamp())
    return datetime.fromtimestamp(found, zone or UTC).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("* * * * *", "2026-01-01T00:00:30+00:00", "2026-01-01T00:01+00:00"),
        ("*/15 * * * *", "2026-01-01T00:15:00+00:00", "2026-01-01T00:30+00:00"),
        ("5/20 8-9 * * *", "2026-01-01T08:50:00+00:00", "2026-01-01T09:05+00:00"),
        ("0 9 * * mon-fri", "2026-01-02T09:00:00+00:00", "2026-01-05T09:00+00:00"),
        ("0 0 13 * fri", "2026-01-01T00:00:00+00:00", "2026-01-02T00:00+00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00:00+00:00", "2104-02-29T00:00+00:00"),
        ("0 0 * JAN,Jul 7", "2026-02-01T00:00:00+00:00", "2026-07-05T00:00+00:00"),
        ("0 0 * * 0-7/2", "2026-01-03T00:00:00+00:00", "2026-01-04T00:00+00:00"),
        ("@monthly", "2026-01-01T00:00:00+00:00", "2026-02-01T00:00+00:00"),
    ],
)
def test_the_next_time(text: str, after: str, expected: str) -> None:
    """A time that is one itself is past."""
    assert following(text, after) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *", "-1 * * * *", "1,,2 * * * *"),
        *("0 0 31 2 *", "0 0 31 apr,jun *", "@reboot", "١ * * * *", "1.5 * * * *", "*/ * * * *"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """What has no meaning, or no day in any year, is no expression."""
    with pytest.raises(ValueError, match=r"is no|has no day"):
        read_cron(text)


def test_clocks_that_are_set_forward_skip_nothing() -> None:
    """At 02:30 on that day clocks show 03:30, and only once; each hour comes once."""
    gap = "2026-03-29T00:00:00+01:00"
    assert following("30 2 * * *", gap, BERLIN) == "2026-03-29T03:30+02:00"
    assert following("30 2 * * *", "2026-03-29T03:30:00+02:00", BERLIN) == "2026-03-30T02:30+02:00"
    assert following("0 * * * *", "2026-03-29T01:00:00+01:00", BERLIN) == "2026-03-29T03:00+02:00"


def test_clocks_that_are_set_back_repeat_nothing_but_every_hour() -> None:
    """02:30 comes once, and an hourly time in both hours."""
    first = "2026-10-25T02:30:00+02:00"
    assert following("30 2 * * *", "2026-10-25T00:00:00+02:00", BERLIN) == "2026-10-25T02:30+02:00"
    assert following("30 2 * * *", first, BERLIN) == "2026-10-26T02:30+01:00"
    assert following("30 * * * *", first, BERLIN) == "2026-10-25T02:30+01:00"


_SETS = [
    st.frozensets(st.integers(low, high), min_size=1)
    for low, high in ((0, 59), (0, 23), (1, 28), (1, 12), (0, 6))
]


#: Seconds of some years.
_TIMES = st.integers(1_577_836_800, 1_893_456_000)


@given(st.builds(Cron, *_SETS, st.booleans()), _TIMES)
def test_no_minute_before_the_next_time_is_one(cron: Cron, now: int) -> None:
    """Held against looking at each minute of the days that have times, one after another."""
    found = datetime.fromtimestamp(next_cron_time(cron, UTC, now), UTC)
    after = datetime.fromtimestamp(now, UTC)
    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not (cron.has(minute.date()) and minute.hour in cron.hours):
        minute = minute.replace(minute=0) + timedelta(hours=1)
    while minute < found:
        assert not (
            cron.has(minute.date()) and minute.hour in cron.hours and minute.minute in cron.minutes
        )
        minute += timedelta(minutes=1)
        while minute < found and not (cron.has(minute.date()) and minute.hour in cron.hours):
            minute = minute.replace(minute=0) + timedelta(hours=1)
    assert cron.has(found.date())
    assert (found.hour in cron.hours, found.minute in cron.minutes) == (True, True)


@given(minute=st.integers(0, 59), hour=st.integers(0, 23), after=_TIMES)
def test_a_daily_time_comes_every_day(minute: int, hour: int, after: int) -> None:
    """Within 25 hours, whatever clocks do, and later than asked for."""
    found = next_cron_time(read_cron(f"{minute} {hour} * * *"), BERLIN, after)
    assert after < found <= after + 25 * 3600
