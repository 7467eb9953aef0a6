"""Moments told in time zones."""

import pytest

from jotbase.schema.values.zones import is_zone, zoned


@pytest.mark.parametrize(
    ("moment", "zone", "told"),
    [
        ("2026-08-21T10:11:12.5+00:00", "Europe/Berlin", "2026-08-21T12:11:12.5+02:00"),
        ("2026-01-21T10:11:12+00:00", "Asia/Kolkata", "2026-01-21T15:41:12+05:30"),
        ("2026-08-21T10:11:12+00:00", "UTC", "2026-08-21T10:11:12+00:00"),
        ("2026-08-21T10:11:12+00:00", "Jupiter/Red_Spot", "2026-08-21T10:11:12+00:00"),
        ("9999-12-31T23:59:59+00:00", "Asia/Kolkata", "9999-12-31T23:59:59+00:00"),
        ("infinity", "UTC", "infinity"),
        ("2026-08-21T10:11:12+00:00", "-4", "2026-08-21T06:11:12-04:00"),
        ("2026-08-21T10:11:12+00:00", "+5.5", "2026-08-21T15:41:12+05:30"),
        ("2026-08-21T10:11:12+00:00", "0", "2026-08-21T10:11:12+00:00"),
        ("2026-08-21T10:11:12+00:00", "-05:30", "2026-08-21T15:41:12+05:30"),
        ("2026-08-21T10:11:12+00:00", "+02:00", "2026-08-21T08:11:12-02:00"),
    ],
)
def test_moments(moment: str, zone: str, told: str) -> None:
    """The moment stays the same; what cannot be told otherwise stays as it is."""
    assert zoned(moment, zone) == told


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("America/New_York", True),
        ("Jupiter/Red_Spot", False),
        ("America", False),
        ("../x", False),
        ("-15.9", True),
        ("16", False),
        ("+16:00", False),
        ("1e3", False),
    ],
)
def test_names(name: str, known: bool) -> None:
    """A folder of the database, or a path out of it, is no zone."""
    assert is_zone(name) is known
