"""Reading the change log in order, and notifications of new commits.

In charge of reading "jotbase.changes" (created by `schema.ddl.changelog`) and of noticing commits
of this process and others. It has a reader of its own, so that callers' reads never delay it. Must
not know what a change means, or its subscribers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from jotbase.engines.sqlite.database.files import FileWatch
from jotbase.engines.sqlite.read.reader import Reader
from jotbase.engines.sqlite.write.logged import NEWEST
from jotbase.errors import JotError
from jotbase.values import Change, Row

log = logging.getLogger(__name__)

#: Decodes a row from (table name, JSON text) of the log.
Decode = Callable[[str, str], Row]

#: The interval of polling for commits of other processes, in seconds, while a bell is registered.
LOOK_EVERY = 0.1
#: How much of the log is read at a time, in characters; one change at least.
READ_AT_ONCE = 4 << 20

_AFTER = (
    'SELECT number, "table", kind, old, new, committed_at FROM "jotbase.changes"'
    " WHERE number > ? ORDER BY number LIMIT ?"
)
_TRANSACTIONS = (
    'SELECT "first", "last" FROM "jotbase.transactions"'
    ' WHERE "last" > ? AND "first" <= ? ORDER BY "last"'
)
_HAS_EPOCHS = "SELECT 1 FROM sqlite_schema WHERE name = 'jotbase.epochs'"
_EPOCHS = 'SELECT epoch, "after" FROM "jotbase.epochs" ORDER BY rowid'
_OLDEST = 'SELECT min(number) FROM "jotbase.changes"'


def decode_plain(table: str, text: str) -> Row:
    """Decode a row as it was logged, whatever the table."""
    row: Row = orjson.loads(text)
    return row


class ChangeLog:
    """The change log of one database; created on the event loop on which its bells are called."""

    def __init__(self, reader: Reader, decode: Decode, watch: FileWatch) -> None:
        self._reader = reader
        self._watch = watch
        self._decode = decode
        self._loop = asyncio.get_running_loop()
        self._bells: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._version: Any = None
        self._newest = 0
        self._has_epochs = False

    async def after(self, number: int, limit: int) -> list[Change]:
        """Return the changes after that number, in order: at most `limit`, and fewer where they
        are large; one at least, if there is one.
        """
        changes: list[Change] = []
        size = 0
        for n, table, kind, old, new, at in self._reader.rows(_AFTER, (number, limit)):
            changes.append(Change(n, table, kind, self._row(table, old), self._row(table, new), at))
            size += len(old or "") + len(new or "")
            if size > READ_AT_ONCE:
                break
        return self._in_transactions(changes, number)

    def _in_transactions(self, changes: list[Change], after: int) -> list[Change]:
        """Return the changes with the transactions that they are of."""
        if not changes:
            return changes
        whole = {
            number: (first, last)
            for first, last in self._reader.rows(_TRANSACTIONS, (after, changes[-1].number))
            for number in range(max(first, after + 1), min(last, changes[-1].number) + 1)
        }
        if not whole:
            return changes
        return [replace(one, transaction=whole.get(one.number)) for one in changes]

    async def ends(self) -> tuple[int, int]:
        """Return (oldest number in the log, 0 if empty; newest number ever assigned)."""
        newest = self._reader.short(NEWEST)
        oldest = self._reader.short(_OLDEST)
        return oldest[0][0] or 0, newest[0][0] if newest else 0

    def timeline(self) -> tuple[tuple[str, int], ...]:
        """Return the epochs of the log's numbers, oldest first; none where none was begun."""
        if not self._has_epochs:
            if not self._reader.short(_HAS_EPOCHS):
                return ()
            self._has_epochs = True
        return tuple((epoch, after) for epoch, after in self._reader.short(_EPOCHS))

    def _row(self, table: str, text: str | None) -> Row | None:
        return None if text is None else self._decode(table, text)

    def on_commit(self, bell: Callable[[], None]) -> None:
        """Register a bell; commits of other processes are polled for every 100 ms."""
        self._bells.append(bell)
        if self._timer is None:
            self._look()

    def committed(self, newest: int) -> None:
        """Call the bells after a commit of this process if it logged changes."""
        if newest > self._newest:
            self._newest = newest
            self._ring()

    def _ring(self) -> None:
        for bell in self._bells:
            self._loop.call_soon(bell)

    def _look(self) -> None:
        """Poll for commits of other connections; `data_version` takes 3 µs and reads no page."""
        self._timer = self._loop.call_later(LOOK_EVERY, self._look)
        self._watch.look()
        try:
            version = self._reader.short("PRAGMA data_version")
            if version == self._version:
                return
            newest = self._reader.short(NEWEST)
        except JotError as error:
            log.warning("the change log cannot be looked at: %s", error.message)
            return
        self._version = version
        self.committed(newest[0][0] if newest else 0)

    def close(self) -> None:
        """Stop polling and calling bells."""
        self._bells.clear()
        if self._timer is not None:
            self._timer.cancel()
