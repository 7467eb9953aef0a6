"""The measured costs of statements by their text: which ones may run on the event loop.

In charge of these statistics, and of the time limit of a statement on the loop. Must not know what
a statement means, and runs none but EXPLAIN.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from time import perf_counter, thread_time
from typing import Any

import apsw

#: The time limit of one statement on the event loop, in seconds of processor time.
BUDGET = 0.002
#: How many times that it may take in wall-clock time, for when the processor is busy otherwise.
STRETCH = 4
#: Steps of SQLite's virtual machine between two checks of the time: some 20 to 50 µs.
STEPS = 1000
#: How many cheap runs in a thread an expensive statement needs before it may run on the loop again.
PROBATION = 16
#: How many it needs if it did finish: the processor may have been busy otherwise.
DOUBT = 1
_MOST = 4096


class StatementCosts:
    """What each statement owes: 0 runs on the loop, more in a thread, until paid.

    A statement is its text and the size of its longest text value, to a factor of four: inserting
    one row and inserting ten thousand are one text. Of a text, which may be long, only the hash is
    kept: two that share one share what they owe, which harms neither. `_owing` are the texts that
    owe, or owed, in any size: most never did. `_long` are those that a short lane is not for, and
    `suspects` the texts that came to their end too late, it may be by no fault of theirs. Texts
    that name a function of `connection_functions` run the project's code, which is never the loop's
    to wait for.
    """

    def __init__(self, connection_functions: Iterable[str] = ()) -> None:
        self._with_connection = tuple(connection_functions)
        self._owed: dict[tuple[int, int], int] = {}
        self._owing: set[int] = set()
        self._seen: set[int] = set()
        self._long: set[tuple[int, int]] = set()
        self.suspects: set[int] = set()

    def is_expensive(self, text: str, values: Sequence[Any]) -> bool:
        """Return whether the statement must run in a thread, by its statistics."""
        key = hash(text)
        if key in self._owing and (key, _size(values)) in self._owed:
            return True
        return any(name in text for name in self._with_connection)

    def is_new(self, text: str) -> bool:
        """Return whether the text is seen for the first time, and remember it."""
        key = hash(text)
        if key in self._seen:
            return False
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen.add(key)
        return True

    def mark_expensive(self, text: str, values: Sequence[Any], runs: int = PROBATION) -> None:
        """Send the statement to a thread until it has had that many cheap runs."""
        if len(self._owed) >= _MOST:
            self._owed.clear()
            self._owing.clear()
        self._owed[hash(text), _size(values)] = runs
        self._owing.add(hash(text))

    def is_suspect(self, text: str) -> bool:
        """Return whether the text exceeded the limit when it last finished on the loop."""
        return hash(text) in self.suspects

    def suspect(self, text: str) -> None:
        """Measure the processor time of the text's next run on the loop."""
        if len(self.suspects) >= _MOST:
            self.suspects.clear()
        self.suspects.add(hash(text))

    def clear_of_suspicion(self, text: str) -> None:
        """Stop measuring: other work took the time."""
        self.suspects.discard(hash(text))

    def is_long(self, text: str, values: Sequence[Any]) -> bool:
        """Return whether the statement belongs in a long lane."""
        return bool(self._long) and (hash(text), _size(values)) in self._long

    def found_long(self, text: str, values: Sequence[Any]) -> None:
        """Send the statement to a long lane from now on."""
        if len(self._long) >= _MOST:
            self._long.clear()
        self._long.add((hash(text), _size(values)))

    def found_short(self, text: str, values: Sequence[Any]) -> None:
        """Let the statement run in a short lane again."""
        self._long.discard((hash(text), _size(values)))

    def ran_in_thread(self, text: str, values: Sequence[Any], seconds: float) -> None:
        """Record a run in a thread of `seconds` of processor time."""
        if seconds > BUDGET / 2:
            self.mark_expensive(text, values)
            return
        key = hash(text), _size(values)
        owed = self._owed.pop(key, 1)
        if owed > 1:
            self._owed[key] = owed - 1


def _size(values: Sequence[Any]) -> int:
    texts = [value for value in values if type(value) is str or type(value) is bytes]
    return max(map(len, texts), default=0).bit_length() // 2


class LoopTimeLimit:
    """Stops a connection's statement when its time on the event loop is over."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._end = math.inf
        self._start = 0.0
        self._used: float | None = None
        self.arm()

    def arm(self) -> None:
        """Enable the time limit for the statements of the loop."""
        self._connection.set_progress_handler(self._over, STEPS)

    def disarm(self) -> None:
        """Watch no more: a thread's statement is stopped by `interrupt`, without taking the
        interpreter's lock every 1000 steps.
        """
        self._connection.set_progress_handler(None)

    def start(self) -> float:
        """Start measuring a statement; return the start time."""
        now = self._start = perf_counter()
        self._end = now + BUDGET
        self._used = None
        return now

    def stop(self) -> None:
        """Stop measuring: statements other than callers' (COMMIT) are never interrupted."""
        self._end = math.inf

    def _over(self) -> bool:
        """Return whether the time is over: the processor's, which is looked at first after 1000
        steps since it takes half a microsecond; by the clock at most four times as much, for what
        waits.
        """
        if self._used is None:
            self._used = thread_time()
        now = perf_counter()
        if now <= self._end or self._end == math.inf:
            return False
        left = BUDGET - (thread_time() - self._used)
        if left <= 0 or now > self._start + STRETCH * BUDGET:
            return True
        self._end = now + left
        return False


def cannot_be_stopped(cursor: apsw.Cursor, text: str, values: Sequence[Any]) -> bool:
    """Return whether the statement counts a whole table in one step (SQLite's opcode Count).

    Nothing looks at the clock within a step, so such a statement must prove itself in a thread.
    """
    try:
        program = cursor.execute("EXPLAIN " + text, values).fetchall()
    except apsw.Error:  # what is wrong with it shows when it runs
        return False
    return any(row[1] == "Count" for row in program)
