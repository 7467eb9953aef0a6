"""Replay cursors: whether a cursor that a client sends back is still valid in this database.

In charge of the cursor's text form and of the epochs that it is checked against. Must not know
which client sends one.

Each start of a server begins an epoch, noted in the database itself with the number that it began
after. A backup that is restored has the history up to the backup; what the lost server told
later is of an epoch that the history does not have, or beyond the end of one that it has.
"""

from __future__ import annotations

from jotbase.records import dataclass

#: Digits of a number in a cursor: as texts, cursors are in the order of their changes.
_WIDTH = 15


@dataclass(frozen=True, slots=True)
class Cursor:
    """A client's position: all changes up to `number`, sent in `epoch` (None: not given)."""

    number: int
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The epochs of a database, oldest first, each with the number that it began after."""

    spans: tuple[tuple[str, int], ...] = ()

    def mark(self, number: int) -> str | int:
        """Return the cursor of a change; without epochs, it is the bare number.

        The cursor of a change from before the oldest epoch, which a gap has begun, holds nowhere.
        """
        if not self.spans:
            return number
        begun = (epoch for epoch, after in reversed(self.spans) if after <= number)
        return f"{number:0{_WIDTH}d}-{next(begun, self.spans[0][0])}"

    def holds(self, cursor: Cursor) -> bool:
        """Say whether the cursor's change is one of this history, as far as the cursor says."""
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
