"""What each row may be in the end, by what was asked and what was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class Ledger:
    """For each row the values that it may have (None: it may be gone); of many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._allowed: dict[int, set[int | None]] = {}
        self._tried: dict[int, list[int | None]] = {}
        self.acknowledged = 0

    def tried(self, row: int, value: int | None) -> None:
        """Note that a write was sent, which may count or not."""
        with self._lock:
            self._allowed.setdefault(row, {None}).add(value)
            self._tried.setdefault(row, []).append(value)

    def done(self, row: int, value: int | None) -> None:
        """Note that a write was acknowledged: what was there before cannot be there any more."""
        with self._lock:
            self._allowed[row] = {value}
            self.acknowledged += 1

    def known(self) -> dict[int, tuple[set[int | None], int]]:
        """Return what holds now, to be compared with a state that comes later."""
        with self._lock:
            return {
                row: (set(values), len(self._tried.get(row, ())))
                for row, values in self._allowed.items()
            }

    def since(self, row: int, count: int) -> list[int | None]:
        """Return what was tried with a row after so many tries."""
        with self._lock:
            return self._tried.get(row, [])[count:]

    def faults(self, rows: Mapping[int, int]) -> list[str]:
        """Return what is wrong with the rows that are there in the end."""
        with self._lock:
            return [
                f"row {row} is {rows.get(row)}, allowed is {allowed}"
                for row, allowed in self._allowed.items()
                if rows.get(row) not in allowed
            ]
