"""Aggregates of a database's that are ours: what a database asks of one, row by row.

In charge of that form alone. Must not know what is aggregated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Window(Protocol):
    """One group, or one window that moves over rows."""

    def step(self, value: Any) -> None:
        """Take a row's value in."""

    def inverse(self, value: Any) -> None:
        """Take a value out again, which came in first."""

    def value(self) -> Any:
        """Return what the values come to."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of one argument; `make` begins a group."""

    make: Callable[[], Window]
