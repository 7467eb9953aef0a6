"""Lanes: threads for reads, each with a connection of its own, and their fair scheduling.

In charge of never giving all lanes of a kind to one caller, of reopening a lane after a failure,
and of closing within seconds. Must not know the cost (`costs`) or meaning of a statement.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections import Counter, deque
from collections.abc import Callable
from time import thread_time
from typing import Any, TypeVar

import apsw

from jotbase.engines.base import CALLER
from jotbase.engines.calls.worker_thread import WorkerThread, stop_after
from jotbase.engines.engine_errors import closed, out_of_resources
from jotbase.engines.sqlite.database.code_calls import run
from jotbase.engines.sqlite.database.sqlite_errors import is_broken
from jotbase.errors import StatementTimeout
from jotbase.sql.units import Rows

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: How long `close` waits for a thread, in seconds, after interrupting its statement.
PATIENCE = 2.0


class Lane:
    """A thread with a connection of its own, opened on its first read."""

    def __init__(self, name: str, connect: Callable[[], apsw.Connection], *, nice: int) -> None:
        self._connect = connect
        self._connection: apsw.Connection | None = None
        self._nice = nice
        self._worker = WorkerThread(name)

    def run(self, work: Callable[[apsw.Connection], Result]) -> asyncio.Future[Result]:
        """Run the work on the lane's connection, which is reopened after a failure."""
        return self._worker.run(lambda: self._perform(work))

    def _perform(self, work: Callable[[apsw.Connection], Result]) -> Result:
        connection = self._connection
        if connection is None:
            self._give_way()
            connection = self._connection = self._connect()
        try:
            return work(connection)
        except apsw.Error as error:
            if is_broken(error):
                self._drop()
            raise

    def _give_way(self) -> None:
        """Lower the thread's priority below the event loop's (Linux has one for each thread)."""
        if self._nice and hasattr(os, "setpriority"):
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)

    def stop(self) -> None:
        """Interrupt the running statement, if any; to be called on the event loop."""
        connection = self._connection
        if connection is not None:
            # Closed by the lane's own thread meanwhile: then nothing runs on it.
            with contextlib.suppress(apsw.ConnectionClosedError):
                connection.interrupt()

    async def close(self) -> None:
        """Close connection and thread; a thread that does not end in time is abandoned."""
        job = self._worker.run(self._drop)
        self._worker.stop()
        stop_after(job, 0, self.stop)
        await asyncio.wait([job], timeout=PATIENCE)
        if not job.done():
            log.warning("a read was left running: it could not be stopped")


class Lanes:
    """At most `most` lanes of one kind; one caller gets at most all but `spared`.

    Waiting callers are served by the fewest lanes held, then in order of arrival.
    """

    def __init__(
        self,
        name: str,
        most: int,
        connect: Callable[[], apsw.Connection],
        *,
        limit_ms: int,
        spared: int = 0,
        nice: int = 0,
    ) -> None:
        self._name = name
        self._most = most
        self._share = most - spared
        self._connect = connect
        self._limit_ms = limit_ms
        self._nice = nice
        self._free: list[Lane] = []
        self._taken: dict[Lane, str] = {}
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[Lane]]] = {}
        self._made = 0
        self._closed = False

    async def run(
        self, work: Callable[[apsw.Connection], Result], seconds: float | None = None
    ) -> Result:
        """Run the work in the next free lane, for at most `seconds`; cancelling interrupts it.

        Raises StatementTimeout where no lane gets free, 53000 where none can be made, and what the
        work raises.
        """
        lane = await self._turn()
        try:
            job = lane.run(work)
        except BaseException:
            self._give_back(lane)
            raise
        if seconds is not None:
            stop_after(job, seconds, lane.stop)
        job.add_done_callback(lambda _: self._give_back(lane))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            stop_after(job, 0, lane.stop)
            # The outcome is not awaited any more; retrieved, so that asyncio does not report it.
            job.add_done_callback(_seen)
            raise

    async def _turn(self) -> Lane:
        """Wait for a free lane, at most for the time limit of a statement."""
        if self._closed:
            raise closed()
        caller = CALLER.get()
        if self._may(caller) and (lane := self._take(caller)) is not None:
            return lane
        ticket: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(ticket)
        try:
            async with asyncio.timeout(self._limit_ms / 1000):
                return await ticket
        except TimeoutError as error:
            raise StatementTimeout(self._limit_ms) from error
        finally:
            self._forget(caller, ticket)

    def _forget(self, caller: str, ticket: asyncio.Future[Lane]) -> None:
        """Remove a ticket; a lane that was assigned to it meanwhile goes to the next one."""
        queue = self._waiting.get(caller)
        if queue is not None and ticket in queue:
            queue.remove(ticket)
            if not queue:
                del self._waiting[caller]
        task = asyncio.current_task()
        served = ticket.done() and not ticket.cancelled() and ticket.exception() is None
        if served and task is not None and task.cancelling():
            self._give_back(ticket.result())

    def _may(self, caller: str) -> bool:
        return not caller or self._held[caller] < self._share

    def _take(self, caller: str) -> Lane | None:
        if self._free:
            lane = self._free.pop()
        elif self._made < self._most:
            lane = self._make()
        else:
            return None
        self._hold(lane, caller)
        return lane

    def _hold(self, lane: Lane, caller: str) -> None:
        self._taken[lane] = caller
        self._held[caller] += 1

    def _make(self) -> Lane:
        try:
            lane = Lane(f"{self._name}-{self._made + 1}", self._connect, nice=self._nice)
        except RuntimeError as error:  # no thread to be had
            raise out_of_resources("thread") from error
        self._made += 1
        return lane

    def _give_back(self, lane: Lane) -> None:
        caller = self._taken.pop(lane)
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self._free.append(lane)
        self._serve()

    def _serve(self) -> None:
        while self._free:
            served = [caller for caller in self._waiting if self._may(caller)]
            if not served:
                return
            caller = min(served, key=lambda one: self._held[one])
            queue = self._waiting.pop(caller)
            ticket = queue.popleft()
            if queue:
                self._waiting[caller] = queue  # behind the others from now on
            if ticket.done():
                continue
            lane = self._free.pop()
            self._hold(lane, caller)
            ticket.set_result(lane)

    async def close(self) -> None:
        """Refuse waiting reads, interrupt running ones, and close all lanes."""
        self._closed = True
        for queue in tuple(self._waiting.values()):
            for ticket in queue:
                if not ticket.done():
                    ticket.set_exception(closed())
        self._waiting.clear()
        await asyncio.gather(*(lane.close() for lane in (*self._free, *self._taken)))


def _seen(job: asyncio.Future[Any]) -> None:
    if not job.cancelled():
        job.exception()


#: A statement's rows, and the processor time that they took.
Timed = Callable[[apsw.Connection], tuple[Rows, float]]


def timed(text: str, values: Any) -> Timed:
    """Return the work that runs a statement: (rows, processor time in seconds)."""

    def work(connection: apsw.Connection) -> tuple[Rows, float]:
        start = thread_time()
        rows = run(connection.cursor(), text, values)
        return rows, thread_time() - start

    return work
