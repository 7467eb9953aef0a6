"""The pool of threads for calls, each with a connection of its own, and its fair scheduling.

In charge of the limits of running and waiting calls, of never giving all threads to one caller, and
of dropping calls whose client has disconnected. Must not know what runs there.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apsw

from jotbase.engines.base import CALLER
from jotbase.engines.sqlite.database.refusals import closed, is_broken, out_of_resources
from jotbase.engines.sqlite.database.worker_thread import INSIST_EVERY, WorkerThread
from jotbase.engines.sqlite.write.call_deadline import caller_gone
from jotbase.errors import too_many_calls


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The most concurrent calls, and the most that wait for a thread."""

    threads: int = 16
    waiting: int = 256


class CallThread:
    """A thread with a reading connection of its own, opened when a call first reads."""

    def __init__(self, number: int, connect: Callable[[], apsw.Connection], lock_ms: int) -> None:
        self.worker = WorkerThread(f"jotbase-call-{number}")
        self._connect = connect
        self._lock_ms = lock_ms
        self._connection: apsw.Connection | None = None
        self.using = threading.Lock()

    def open(self) -> apsw.Connection:
        """Return the connection."""
        if self._connection is None:
            self._connection = self._connect()
            self._connection.set_busy_timeout(self._lock_ms)
        return self._connection

    def version(self) -> int:
        """Return a number that changes with every commit on another connection."""
        found: Any = self.open().execute("PRAGMA data_version").fetchall()[0][0]
        return int(found)

    def leave(self, error: BaseException | None = None) -> None:
        """End the read transaction; drop the connection after an error."""
        if self._connection is None:
            return
        cause = error.__cause__ if error is not None else None
        if isinstance(cause, apsw.Error) and is_broken(cause):
            self._close()
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def abandon(self, job: asyncio.Future[Any]) -> None:
        """Leave code that nobody waits for; the state that it reads would keep the log growing.

        It may be in the middle of a statement, which is being stopped. Call it from the loop.
        """
        if job.done():
            return
        if not self.using.acquire(blocking=False):
            asyncio.get_running_loop().call_later(INSIST_EVERY, self.abandon, job)
            return
        try:
            self.leave()
        finally:
            self.using.release()

    async def close(self) -> None:
        """Close connection and thread."""
        await self.worker.run(self._close)
        self.worker.stop()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)


@dataclass(eq=False, slots=True)
class _Ticket:
    caller: str
    gone: Callable[[], bool]
    thread: asyncio.Future[CallThread]


class CallThreadPool:
    """All threads for calls of one database. A call waits at most `seconds` for one."""

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        places: CallLimits,
        *,
        lock_ms: int,
        seconds: float,
    ) -> None:
        self._connect = connect
        self._places = places
        self._lock_ms = lock_ms
        self._seconds = seconds
        self._made = 0
        self._free: list[CallThread] = []
        self._taken: dict[CallThread, str] = {}
        self._held: Counter[str] = Counter()
        self._tickets: list[_Ticket] = []
        self._closed = False

    async def take(self, gone: Callable[[], bool]) -> CallThread:
        """Wait for a thread. Raises JotError 53300 if too many calls wait, or for too long."""
        if self._closed:
            raise closed()
        ticket = _Ticket(CALLER.get(), gone, asyncio.get_running_loop().create_future())
        self._tickets.append(ticket)
        self._serve()
        if not ticket.thread.done() and not self._may_wait(ticket.caller):
            self._tickets.remove(ticket)
            raise too_many_calls()
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(ticket.thread)
        except TimeoutError as error:
            self._forget(ticket)
            raise too_many_calls() from error
        except asyncio.CancelledError:
            self._forget(ticket)
            raise

    def _may_wait(self, caller: str) -> bool:
        """Return whether one more call may wait, after dropping those of disconnected clients."""
        for ticket in [one for one in self._tickets if one.gone()]:
            self._tickets.remove(ticket)
            ticket.thread.set_exception(caller_gone())
        mine = sum(one.caller == caller for one in self._tickets)
        return len(self._tickets) <= self._places.waiting and (
            not caller or mine <= _share(self._places.waiting)
        )

    def _forget(self, ticket: _Ticket) -> None:
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        elif (
            ticket.thread.done() and not ticket.thread.cancelled() and not ticket.thread.exception()
        ):
            self.give_back(ticket.thread.result())

    def _serve(self) -> None:
        """Assign free threads to the waiting callers with the fewest, in order of arrival."""
        while self._tickets and (self._free or self._made < self._places.threads):
            share = _share(self._places.threads)
            able = [t for t in self._tickets if not t.caller or self._held[t.caller] < share]
            if not able:
                return
            ticket = min(able, key=lambda one: self._held[one.caller])
            self._tickets.remove(ticket)
            if ticket.gone():
                ticket.thread.set_exception(caller_gone())
                continue
            try:
                thread = self._free.pop() if self._free else self._make()
            except RuntimeError:  # no thread to be had
                ticket.thread.set_exception(out_of_resources("thread"))
                continue
            self._taken[thread] = ticket.caller
            self._held[ticket.caller] += 1
            ticket.thread.set_result(thread)

    def _make(self) -> CallThread:
        thread = CallThread(self._made + 1, self._connect, self._lock_ms)
        self._made += 1
        return thread

    def give_back(self, thread: CallThread) -> None:
        """Return a thread to the pool."""
        caller = self._taken.pop(thread)
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self._free.append(thread)
        if not self._closed:
            self._serve()

    async def close(self) -> None:
        """Refuse waiting calls and close idle threads; a running one is abandoned."""
        self._closed = True
        for ticket in self._tickets:
            ticket.thread.set_exception(closed())
        self._tickets.clear()
        for thread in self._free:
            await thread.close()
        self._free.clear()


def _share(most: int) -> int:
    """Return how many one caller may have: three quarters of `most`."""
    return most - most // 4
