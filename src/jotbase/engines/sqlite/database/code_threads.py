"""Project code called in the middle of a statement, in threads that a statement can abandon.

In charge of such code never keeping a statement, and with it a connection or the writer, beyond its
time: Python ends no thread, so the statement goes on without it. Must not know what the code does.
Why it is done so: docs/decisions/0081-a-statement-leaves-code-behind.md.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from jotbase.engines.calls.code_ending import LeftBehind, end_code, run_unforked
from jotbase.engines.engine_errors import out_of_resources
from jotbase.errors import too_many_calls
from jotbase.sql.units import Rows

#: Runs a statement on the connection that asks.
Read = Callable[[str, Sequence[Any]], Rows]
#: Returns what ends code that has run for so many seconds; None while it may go on.
Ending = Callable[[float], Exception | None]

#: How often code that runs on is looked at (seconds). A short lane's statement is stopped sooner,
#: and begun again: code that is done within the first look is not run twice for that.
LOOK = 0.25


class _CodeThread:
    """One thread. The statement's thread waits for what it has found, or wants to have read."""

    def __init__(self, name: str) -> None:
        self.left = False
        self._code: Callable[[Read], Any] | None = None
        self._request: tuple[str, Sequence[Any]] | None = None
        self._number = 0
        self._turn = threading.Lock()
        self._found: Any = None
        self._error: BaseException | None = None
        self._go, self._news, self._answer = allocate_lock(), allocate_lock(), allocate_lock()
        for lock in (self._go, self._news, self._answer):
            lock.acquire()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive()

    # In the statement's thread.

    def perform(self, code: Callable[[Read], Any], read: Read, end: Ending) -> Any:
        """Return the code's result; raises its exception, or the one that ended it."""
        self._code = code
        self._go.release()
        self._wait(end)
        while (request := self._request) is not None:
            self._request = None
            try:
                self._found, self._error = read(*request), None
            except BaseException as failed:  # noqa: BLE001 - it is the code's, and raised there
                self._error = failed
            self._answer.release()
            self._wait(end)
        found, error, self._found, self._error = self._found, self._error, None, None
        if error is not None:
            raise error
        return found

    def _wait(self, end: Ending) -> None:
        if self._news.acquire(timeout=LOOK):
            return
        since = perf_counter() - LOOK
        while (error := end(perf_counter() - since)) is None:
            if self._news.acquire(timeout=LOOK):
                return
        self.leave()
        raise error

    def leave(self) -> None:
        """Abandon the thread; it ends when its code returns."""
        self.left = True
        self._go.release()
        self._answer.release()
        end_code(self._thread, lambda: self.is_over)

    # In the thread itself, or in one that its code has started.

    def _read(self, number: int, text: str, values: Sequence[Any]) -> Rows:
        with self._turn:
            self._check(number)
            self._request = (text, values)
            self._news.release()
            self._answer.acquire()
            self._check(number)
            found, error, self._found, self._error = self._found, self._error, None, None
        if error is not None:
            raise error
        rows: Rows = found
        return rows

    def _check(self, number: int) -> None:
        if self.left or number != self._number:
            raise LeftBehind("the statement has gone on without this code")

    def _work(self) -> None:
        try:
            while True:
                self._go.acquire()
                code, self._code = self._code, None
                if self.left or code is None:
                    return
                self._perform(code)
        except LeftBehind:
            return

    def _perform(self, code: Callable[[Read], Any]) -> None:
        found, failed, read = None, None, partial(self._read, self._number)
        try:
            found = run_unforked(lambda: code(read))
        except BaseException as error:  # noqa: BLE001 - raised again in the statement's thread
            failed = error
        with self._turn:
            self._number += 1
            if not self.left:
                self._found, self._error = found, failed
                self._news.release()


class CodeThreads:
    """The threads of one database's statements; at most `most` of them may be left behind.

    Of those a function has three quarters at most: it is not asked again until one ends.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: list[_CodeThread] = []
        self._left: list[tuple[str, _CodeThread]] = []
        self._made = 0
        self._closed = False

    def perform(self, name: str, code: Callable[[Read], Any], read: Read, end: Ending) -> Any:
        """Run the code, which is of the function of that name, for as long as `end` lets it.

        Raises JotError 53300 where too many were left behind, and what the code raises.
        """
        if self._left:
            self._count(name)
        try:
            thread = self._idle.pop()
        except IndexError:
            thread = self._make()
        try:
            return thread.perform(code, read, end)
        finally:
            if thread.left:
                self._left.append((name, thread))
            elif self._closed:
                thread.leave()
            else:
                self._idle.append(thread)

    def _count(self, name: str) -> None:
        self._left = [(of, thread) for of, thread in self._left if not thread.is_over]
        of_it = sum(of == name for of, _ in self._left)
        if len(self._left) >= self._most or of_it >= self._most - self._most // 4:
            raise too_many_calls()

    def _make(self) -> _CodeThread:
        self._made += 1
        try:
            return _CodeThread(f"jotbase-code-{self._made}")
        except RuntimeError as error:  # no thread to be had
            raise out_of_resources("thread") from error

    def close(self) -> None:
        """End the idle threads."""
        self._closed = True
        while self._idle:
            self._idle.pop().leave()
