"""Long-running SQL functions written in Python, which the engine can interrupt.

In charge of the protocol alone. Must not know when or why the engine interrupts a function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Called by a function at short intervals; raises when the function is to be aborted.
Tick = Callable[[], None]


def never_interrupt() -> None:
    """Do nothing: the tick of a call that cannot be interrupted."""


@dataclass(frozen=True, slots=True)
class Interruptible:
    """A function whose `run` takes a tick as its first argument.

    Called directly, without the engine, the function runs without interruption.
    """

    run: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        """Return the function's result for these arguments."""
        return self.run(never_interrupt, *arguments)
