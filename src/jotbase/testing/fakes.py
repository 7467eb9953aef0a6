"""Fakes for a backend's surroundings: the clock and outgoing mail.

In charge of being set and inspected by tests. Must not know the backend.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from jotbase.auth.mail.messages import Mail

__all__ = ["Clock", "Mail", "Outbox"]


@dataclass
class Clock:
    """A clock that changes only by `advance`; it starts at the real time."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        """Return the time in epoch seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Advance the clock by that many seconds."""
        self.now += seconds


class Outbox:
    """The mails that the backend sent, in order; thread-safe."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []
        self._lock = threading.Lock()

    def send(self, mail: Mail) -> None:
        """Store a mail instead of sending it."""
        with self._lock:
            self._mails.append(mail)

    def __len__(self) -> int:
        return len(self._mails)

    def __getitem__(self, index: int) -> Mail:
        return self._mails[index]

    def to(self, address: str) -> list[Mail]:
        """Return the mails to one address."""
        with self._lock:
            return [mail for mail in self._mails if mail.to == address]
