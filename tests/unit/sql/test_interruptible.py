"""Twin of jotbase.sql.interruptible."""

from __future__ import annotations

from jotbase.sql.interruptible import Interruptible


def test_called_as_it_is_it_goes_on() -> None:
    """The tick that a plain call gives does nothing; another may count, or raise."""
    ticks: list[int] = []
    half = Interruptible(lambda tick, number: tick() or number // 2)

    assert half(5) == 2
    assert half.run(lambda: ticks.append(1), 5) == 2
    assert ticks == [1]
