"""The engine protocol: open, read, write (a unit of work), call, changes, close.

In charge of the interface between the program and a database. Must not know a particular database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Sized
from contextvars import ContextVar
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Protocol, TypeVar

from jotbase.errors import JotError
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Rows, Spooling, UnitOfWork
from jotbase.values import Change, never_disconnected, never_ended

Result = TypeVar("Result")

#: The caller of the current request, so that one caller's expensive reads do not take all threads;
#: "" for the server itself.
CALLER: ContextVar[str] = ContextVar("caller", default="")


class RequestId:
    """The name of a request in logs: what its client said, else made when it is first asked for."""

    __slots__ = ("_text",)

    def __init__(self, said: str) -> None:
        fits = said.isascii() and said.isprintable() and " " not in said
        self._text = said if fits and len(said) <= LONGEST_ID else ""

    def __str__(self) -> str:
        if not self._text:
            self._text = token_hex(8)
        return self._text


#: The longest id of a client's, in characters.
LONGEST_ID = 200

#: The request that the project's code runs for; "" outside of one.
REQUEST_ID: ContextVar[RequestId | str] = ContextVar("request_id", default="")


async def _at_once() -> None:
    """Return at once."""


#: Waits until a large result may be built for the current request.
ROOM: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("room", default=_at_once)


@dataclass(slots=True)
class ReplicaRead:
    """A read that a replica may answer: the `least` change that it must have seen, and the newest
    that it is known to have `seen`, None where the primary answered.
    """

    least: int = 0
    seen: int | None = None


#: Set by whoever takes an answer that may be behind, for the reads of the current request.
REPLICA: ContextVar[ReplicaRead | None] = ContextVar("replica", default=None)

#: Longer texts are parsed in a thread: a megabyte of CSV takes 0.1 s.
LARGE = 65_536


#: The same of questions, which are thought about for longer: 6,000 characters take some 5 ms.
LONG_QUESTION = 6_000


async def aside(work: Callable[[], Result], text: Sized, most: int = LARGE) -> Result:
    """Run the work on a text: at once, or in a thread if the text is longer than `LARGE`."""
    return work() if len(text) <= most else await asyncio.to_thread(work)


class Session(Protocol):
    """An open transaction for code that is no generator; for use in one thread."""

    def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run one statement with its bound values, and return all rows.

        Raises RequestError 25006 for a write in a session that only reads.
        """

    def run(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        """Drive a unit of work; an exception rolls the unit back and is raised here."""


class Engine(Protocol):
    """One database; all coroutines run on one event loop."""

    @property
    def dialect(self) -> Dialect:
        """The database's SQL dialect."""

    async def open(self) -> None:
        """Open the database, creating it if it does not exist. Raises ProjectError on failure."""

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        """Run one reading statement with its bound values, and return all rows.

        Never blocks the event loop, however slow. What is too large for memory is made as the
        `spooling` says, and a `SpooledBody` stands first in the only row then. Raises
        StatementTimeout, or RequestError for what the values made the database refuse.
        """

    def read_now(self, text: str, values: Sequence[Any]) -> Rows | None:
        """Run a reading statement on the event loop; None if it would have to wait or take long."""

    async def read_internal(self, text: str, values: Sequence[Any]) -> Rows:
        """Run a reading statement of the server itself; it never waits behind callers' reads."""

    def unavailable_reason(self) -> str | None:
        """Return why the database cannot be used at present, None if it can."""

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Drive a unit of work to its end; when this returns, its result is on disk.

        `work` may be called again from the start, so it must have no side effects. An exception of
        the unit rolls back this unit alone and is raised here. Without `timed`, as for a migration,
        there is no time limit; otherwise raises StatementTimeout or TransactionTimeout.
        """

    async def call(
        self,
        work: Callable[[Session], Result],
        *,
        reads: bool,
        again: bool = True,
        gone: Callable[[], bool] = never_disconnected,
        ending: Callable[[], JotError | None] = never_ended,
    ) -> Result:
        """Run `work` in a thread, as a transaction of its own that blocks no other while it is
        between two statements; one that only `reads` sees one state of the database.

        When this returns, the result is on disk. What `work` raises undoes all that it did, and is
        raised here. Where others change what it had read before its first write, or the rows that
        it wrote, it is run `again` from its start, and at last refused (40001). Raises
        TransactionTimeout at the end of its time, whatever it does then, and JotError 53300 where
        too many calls run and wait. A call whose client has disconnected (`gone`) is undone, or not
        begun; one that `ending` has an error for ends with it.
        """

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        """Return committed changes with numbers above `after`, in order: `limit` of them at most,
        and fewer where they are large, but one if there is one.
        """

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return (table, column) by view column, for the columns that the view passes on."""

    async def timeline(self) -> tuple[tuple[str, int], ...]:
        """Return the epochs of the log's numbers, oldest first, each with the number that it began
        after; none where none was begun.
        """

    async def last_change(self) -> tuple[int, int]:
        """Return (oldest number in the change log, newest number); oldest is 0 for an empty log."""

    def on_commit(self, bell: Callable[[], None]) -> None:
        """Call `bell` on the event loop after each commit that may have logged changes, by this
        process or another; several commits may be reported by one call.
        """

    async def prune(
        self, keep_rows: int, keep_seconds: float | None = None, untold: int | None = None
    ) -> int:
        """Delete changes from the log except the newest `keep_rows` and those of `keep_seconds`.

        Those after `untold` stay while they are among the newest twice `keep_rows`.
        Returns the number of deleted changes. Their numbers are never used again.
        """

    async def close(self) -> None:
        """Finish running operations and close."""


def last_to_prune(newest: int, keep_rows: int, untold: int | None) -> int:
    """Return the number up to which the log may go; see `Engine.prune`."""
    last = newest - keep_rows
    return last if untold is None else min(last, max(untold, last - keep_rows))


def bind(fragment: Fragment, context: Any) -> list[Any]:
    """Return the fragment's values with its slots (objects with `fill`) filled from the context."""
    return [value.fill(context) if hasattr(value, "fill") else value for value in fragment.params]
