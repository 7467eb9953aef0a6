"""Replay cursors: whether a cursor that a client sends back is still valid in this database.

In charge of the cursor's text form and of the epochs that it is checked against. Must not know
which client sends one.

Each start of a server begins an epoch, which the database stores with the number of the newest
change at that time. A restored backup has the epochs up to the backup; a cursor that the lost
server issued later belongs to an unknown epoch, or lies beyond the end of a known one.
"""

from __future__ import annotations

from jotbase.records import dataclass

#: The digits of a number in a cursor, so that cursors sort as text in the order of changes.
_WIDTH = 15


@dataclass(frozen=True, slots=True)
class Cursor:
    """A client's position: all changes up to `number`, sent in `epoch` (None: not given)."""

    number: int
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The epochs of a database, oldest first, each with the number of the change before it."""

    spans: tuple[tuple[str, int], ...] = ()

    def mark(self, number: int) -> str | int:
        """Return the cursor of a change; without epochs, it is the bare number.

        A cursor of a change before the oldest epoch, which began after a gap, is never valid.
        """
        if not self.spans:
            return number
        begun = (epoch for epoch, after in reversed(self.spans) if after <= number)
        return f"{number:0{_WIDTH}d}-{next(begun, self.spans[0][0])}"

    def holds(self, cursor: Cursor) -> bool:
        """Return whether the cursor's change belongs to this history, if it names an epoch."""
        if cursor.epoch is None:
            return True
        ends = [after for _, after in self.spans[1:]]
        for (epoch, after), end in zip(self.spans, [*ends, cursor.number], strict=False):
            if epoch == cursor.epoch:
                return after <= cursor.number <= end
        return False


def read_cursor(value: object) -> Cursor | None:
    """Return the cursor that a client sent as text or bare number; None if it is malformed."""
    if type(value) is int and value >= 0:
        return Cursor(value)
    if not isinstance(value, str):
        return None
    digits, dash, epoch = value.partition("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20) or (dash and not epoch):
        return None
    return Cursor(int(digits), epoch or None)
