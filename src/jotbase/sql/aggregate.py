"""User-defined SQL aggregate and window functions: the protocol that the database calls.

In charge of the protocol alone (sqlite.org/windowfunctions.html, section 7). Must not know any
aggregate function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Window(Protocol):
    """The state of one group of rows, or of one window frame that moves over rows."""

    def step(self, value: Any) -> None:
        """Add the value of a row that enters the group or frame."""

    def inverse(self, value: Any) -> None:
        """Remove the oldest value: its row has left the frame."""

    def value(self) -> Any:
        """Return the aggregate of the values in the frame."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function of one argument; `make` returns the initial state of a group."""

    make: Callable[[], Window]
