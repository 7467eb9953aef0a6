"""Threads for background work: bounded, and none is lost to code that does not come back.

In charge of leaving code behind: of trying to end it, and of another thread in its place. Must not
know what runs, nor how long it may.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from jotbase.engines.calls.code_ending import ENDING, end_code, run_unforked
from jotbase.functions.hosting.wsgi_threads import Threads


class TaskThreads:
    """At most `most` threads, and as many again whose code was left behind."""

    def __init__(self, name: str, most: int) -> None:
        self._threads = Threads(name, most)
        self._most = most
        self._lock = threading.Lock()
        self._left: set[Future[None]] = set()
        self._running: dict[Future[None], _Run] = {}

    def submit(self, call: Callable[[], None]) -> Future[None]:
        """Run the call in a thread, as soon as one is free."""
        run = _Run(call)
        future = self._threads.submit(run)
        self._running[future] = run
        future.add_done_callback(self._came_to_its_end)
        return future

    def leave(self, running: Future[None]) -> None:
        """Try to end a call, and let another have its thread's place while there may be more."""
        run = self._running.get(running)
        if run is None or run.thread is None:
            return
        with self._lock:
            replaced = not running.done() and len(self._left) < self._most
            if replaced:
                self._left.add(running)
        if replaced:
            self._threads.allow(1)
        end_code(run.thread, lambda: run.is_over)

    def close(self) -> None:
        """Let the threads end after what they do."""
        self._threads.shutdown()

    def _came_to_its_end(self, future: Future[None]) -> None:
        del self._running[future]
        with self._lock:
            replaced = future in self._left
            self._left.discard(future)
        if replaced:
            self._threads.allow(-1)


class _Run:
    """One call, and the thread that is at it; over before that thread begins another."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self.thread: threading.Thread | None = None
        self.is_over = False

    def __call__(self) -> None:
        self.thread = threading.current_thread()
        try:
            run_unforked(self._call)
        finally:
            with ENDING:
                self.is_over = True
