"""Functions of a database's that may take long, and ask in between whether they are to go on.

In charge of that form alone. Must not know who stops them, or why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Called often while work goes on; it may raise, which ends the work.
Tick = Callable[[], None]


def go_on() -> None:
    """Let the work go on, however long it takes."""


@dataclass(frozen=True, slots=True)
class Stoppable:
    """A function whose `run` takes a tick before its arguments; called as it is, it goes on."""

    run: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function gives."""
        return self.run(go_on, *arguments)
