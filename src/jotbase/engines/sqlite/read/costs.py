"""What statements have cost so far, by their text: which may run on the event loop.

In charge of remembering, and of the budget of a statement on the loop. Must not know what a
statement means, and runs none but the one that asks SQLite for its program.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from time import perf_counter, thread_time
from typing import Any

import apsw

#: How long one statement may hold the event loop, in seconds.
BUDGET = 0.002
#: How much longer it may take by the clock, where the processor was others' meanwhile.
STRETCH = 4
#: How many steps of SQLite's machine lie between two looks at the clock: some 20 to 50 µs.
STEPS = 1000
#: How many cheap runs in a thread a statement owes after it was found dear.
PROBATION = 16
#: How many it owes if it came to its end: it may be that the processor was others' for a while.
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
        """Say whether the statement belongs in a thread, for what is known of it."""
        key = hash(text)
        if key in self._owing and (key, _size(values)) in self._owed:
            return True
        return any(name in text for name in self._with_connection)

    def is_new(self, text: str) -> bool:
        """Say whether the text was never asked for, and remember it."""
        key = hash(text)
        if key in self._seen:
            return False
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen.add(key)
        return True

    def dear(self, text: str, values: Sequence[Any], runs: int = PROBATION) -> None:
        """Send the statement to a thread for so many cheap runs."""
        if len(self._owed) >= _MOST:
            self._owed.clear()
            self._owing.clear()
        self._owed[hash(text), _size(values)] = runs
        self._owing.add(hash(text))

    def is_suspect(self, text: str) -> bool:
        """Say whether the text came to its end too late when it last ran on the loop."""
        return hash(text) in self.suspects

    def suspect(self, text: str) -> None:
        """Have the processor time of the text's next run on the loop looked at."""
        if len(self.suspects) >= _MOST:
            self.suspects.clear()
        self.suspects.add(hash(text))

    def clear_of_suspicion(self, text: str) -> None:
        """Look no more: it was others' work that took the time."""
        self.suspects.discard(hash(text))

    def is_long(self, text: str, values: Sequence[Any]) -> bool:
        """Say whether the statement was stopped in a short lane, and has not been short since."""
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
        """Count a run in a thread, of so much processor time: a cheap one pays, a dear one owes."""
        if seconds > BUDGET / 2:
            self.dear(text, values)
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
        """Watch over what runs on the loop from now on."""
        self._connection.set_progress_handler(self._over, STEPS)

    def disarm(self) -> None:
        """Watch no more: a thread's statement is stopped by `interrupt`, without taking the
        interpreter's lock every 1000 steps.
        """
        self._connection.set_progress_handler(None)

    def start(self) -> float:
        """Begin a statement's time; return when it began."""
        now = self._start = perf_counter()
        self._end = now + BUDGET
        self._used = None
        return now

    def stop(self) -> None:
        """End a statement's time: what is no statement of a caller's (COMMIT) is never stopped."""
        self._end = math.inf

    def _over(self) -> bool:
        """Say whether the time is over: the processor's, which is looked at first after 1000 steps
        since it takes half a microsecond; by the clock at most four times as much, for what waits.
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
    """Say whether the statement counts a whole table in one step (SQLite's opcode Count).

    Nothing looks at the clock within a step, so such a statement must prove itself in a thread.
    """
    try:
        program = cursor.execute("EXPLAIN " + text, values).fetchall()
    except apsw.Error:  # what is wrong with it shows when it runs
        return False
    return any(row[1] == "Count" for row in program)
