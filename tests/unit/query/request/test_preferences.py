"""Preferences, read and told."""

from __future__ import annotations

import pytest

from jotbase.errors import RequestError
from jotbase.query.request.intent import Preferences
from jotbase.query.request.preferences import (
    applied_preferences,
    known_preferences,
    parse_preferences,
)


def test_all_of_them() -> None:
    """Each preference is read into its field."""
    header = (
        "resolution=merge-duplicates, missing=default, return=representation, count=exact,"
        "tx=rollback, handling=lenient, timezone=UTC, max-affected=3"
    )

    assert parse_preferences(header) == Preferences(
        returning="representation",
        count="exact",
        resolution="merge-duplicates",
        missing="default",
        handling="lenient",
        tx="rollback",
        timezone="UTC",
        max_affected=3,
    )


def test_the_first_of_two_counts() -> None:
    """RFC 7240 leaves it open; PostgREST takes the first."""
    assert parse_preferences("return=minimal, return=representation").returning == "minimal"


def test_unknown_ones_are_passed_over() -> None:
    """What is not understood is remembered, and otherwise ignored."""
    assert parse_preferences("odd, return=all, max-affected=-1").invalid == (
        "odd",
        "return=all",
        "max-affected=-1",
    )


def test_strict_handling_refuses_them() -> None:
    """With handling=strict the caller is told which."""
    with pytest.raises(RequestError) as caught:
        parse_preferences("handling=strict, something, else")

    assert caught.value.code == "PGRST122"
    assert caught.value.details == "Invalid preferences: something, else"


def test_what_was_applied_is_told_in_a_fixed_order() -> None:
    """The order is PostgREST's, whatever was asked first."""
    assert applied_preferences({"count": "exact", "return": "minimal", "missing": "default"}) == (
        "missing=default, return=minimal, count=exact"
    )
    assert applied_preferences({}) is None


@pytest.mark.parametrize("handling", ["", "handling=lenient, ", "handling=strict, "])
def test_a_time_zone_that_there_is_not(handling: str) -> None:
    """It is refused in the database's words, however preferences are handled."""
    asked = parse_preferences(f"{handling}timezone=Mars/Base")
    assert known_preferences(asked, lambda name: True).timezone == "Mars/Base"
    with pytest.raises(RequestError) as refused:
        known_preferences(asked, lambda name: False)
    assert refused.value.code == "22023"
    assert refused.value.message == 'invalid value for parameter "TimeZone": "Mars/Base"'


def test_an_offset_with_seconds_is_refused_as_postgresql_refuses_it() -> None:
    """Such a time zone is taken for one with leap seconds."""
    asked = parse_preferences("timezone=05:30:15")
    with pytest.raises(RequestError) as refused:
        known_preferences(asked, lambda name: False)
    assert refused.value.code == "22023"
    assert refused.value.message == 'time zone "05:30:15" appears to use leap seconds'
    assert refused.value.details == "PostgreSQL does not support leap seconds."
