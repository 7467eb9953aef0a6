"""The short form of `make torture`: writers, subscribers and accidents of one seed."""

from __future__ import annotations

from pathlib import Path

from tests.process.torture.run import run


def test_nothing_is_lost_whatever_happens(tmp_path: Path) -> None:
    """No acknowledged write, and no change to anybody who follows the table."""
    outcome = run(tmp_path, seed=8, seconds=10)

    assert not outcome.faults, str(outcome)
    assert outcome.acknowledged > 0
    assert outcome.told > 0
