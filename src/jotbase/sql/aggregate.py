"""User-defined SQL aggregates and window functions: the protocol that the database calls.

In charge of the protocol alone (sqlite.org/windowfunctions.html, 7). Must not know what is
aggregated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Window(Protocol):
    """The state of one group, or of one window frame that moves over rows."""

    def step(self, value: Any) -> None:
        """Add a row's value."""

    def inverse(self, value: Any) -> None:
        """Remove the oldest value, whose row has left the frame."""

    def value(self) -> Any:
        """Return the aggregate of the values in the frame."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of one argument; `make` returns the state of a new group."""

    make: Callable[[], Window]
