"""The change log: committed changes in order, and a callback when there are more.

In charge of reading "jotbase"."changes" (made by `schema.ddl.postgres.changelog`), of having it
numbered first, and of noticing commits, of this process and others. It has connections of
its own, so that requests never delay it. Must not know what a change means.

The bell is rung after a commit, outside of the writer's transaction: a NOTIFY inside would have
commits wait for each other (its queue has one lock). Other servers are heard (`notifications`);
commits of programs that tell nobody are looked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import orjson

from jotbase.engines.postgresql.log.notifications import Listener
from jotbase.engines.postgresql.read.reader import Reader
from jotbase.errors import JotError
from jotbase.values import Change, Row

log = logging.getLogger(__name__)

#: Makes a row of the log's JSON text: the table's name, the text.
Decode = Callable[[str, str], Row]

#: How often others' commits are looked for, in seconds, while a bell is registered.
LOOK_EVERY = 0.1
#: How much of the log is returned at a time, in characters; one change at least.
READ_AT_ONCE = 4 << 20

_NUMBERED = 'SELECT "jotbase"."number_changes"()'
_TIME = 'to_char("committed_at" AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')'
#: The sizes before a row end the batch, so that a large one is not read only to be left.
_AFTER = (
    'SELECT "number", "table", "kind", "old", "new", "at" FROM (SELECT "number", "table", "kind",'
    f' "old", "new", {_TIME} AS "at", sum(length(coalesce("old", \'\')) +'
    ' length(coalesce("new", \'\'))) OVER (ORDER BY "number") -'
    ' length(coalesce("old", \'\')) - length(coalesce("new", \'\')) AS "before" FROM'
    ' (SELECT * FROM "jotbase"."changes" WHERE "number" > ? ORDER BY "number" LIMIT ?) AS taken)'
    f' AS sized WHERE "before" <= {READ_AT_ONCE} ORDER BY "number"'
)
_TRANSACTIONS = (
    'SELECT "first", "last" FROM "jotbase"."transactions"'
    ' WHERE "last" > ? AND "first" <= ? ORDER BY "last"'
)
_EPOCHS = 'SELECT "epoch", "after" FROM "jotbase"."epochs" ORDER BY "id"'
_OLDEST = 'SELECT min("number") FROM "jotbase"."changes"'
_IS_THERE = 'SELECT to_regclass(\'"jotbase"."log"\') IS NOT NULL'


def decode_plain(table: str, text: str) -> Row:
    """Decode the JSON of a logged row without its table's types."""
    row: Row = orjson.loads(text)
    return row


class ChangeLog:
    """The log of one database; create it on the event loop that its callbacks run on."""

    def __init__(self, url: str, reader: Reader, decode: Decode) -> None:
        self._listener = Listener(url, self._heard)
        self._reader = reader
        self._decode = decode
        self._loop = asyncio.get_running_loop()
        self._bells: list[Callable[[], None]] = []
        self._looking: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._newest = 0
        self._is_there = False
        self.fault: str | None = None

    async def after(self, number: int, limit: int) -> list[Change]:
        """Return the changes after that number, in order: at most `limit`, and fewer where they
        are large; one at least, if there is one.
        """
        await self._number()
        rows = await self._reader.read(_AFTER, (number, limit))
        if not rows:
            return []
        ends = await self._reader.read(_TRANSACTIONS, (number, rows[-1][0]))
        whole = {
            n: (first, last)
            for first, last in ends
            for n in range(max(first, number + 1), min(last, rows[-1][0]) + 1)
        }
        return [
            Change(n, table, kind, self._row(table, old), self._row(table, new), at, whole.get(n))
            for n, table, kind, old, new, at in rows
        ]

    async def _number(self) -> int:
        """Number the committed changes that have no number yet, and return the newest number."""
        if not self._is_there:
            self._is_there = bool((await self._reader.read(_IS_THERE, ()))[0][0])
            if not self._is_there:
                return 0
        return int((await self._reader.read(_NUMBERED, ()))[0][0])

    async def ends(self) -> tuple[int, int]:
        """Return the oldest number still in the log (0: it is empty) and the newest ever given."""
        newest = await self._number()
        oldest = await self._reader.read(_OLDEST, ()) if self._is_there else [(0,)]
        return oldest[0][0] or 0, newest

    async def timeline(self) -> tuple[tuple[str, int], ...]:
        """Return the epochs of the log's numbers, oldest first; none where none was begun."""
        await self._number()
        if not self._is_there:
            return ()
        return tuple((epoch, after) for epoch, after in await self._reader.read(_EPOCHS, ()))

    def _row(self, table: str, text: str | None) -> Row | None:
        return None if text is None else self._decode(table, text)

    def on_commit(self, bell: Callable[[], None]) -> None:
        """Call `bell` after commits from now on; commits of other programs are polled for every
        100 ms.
        """
        self._bells.append(bell)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def committed(self) -> None:
        """Check the log soon after a commit of this process; many commits share a check."""
        self._looked.set()

    def _heard(self, number: int) -> None:
        """Check the log after another server's notification, unless the number is known."""
        if number > self._newest:
            self._looked.set()

    async def _look(self) -> None:
        """Call the bells if there are new numbers; a failure is logged, and the check repeated."""
        while True:
            self._looked.clear()  # before the look, which may miss what commits during it
            try:
                newest = await self._number()
                if newest > self._newest:
                    self._newest = newest
                    for bell in self._bells:
                        self._loop.call_soon(bell)
                self.fault = None
                if await self._listener.keep():
                    self._looked.set()  # for what was told before it listened
            except JotError as error:
                if self.fault != error.message:  # once, however long it lasts
                    log.warning("the change log cannot be looked at: %s", error.message)
                self.fault = error.message
            # Not `wait_for`: in Python 3.11 it passes over a cancellation that comes together with
            # what it waits for (https://github.com/python/cpython/issues/86296).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._looked.wait()

    async def close(self) -> None:
        """Stop polling, and call no bell any more."""
        self._bells.clear()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None
        await self._listener.close()
