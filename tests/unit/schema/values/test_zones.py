"""Moments told in time zones."""

import pytest

from jotbase.schema.model.tables import Type
from jotbase.schema.values.zones import is_zone, value_in_zone, zoned


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


@pytest.mark.parametrize(
    ("kind", "item", "sent", "read"),
    [
        (Type.TIMESTAMP, None, "2026-01-02 03:04", "2026-01-02T08:04:00+00:00"),
        (Type.TIMESTAMP, None, "2026-01-02 03:04Z", "2026-01-02 03:04Z"),
        (Type.TIMESTAMP, None, 7, 7),
        (Type.TEXT, None, "2026-01-02 03:04", "2026-01-02 03:04"),
        (
            Type.TSTZRANGE,
            None,
            "[2026-01-02 03:04,)",
            '["2026-01-02T08:04:00+00:00",)',
        ),
        (Type.TSTZRANGE, None, "empty", "empty"),
        (Type.ARRAY, Type.TIMESTAMP, ["2026-01-02 03:04"], ["2026-01-02T08:04:00+00:00"]),
        (Type.ARRAY, Type.TIMESTAMP, "{2026-01-02 03:04}", '{"2026-01-02T08:04:00+00:00"}'),
        (Type.ARRAY, Type.TIMESTAMP, "{NULL}", "{NULL}"),
        (Type.ARRAY, Type.TEXT, "{2026-01-02}", "{2026-01-02}"),
        (Type.ARRAY, None, ["2026-01-02 03:04"], ["2026-01-02 03:04"]),
    ],
)
def test_values_that_hold_times(kind: Type, item: Type | None, sent: object, read: object) -> None:
    """Times, ranges of them and arrays of them are of the zone where they name no offset."""
    assert value_in_zone(kind, item, sent, "America/New_York") == read
