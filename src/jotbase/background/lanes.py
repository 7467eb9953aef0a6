"""A lane: tasks that run one after another in a thread of their own, under a time limit each.

In charge of what came of them: which are done, which failed and why, and of leaving code behind
that does not come to its end. Must not know where tasks are kept, nor when a failed one runs again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from time import monotonic
from typing import Protocol

from jotbase.tasks.units import Task

#: After this many seconds what is done is noted, while the rest of the lane goes on: what a crash
#: runs again.
NOTE_EVERY = 1.0


class CodeThreads(Protocol):
    """A bounded pool of threads for the project's code."""

    def submit(self, call: Callable[[], None]) -> Future[None]:
        """Run the call in a thread, as soon as one is free."""

    def leave(self, running: Future[None]) -> None:
        """Wait no longer for a call, and let another have its thread's place."""


class Lane:
    """Tasks of one kind on their way through a thread; `may_go_on` is asked before each."""

    def __init__(
        self,
        tasks: Sequence[Task],
        code: Callable[[Task], None],
        may_go_on: Callable[[], bool],
    ) -> None:
        self._tasks = tasks
        self._code = code
        self._may_go_on = may_go_on
        self._done: list[Task] = []
        self._noted = 0
        self._since: float | None = None
        self._left = False

    async def run(
        self,
        threads: CodeThreads,
        seconds: float,
        note: Callable[[Sequence[Task]], Awaitable[None]],
    ) -> tuple[Sequence[Task], Task | None, str]:
        """Run the tasks until one fails or takes longer than that; return those that are done and
        not given to `note` yet, the one that failed, and why.
        """
        future = threads.submit(self._run_all)
        running = asyncio.wrap_future(future)
        while not running.done():
            left = NOTE_EVERY if self._since is None else self._since + seconds - monotonic()
            if left <= 0:
                self._left = True
                threads.leave(future)
                running.add_done_callback(_forget)
                return self._ended(f"it took longer than {seconds:g} s")
            await asyncio.wait([running], timeout=min(left, NOTE_EVERY))
            if not running.done() and (done := self._unnoted()):
                await note(done)
                self._noted += len(done)
        error = running.exception()
        return self._ended("" if error is None else f"{type(error).__name__}: {error}")

    def _run_all(self) -> None:
        for one in self._tasks:
            if self._left or not self._may_go_on():
                return
            self._since = monotonic()
            self._code(one)
            self._done.append(one)

    def _unnoted(self) -> Sequence[Task]:
        return self._done[self._noted :]

    def _ended(self, reason: str) -> tuple[Sequence[Task], Task | None, str]:
        done = self._unnoted()
        behind = self._tasks[self._noted + len(done) :]
        return done, behind[0] if reason and behind else None, reason


def _forget(running: asyncio.Future[None]) -> None:
    if not running.cancelled():
        running.exception()
