"""The time that project code may take within a call, statements that it asks for left off.

In charge of that clock. Must not know what the code does, nor end it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Protocol

from jotbase.errors import JotError


class Budget(Protocol):
    """The time that hooks may take (`CodeBudget`)."""

    def restart(self) -> None:
        """Begin anew."""

    def running(self) -> AbstractContextManager[None]:
        """Count the time of a block."""

    def paused(self) -> AbstractContextManager[None]:
        """Count nothing of a block within one that is counted."""

    def over(self) -> JotError | None:
        """Return the error once the time is over."""


class Untimed:
    """No budget of their own for hooks: the call that they run in has one."""

    def running(self) -> AbstractContextManager[None]:
        """Count nothing."""
        return nullcontext()

    paused = running


class CodeBudget:
    """So many milliseconds of code; used by one thread, and looked at by another."""

    def __init__(self, limit_ms: int, error: JotError) -> None:
        self._limit = limit_ms / 1000
        self._error = error
        self._used = 0.0
        self._since: float | None = None

    def restart(self) -> None:
        """Begin anew: the call is run again."""
        self._used, self._since = 0.0, None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of a block. Raises the error if the time was over within it."""
        self._since = perf_counter()
        try:
            yield
        finally:
            self._stop()
        if (error := self.over()) is not None:
            raise error

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing of a block within what is counted."""
        self._stop()
        try:
            yield
        finally:
            self._since = perf_counter()

    def over(self) -> JotError | None:
        """Return the error once the time is over."""
        since = self._since
        used = self._used + (0.0 if since is None else perf_counter() - since)
        return self._error if used > self._limit else None

    def _stop(self) -> None:
        if self._since is not None:
            self._used += perf_counter() - self._since
            self._since = None
