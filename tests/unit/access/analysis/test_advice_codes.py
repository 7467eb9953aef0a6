"""The texts of advice."""

from __future__ import annotations

from jotbase.access.analysis.advice_codes import ADVICE


def test_every_code_says_when_and_what_to_do() -> None:
    """In sentences that the reference shows."""
    assert all(when and what for when, what in ADVICE.values())
