"""The one engine protocol: open, read, write (a unit of work), changes after N, close.

In charge of what the rest of the program may ask of a database. Must not know any of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Sized
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Rows, Spooling, UnitOfWork
from jotbase.values import Change, never_disconnected

Result = TypeVar("Result")

#: For whom the engine is asked: no one caller's dear reads take all threads. "" is nobody's share.
CALLER: ContextVar[str] = ContextVar("caller", default="")


async def _at_once() -> None:
    """Wait for nothing."""


#: Waits until a large result may be made for the request that is being answered.
ROOM: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("room", default=_at_once)

#: Texts that are longer are read in a thread: a megabyte of CSV takes a tenth of a second.
LARGE = 65_536


#: The same of questions, which are thought about for longer: 6,000 characters take some 5 ms.
LONG_QUESTION = 6_000


async def aside(work: Callable[[], Result], text: Sized, most: int = LARGE) -> Result:
    """Do what reads a text: here and now, or in a thread, so that a long one holds nobody up."""
    return work() if len(text) <= most else await asyncio.to_thread(work)


class Session(Protocol):
    """A transaction from the inside, for code that is no generator; of one thread."""

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement with its bound values, and return all rows.

        Raises RequestError 25006 for a write in a session that only reads.
        """

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit of work; what it raises undoes the unit, and is raised here."""


class Engine(Protocol):
    """One database, open; all coroutines run on one event loop."""

    @property
    def dialect(self) -> Dialect:
        """How this database spells SQL."""

    async def open(self) -> None:
        """Open the database, making it if it does not exist. Raises ProjectError when it cannot."""

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        """Run one reading statement with its bound values, and return all rows.

        Never blocks the event loop, however slow. What is too large for memory is made as the
        `spooling` says, and a `SpooledBody` stands first in the only row then. Raises
        StatementTimeout, or RequestError for what the values made the database refuse.
        """

    def read_now(self, text: str, values: Sequence[Any]) -> Rows | None:
        """Run a reading statement here and now; None where it would have to wait, or be long."""

    async def read_internal(self, text: str, values: Sequence[Any]) -> Rows:
        """Run a reading statement of the backend's own; it never waits behind callers' reads."""

    def fault(self) -> str | None:
        """Say what keeps the database from being used as it should; None while all is well."""

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Drive a unit of work to its end; when this returns, its result is on disk.

        `work` may be called again from the start, so it must have no effect of its own. What the
        unit raises undoes the unit, and nothing but the unit, and is raised here. One that is not
        `timed`, such as an upgrade, may take as long as it takes; others raise StatementTimeout or
        TransactionTimeout.
        """

    async def call(
        self,
        work: Callable[[Session], Result],
        *,
        reads: bool,
        again: bool = True,
        gone: Callable[[], bool] = never_disconnected,
    ) -> Result:
        """Run `work` in a thread, as a transaction of its own that holds up nobody while it is
        between two statements; one that only `reads` sees one state of the database.

        When this returns, the result is on disk. What `work` raises undoes all that it did, and is
        raised here. Where others change what it had read before its first write, or the rows that
        it wrote, it is run `again` from its start, and at last refused (40001). Raises
        TransactionTimeout at the end of its time, whatever it does then, and JotError 53300 where
        too many calls run and wait. What nobody waits for any more (`gone`) is undone, or not
        begun.
        """

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        """Return committed changes with numbers above `after`, in order: `limit` of them at most,
        and fewer where they are large, but one if there is one.
        """

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return the (table, column) that each column of a view passes on; computed ones lack."""

    async def timeline(self) -> tuple[tuple[str, int], ...]:
        """Return the epochs of the log's numbers, oldest first, each with the number that it began
        after; none where none was begun.
        """

    async def last_change(self) -> tuple[int, int]:
        """Return the oldest number still in the log (0: none yet) and the newest."""

    def on_commit(self, bell: Callable[[], None]) -> None:
        """Ring `bell` on the event loop after each commit that may have logged changes,
        by this process or another; it carries no data, and rings may be merged.
        """

    async def prune(self, keep_rows: int, keep_seconds: float | None = None) -> int:
        """Take from the change log what is neither among the newest `keep_rows` nor young enough.

        Return how many changes went. Their numbers are never given again.
        """

    async def close(self) -> None:
        """Finish what is under way and close."""


def bind(fragment: Fragment, context: Any) -> list[Any]:
    """Return the fragment's values with its slots (objects with `fill`) filled from the context."""
    return [value.fill(context) if hasattr(value, "fill") else value for value in fragment.params]
