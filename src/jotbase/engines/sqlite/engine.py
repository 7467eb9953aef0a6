"""The SQLite engine: opens its parts and delegates each method of the protocol to one of them.

In charge of the order of opening and closing. Must not know how the parts work.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TypeVar

from jotbase.engines.base import Session, last_to_prune
from jotbase.engines.calls.call_threads import CallLimits
from jotbase.engines.spool import MOST
from jotbase.engines.sqlite.database.code_threads import CodeThreads
from jotbase.engines.sqlite.database.connection import ConnectionFactory, first_connection
from jotbase.engines.sqlite.database.files import FileWatch
from jotbase.engines.sqlite.database.sqlite_errors import ConstraintName
from jotbase.engines.sqlite.log.change_log import ChangeLog, Decode, decode_plain
from jotbase.engines.sqlite.log.pruning import prune
from jotbase.engines.sqlite.read.reader import Reader
from jotbase.engines.sqlite.write.call_runner import CallRunner
from jotbase.engines.sqlite.write.write_transactions import WriteTransactions
from jotbase.engines.sqlite.write.writer import Writer
from jotbase.errors import JotError
from jotbase.sql.aggregate import Aggregate
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import Rows, Spooling, UnitOfWork
from jotbase.values import Change, never_disconnected, never_ended

Result = TypeVar("Result")

MEMORY = ":memory:"


def _unnamed(
    kind: Literal["unique", "foreign"], table: str, columns: tuple[str, ...]
) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """What an engine is given besides its path.

    `functions` are by SQL name (`jot_ilike`) and must be pure; those of `connection_functions` are
    first given what runs a statement, and may read. `decode` makes a row of a table's JSON in the
    change log. `constraint` names keys; without it they bear PostgreSQL's default names. A
    statement may take `statement_timeout` ms, and wait `lock_timeout` ms for a lock of another
    process; a unit of work may take `unit_timeout` ms. `calls` says how many calls run and wait.
    An answer has `max_answer` bytes at most. `image` (what `SqliteEngine.image` gave) fills a
    database that is new.
    """

    functions: Mapping[str, Callable[..., Any] | Aggregate] = field(default_factory=dict)
    connection_functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    decode: Decode = decode_plain
    constraint: ConstraintName = _unnamed
    statement_timeout: int = 8000
    unit_timeout: int = 20_000
    lock_timeout: int = 5000
    calls: CallLimits = field(default_factory=CallLimits)
    image: bytes | None = None
    max_answer: int = MOST


class SqliteEngine:
    """One SQLite database (`jotbase.engines.base.Engine`). Call `open` first, on the event loop.

    The path `:memory:` stands for a fresh database that is gone after `close`: a temporary file,
    since only a file has WAL mode and with it everything that is promised here.
    """

    def __init__(self, path: str, options: SqliteOptions | None = None) -> None:
        self._path = path
        self._options = options or SqliteOptions()
        self._folder: str | None = None
        self._open = False

    @property
    def dialect(self) -> Dialect:
        """How this database spells SQL."""
        return SQLITE

    async def open(self) -> None:
        """Open the database, making it if it does not exist. Raises ProjectError when it cannot."""
        options = self._options
        self._code = CodeThreads(options.calls.threads)
        place = self._place()
        connection = first_connection(place, options.image)
        self._watch = watch = FileWatch(place.path)
        self._transactions = WriteTransactions(
            lambda: place.connect(reader=False),
            watch,
            lock_ms=options.lock_timeout,
            limit_ms=options.statement_timeout,
        )
        self._reader, self._own = (
            Reader(
                lambda: place.connect(reader=True),
                limit_ms=options.statement_timeout,
                lock_ms=options.lock_timeout,
                connection_functions=options.connection_functions,
                plain=plain,
                max_answer=options.max_answer,
            )
            for plain in (True, False)
        )
        self._log = ChangeLog(self._own, options.decode, watch)
        self._writer = Writer(
            connection,
            limit_ms=options.statement_timeout,
            unit_ms=options.unit_timeout,
            transactions=self._transactions,
            name=options.constraint,
            committed=self._log.committed,
            connection_functions=options.connection_functions,
        )
        self._calling = CallRunner(
            lambda: place.connect(reader=True),
            self._writer,
            options.calls,
            limit_ms=options.statement_timeout,
            unit_ms=options.unit_timeout,
            lock_ms=options.lock_timeout,
            name=options.constraint,
        )
        self._open = True

    def _place(self) -> ConnectionFactory:
        options = self._options
        return ConnectionFactory(
            self._file(),
            options.functions,
            options.connection_functions,
            durable=self._folder is None,
            code=self._code,
            lock_ms=options.lock_timeout,
        )

    def _file(self) -> str:
        if self._path != MEMORY:
            return self._path
        memory = "/dev/shm"  # noqa: S108 - a private folder is made in it
        place = memory if Path(memory).is_dir() else None
        self._folder = tempfile.mkdtemp(prefix="jotbase-", dir=place)
        return str(Path(self._folder) / "jotbase.db")

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        """Run one reading statement; see `Engine.read`."""
        return await self._reader.read(text, values, spooling)

    def read_now(self, text: str, values: Sequence[Any]) -> Rows | None:
        """Run one reading statement on the loop; see `Engine.read_now`."""
        return self._reader.inline(text, values)

    async def read_internal(self, text: str, values: Sequence[Any]) -> Rows:
        """Run a statement of the backend's own; see `Engine.read_internal`."""
        return await self._own.read(text, values)

    def unavailable_reason(self) -> str | None:
        """Say what keeps the database from being used; see `Engine.unavailable_reason`."""
        return self._transactions.unavailable_reason()

    async def write(self, work: Callable[[], UnitOfWork[Result]], *, timed: bool = True) -> Result:
        """Drive a unit of work to its end; see `Engine.write`."""
        return await self._writer.write(work, timed=timed)

    async def call(
        self,
        work: Callable[[Session], Result],
        *,
        reads: bool,
        again: bool = True,
        gone: Callable[[], bool] = never_disconnected,
        ending: Callable[[], JotError | None] = never_ended,
    ) -> Result:
        """Run work in a transaction of its own; see `Engine.call`."""
        return await self._calling.call(work, reads=reads, again=again, gone=gone, ending=ending)

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        """Return the committed changes with numbers above `after`, in order."""
        return await self._log.after(after, limit)

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        """Return what a view's columns pass on; see `Engine.origins`."""
        return await self._reader.origins(view)

    async def timeline(self) -> tuple[tuple[str, int], ...]:
        """Return the epochs of the log's numbers; see `Engine.timeline`."""
        return self._log.timeline()

    async def last_change(self) -> tuple[int, int]:
        """Return the oldest number still in the log (0: it is empty) and the newest ever given."""
        return await self._log.ends()

    def on_commit(self, bell: Callable[[], None]) -> None:
        """Ring `bell` on the event loop after commits that logged changes, whoever made them."""
        self._log.on_commit(bell)

    async def prune(
        self, keep_rows: int, keep_seconds: float | None = None, untold: int | None = None
    ) -> int:
        """Take old changes from the log, in bites; see `Engine.prune`."""
        before = ""
        if keep_seconds is not None:
            before = (datetime.now(UTC) - timedelta(seconds=keep_seconds)).isoformat()
        _, newest = await self._log.ends()
        last, pruned = last_to_prune(newest, keep_rows, untold), 0
        while True:
            began = perf_counter()
            some, left = await self.write(lambda: prune(last, before))
            pruned += some
            if not left:
                return pruned
            # As long as a slice took, writers have the database for themselves.
            await asyncio.sleep(perf_counter() - began)

    async def image(self) -> bytes:
        """Return the whole database as bytes, for `SqliteOptions.image`; meant for small ones."""
        return await self._reader.image()

    async def close(self) -> None:
        """Finish what is under way and close; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        self._log.close()
        await self._calling.close()
        await asyncio.gather(self._reader.close(), self._own.close())
        await self._writer.close()
        self._code.close()
        self._watch.close()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder)
