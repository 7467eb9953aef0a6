"""The thread of a call on SQLite, with a reading connection of its own.

In charge of that connection: opened when the call first reads, left at its end. Must not know what
runs in the thread, nor whose turn it is (`engines.calls`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import apsw

from jotbase.engines.calls.worker_thread import INSIST_EVERY, WorkerThread
from jotbase.engines.sqlite.database.sqlite_errors import is_broken


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
        """Leave abandoned code; the state that it reads would keep the log growing.

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
