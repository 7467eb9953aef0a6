"""A thread that runs jobs for the event loop, one after another.

In charge of passing jobs to the thread and their outcome back. Must not know the jobs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from jotbase.engines.calls.code_ending import run_unforked

T = TypeVar("T")

INSIST_EVERY = 0.01


class _Job(Generic[T]):
    """One running call; `claim` is taken by whoever delivers its outcome first."""

    __slots__ = ("call", "claim", "done", "error", "future", "result")

    def __init__(self, call: Callable[[], T], future: asyncio.Future[T]) -> None:
        self.call = call
        self.future = future
        self.done = threading.Lock()
        self.claim = threading.Lock()
        self.result: Any = None
        self.error: BaseException | None = None
        self.done.acquire()

    def perform(self) -> None:
        try:
            self.result = run_unforked(self.call)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error
        self.done.release()

    def settle(self) -> None:
        """Deliver the outcome, and keep nothing of it.

        The traceback of an error has this job in a frame: what the job keeps would be kept with it.
        """
        future, result, error = self.future, self.result, self.error
        del self.future, self.result, self.error, self.call
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def stop_after(job: asyncio.Future[Any], seconds: float, stop: Callable[[], None]) -> None:
    """Call `stop` after that many seconds, and repeatedly until the job has ended.

    SQLite ignores an interrupt that comes just before a statement begins.
    """
    loop = asyncio.get_running_loop()

    def insist() -> None:
        stop()
        timer[0] = loop.call_later(INSIST_EVERY, insist)

    timer = [loop.call_later(seconds, insist)]
    job.add_done_callback(lambda _: timer[0].cancel())


class WorkerThread:
    """One thread; `run` must be called on the event loop on which it was created."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._work, name=name, daemon=True)
        self.thread.start()

    def run(self, call: Callable[[], T], patience: float = 0.0) -> asyncio.Future[T]:
        """Run the call in the thread; its outcome arrives in the future.

        The loop itself waits for at most `patience` seconds, without the interpreter's lock. While
        it is busy, a thread gets that lock only after milliseconds, several times a job: for a job
        that takes less than a hand-over, waiting is the shorter way (docs/decisions/0010).
        """
        future: asyncio.Future[T] = self._loop.create_future()
        job = _Job(call, future)
        if not patience:
            job.claim.acquire()
            self._jobs.put(job)
        else:
            self._jobs.put(job)
            ended = job.done.acquire(timeout=patience)
            if ended or not job.claim.acquire(blocking=False):
                job.settle()
        return future

    def stop(self) -> None:
        """End the thread after its queued jobs; returns at once."""
        self._jobs.put(None)

    async def close(self) -> None:
        """End the thread after its queued jobs."""
        self.stop()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.perform()
            if not job.claim.acquire(blocking=False):
                self._tell(job)
            del job  # its result may be large, and the next job come in an hour

    def _tell(self, job: _Job[Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(job.settle)
        except RuntimeError:
            # The event loop was closed before the job ended: its outcome is dropped.
            return
