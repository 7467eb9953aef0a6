"""JSON of the accounts' tables that cannot be read counts as empty."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.auth.tokens.stored_json import stored_methods, stored_object


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ('{"a": "\\ud800"}', {}),
        ("[1]", {}),
        ('"text"', {}),
        ("null", {}),
        ("{", {}),
        (None, {}),
    ],
)
def test_metadata_is_an_object(value: Any, found: dict[str, Any]) -> None:
    """A lone surrogate is valid for SQLite's `json_valid`, and no JSON for anybody else."""
    assert stored_object(value) == found


@pytest.mark.parametrize(
    "value", ["{}", "3", "[1]", '[{"method": 1}]', "[{}]", '["\\ud800"]', None]
)
def test_methods_are_entries_with_a_method(value: Any) -> None:
    """What is none is left out, so that it raises no level of assurance."""
    assert stored_methods(value) == ()


def test_the_methods_of_a_session() -> None:
    """They keep their order and what else they say."""
    assert stored_methods('[{"method": "otp", "timestamp": 1}, 2]') == (
        {"method": "otp", "timestamp": 1},
    )
