"""Broadcasts of rows: told when they are committed, and again to who joins later.

In charge of reading rows for a replay, and of the hand-over from it to what is said live. Must not
know who may join.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson

from jotbase.auth.tokens.times import timestamp
from jotbase.engines.base import Engine, bind
from jotbase.expression.expr import Context
from jotbase.http.live.sending.rooms import Rooms
from jotbase.realtime.messages.protocol import PREFIX
from jotbase.realtime.rooms.broadcast import Listener, broadcast_frames
from jotbase.realtime.rooms.http_messages import Message
from jotbase.realtime.rooms.stored_messages import ReplayRequest, replay_query, stored_message
from jotbase.schema.ddl.changelog import logged_row
from jotbase.schema.model.tables import Model, Table
from jotbase.values import Change

log = logging.getLogger(__name__)


class StoredBroadcasts:
    """The tables of broadcasts of the model that is served; true if one may be heard."""

    def __init__(self, engine: Engine, rooms: Rooms) -> None:
        self._engine = engine
        self._rooms = rooms
        self._tables: dict[str, Table] = {}

    def configure(self, model: Model) -> None:
        """Take another model."""
        self._tables = {table.name: table for table in model if table.broadcast}

    def __bool__(self) -> bool:
        return bool(self._tables) and bool(self._rooms.listeners)

    def tell(self, change: Change) -> int:
        """Say what was inserted into a table of broadcasts; return the bytes of its frame."""
        table = self._tables.get(change.table)
        if table is None or change.kind != "INSERT" or change.new is None:
            return 0
        message = stored_message(table, change.new)
        try:
            frames = None if message is None else broadcast_frames(message.push())
        except orjson.JSONEncodeError:
            frames = None
        if message is None or frames is None:
            log.warning("change %d of %s is too long to be broadcast", change.number, table.name)
            return 0
        self._rooms.say(message.room, frames, stored=message.id)
        return len(frames["1.0.0"])

    async def replay(
        self, listener: Listener, asked: ReplayRequest, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        """Tell the newest messages of the listener's topic again, oldest first, and behind them
        what is said meanwhile. Raises JotError if they cannot be read.
        """
        write, held = listener.write, list[tuple[str | None, bytes]]()
        listener.write = lambda frame: held.append((self._rooms.saying, frame))
        try:
            found = await self._newest(listener.topic.removeprefix(PREFIX), asked)
        finally:
            listener.write = write
        listener.replayed = frozenset(message.id for message in found if message.id is not None)
        for message in found:
            told = dict(message.push().payload)
            tell(told | {"meta": {"replayed": True, **told["meta"]}})
        for stored, frame in held:
            if stored is None or stored not in listener.replayed:
                write(frame)

    async def _newest(self, topic: str, asked: ReplayRequest) -> list[Message]:
        dialect, since = self._engine.dialect, timestamp(asked.since)
        rows: list[tuple[Any, Message]] = []
        for table in self._tables.values():
            query = replay_query(table, topic, since, asked.limit, dialect)
            text, values = query.numbered(dialect.mark), bind(query, Context(now=since))
            for (logged,) in reversed(await self._engine.read_internal(text, values)):
                row = logged_row(table, str(logged))
                message = stored_message(table, row)
                if message is not None:
                    rows.append((row["inserted_at"], message))
        rows.sort(key=lambda one: one[0])
        return [message for _, message in rows[-asked.limit :]]
