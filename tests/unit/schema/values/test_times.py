"""Times read and written."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.schema.values.times import clock, day, in_zone, is_time, local, rfc3339, timestamp

ZONES = st.integers(-15 * 60, 15 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    datetime.fromisoformat("0002-01-01"), datetime.fromisoformat("9998-12-31"), timezones=ZONES
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-08-21T10:11:12Z", "2026-08-21T10:11:12+00:00"),
        ("2026-08-21t10:11:12z", "2026-08-21T10:11:12+00:00"),
        ("2026-08-21 10:11", "2026-08-21T10:11:00+00:00"),
        ("2026-08-21", "2026-08-21T00:00:00+00:00"),
        ("  2026-8-1 9:05:00.50 +02 ", "2026-08-01T07:05:00.5+00:00"),
        ("2026-08-21T10:11:12.340000-0330", "2026-08-21T13:41:12.34+00:00"),
        ("2026-08-21T10:11:12.0000005Z", "2026-08-21T10:11:12+00:00"),
        ("2026-08-21T10:11:12.0000015Z", "2026-08-21T10:11:12.000002+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2026-08-21 10:11:12 UTC", "2026-08-21T10:11:12+00:00"),
    ],
)
def test_many_spellings_of_a_timestamp_have_one_form(text: str, canonical: str) -> None:
    """Without a zone UTC is meant; the form is in UTC and without idle zeros."""
    assert timestamp(text) == canonical
    assert timestamp(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("soon", "22007", 'invalid input syntax for type timestamp with time zone: "soon"'),
        ("", "22007", 'invalid input syntax for type timestamp with time zone: ""'),
        ("2026-08-21T10:11:12Q", "22007", None),
        ("2026-13-01", "22008", 'date/time field value out of range: "2026-13-01"'),
        ("2026-02-30T00:00:00Z", "22008", None),
        ("2026-01-01T25:00:00Z", "22008", None),
        ("0000-01-01T00:00:00Z", "22008", None),
        ("0001-01-01T00:00:00+05:00", "22008", None),
        ("9999-12-31T23:59:59-05:00", "22008", None),
        ("12026-01-01", "22008", None),
        ("2026-01-01T00:00:00+16:00", "22008", None),
        ("٢٠٢٦-01-01", "22007", None),
    ],
)
def test_what_is_no_timestamp_has_postgresqls_error(
    text: str, code: str, message: str | None
) -> None:
    """Nonsense is 22007; a date that cannot be is 22008."""
    with pytest.raises(RequestError) as caught:
        timestamp(text)

    assert caught.value.code == code
    assert message in (None, caught.value.message)


@given(MOMENTS)
def test_the_quick_reading_is_the_thorough_one(moment: datetime) -> None:
    """What passed `format: date-time` is read quickly, and to the same end."""
    text = moment.isoformat()

    assert rfc3339(text) == timestamp(text)
    assert datetime.fromisoformat(timestamp(text)) == moment


@given(MOMENTS, MOMENTS)
def test_the_order_of_texts_is_that_of_time(one: datetime, other: datetime) -> None:
    """Bytes compare as the moments do, which databases rely on."""
    first, second = timestamp(one.isoformat()), timestamp(other.isoformat())

    assert (first < second) == (one < other)
    assert (first == second) == (one.astimezone(UTC) == other.astimezone(UTC))


def test_a_leap_second_passes_the_quick_reading() -> None:
    """RFC 3339 has second 60, which Python's own reader has not."""
    assert rfc3339("2016-12-31T23:59:60.5Z") == "2017-01-01T00:00:00.5+00:00"
    assert rfc3339("2026-08-21T10:11:12.123456789Z") == "2026-08-21T10:11:12.123457+00:00"


def test_dates_are_read_from_dates_and_timestamps() -> None:
    """PostgreSQL takes the date of a timestamp."""
    assert day("2026-8-1") == "2026-08-01"
    assert day("2026-08-21T23:59:59Z") == "2026-08-21"


def test_local_times_know_no_zone() -> None:
    """What clock and calendar show stays, as PostgreSQL's timestamp has it."""
    assert local("2026-08-21T10:11:12.50+02:00") == "2026-08-21 10:11:12.5"
    with pytest.raises(RequestError):
        local("today")


@pytest.mark.parametrize(("text", "code"), [("x", "22007"), ("2026-02-30", "22008")])
def test_what_is_no_date_is_refused(text: str, code: str) -> None:
    """Nonsense and impossible dates have their codes."""
    with pytest.raises(RequestError) as caught:
        day(text)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10:11", "10:11:00"),
        ("10:11:12.500", "10:11:12.5"),
        ("10:11:12Z", "10:11:12"),
        ("01:00:00+02:00", "23:00:00"),
    ],
)
def test_a_time_of_day_with_an_offset_is_brought_to_utc(text: str, canonical: str) -> None:
    """The stored form is a plain time."""
    assert clock(text) == canonical


@pytest.mark.parametrize(
    ("text", "fits"),
    [("10:11:12", True), ("10:11:12.5Z", True), ("10:11:12+02:00", True)]
    + [(text, False) for text in ("10:11", "1:11:12", "25:00:00", "10:11:12 Z", "x")],
)
def test_the_format_of_a_time_lets_the_offset_be_absent(text: str, fits: bool) -> None:
    """What the server gives back passes the format that it asserts."""
    assert is_time(text) is fits


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-08-21 06:11:12.5", "2026-08-21T10:11:12.5+00:00"),
        ("2026-01-21", "2026-01-21T05:00:00+00:00"),
        ("2026-03-08 02:30:00", "2026-03-08T07:30:00+00:00"),  # put forward: as before
        ("2026-11-01 01:30:00", "2026-11-01T06:30:00+00:00"),  # put back: as behind
        ("2026-08-21 06:11:12Z", "2026-08-21 06:11:12Z"),
        ("noon", "noon"),
    ],
)
def test_a_time_without_an_offset_is_of_the_zone(text: str, canonical: str) -> None:
    """PostgreSQL's choice where a clock shows a time twice, or never."""
    assert in_zone(text, ZoneInfo("America/New_York")) == canonical
