"""Long-running SQL functions written in Python, which can be interrupted at each tick.

In charge of the protocol alone. Must not know who interrupts them, or why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Called often while work goes on; it may raise, which ends the work.
Tick = Callable[[], None]


def never_interrupt() -> None:
    """Do nothing: the tick of a call that is never interrupted."""


@dataclass(frozen=True, slots=True)
class Interruptible:
    """A function whose `run` takes a tick before its arguments; a plain call is uninterruptible."""

    run: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function gives."""
        return self.run(never_interrupt, *arguments)
