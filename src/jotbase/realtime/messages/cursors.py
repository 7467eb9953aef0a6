"""Replay cursors: whether a cursor that a client sends back is still valid in this database.

In charge of the cursor's text form and of the epochs that it is checked against. Must not know
which client sends one.

Each start of a server begins an epoch, which the database stores with the number of the newest
change at that time. A restored backup has the epochs up to the backup; a cursor that the lost
server issued later belongs to an unknown epoch, or lies beyond the end of a known one.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

#: The digits of a number in a cursor, so that cursors sort as text in the order of changes.
_WIDTH = 15
#: The digits that stand for an epoch in a `commit_timestamp`.
_TAG_WIDTH = 9
_NO_TAG = "0" * _TAG_WIDTH
#: A time in milliseconds, and what follows its fraction.
_TIME = re.compile(r"(.*\.[0-9]{3})(.*)", re.DOTALL)
_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}"
    rf"(?P<number>[0-9]{{{_WIDTH}}})(?P<tag>[0-9]{{{_TAG_WIDTH}}})(?:Z|[+-][0-9:]+)"
)
#: By what a returning client is known: its address, its user or role, the topic.
Whose = tuple[Hashable, str, str]

#: Departures remembered; beyond, the oldest is forgotten.
MOST_DEPARTURES = 10_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A client's position: all changes up to `number`, sent in `epoch` (None: not given).

    `tag` stands for the epoch in place of its name where the cursor is a `commit_timestamp`.
    """

    number: int
    epoch: str | None = None
    tag: str | None = None


#: A cursor that no history holds: what a client sends that is none.
MALFORMED = Cursor(0, "")


@dataclass(frozen=True, slots=True)
class Timeline:
    """The epochs of a database, oldest first, each with the number of the change before it."""

    spans: tuple[tuple[str, int], ...] = ()
    _position: dict[int, str] = field(default_factory=dict, compare=False, repr=False)

    def mark(self, number: int) -> str | int:
        """Return the cursor of a change; without epochs, it is the bare number.

        A cursor of a change before the oldest epoch, which began after a gap, is never valid.
        """
        if not self.spans:
            return number
        begun = (epoch for epoch, after in reversed(self.spans) if after <= number)
        return f"{number:0{_WIDTH}d}-{next(begun, self.spans[0][0])}"

    def position(self, number: int) -> str:
        """Return the cursor of the newest change, remembered for all reads before the next one;
        "" without epochs.
        """
        known = self._position.get(number)
        if known is None:
            self._position.clear()
            known = self._position[number] = str(self.mark(number)) if self.spans else ""
        return known

    def holds(self, cursor: Cursor) -> bool:
        """Return whether the cursor's change belongs to this history, if it names an epoch."""
        if cursor.epoch is None and cursor.tag is None:
            return True
        ends = [after for _, after in self.spans[1:]]
        for (epoch, after), end in zip(self.spans, [*ends, cursor.number], strict=False):
            if cursor.epoch == epoch or cursor.tag == _tag(epoch):
                return after <= cursor.number <= end
        return False


class Departures:
    """The last position of each channel that ended without a `phx_leave`.

    A client that joins again without a cursor does not ask for what it missed; only this memory
    tells that there was something.
    """

    def __init__(self, most: int = MOST_DEPARTURES) -> None:
        self._most = most
        self._left: dict[Whose, int] = {}

    def note(self, whose: Whose, number: int) -> None:
        """Remember up to which change the channel had been told.

        Of several connections that are known by the same, the one that had been told least counts.
        """
        before = self._left.pop(whose, number)
        self._left[whose] = min(before, number)
        if len(self._left) > self._most:
            del self._left[next(iter(self._left))]

    def take(self, whose: Whose) -> int | None:
        """Return the position of a client that has come back, and forget it."""
        return self._left.pop(whose, None)


def read_cursor(value: object) -> Cursor | None:
    """Return the cursor that a client sent as text or bare number; None if it is malformed."""
    if type(value) is int and value >= 0:
        return Cursor(value)
    if not isinstance(value, str):
        return None
    if (stamp := _STAMP.fullmatch(value)) is not None:
        tag = None if stamp["tag"] == _NO_TAG else stamp["tag"]
        return Cursor(int(stamp["number"]), tag=tag)
    digits, dash, epoch = value.partition("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20) or (dash and not epoch):
        return None
    return Cursor(int(digits), epoch or None)


def newest_cursor(values: Iterable[Any]) -> Cursor | None:
    """Return the newest of the cursors that a client sent, None if all are null.

    It is `MALFORMED` if any is: a position that cannot be read must not become a gap in silence.
    """
    read = [read_cursor(value) for value in values if value is not None]
    if any(cursor is None for cursor in read):
        return MALFORMED
    return max((one for one in read if one is not None), key=lambda one: one.number, default=None)


def stamped(committed_at: str, cursor: str | int) -> str:
    """Return a commit's time with the change's cursor as further digits of the fraction.

    Official clients pass `commit_timestamp` on unchanged, and drop every other field that could
    bear a cursor. The digits sort as text, and parsers of RFC 3339 cut them off.
    """
    digits, _, epoch = str(cursor).partition("-")
    found = _TIME.fullmatch(committed_at)
    if found is None:
        return committed_at
    return f"{found[1]}{int(digits):0{_WIDTH}d}{_tag(epoch) if epoch else _NO_TAG}{found[2]}"


@lru_cache(maxsize=64)
def _tag(epoch: str) -> str:
    number = int.from_bytes(sha256(epoch.encode()).digest()[:4]) % (10**_TAG_WIDTH - 1) + 1
    return f"{number:0{_TAG_WIDTH}d}"
