"""Following a table in a test: each change is waited for, nothing is slept.

In charge of one event stream of a backend under test. Must not know how changes are judged.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, Self

from jotbase.http.edge.asgi import Application, Message, Scope

#: Seconds in which a change that a test waits for must come.
PATIENCE = 10.0


class Runs(Protocol):
    """Runs a coroutine on the loop of the backend, and waits for its result."""

    def __call__(self, coroutine: Coroutine[Any, Any, Any], /) -> Any:
        """Return the coroutine's result."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event. `type` is INSERT, UPDATE, DELETE, or `resync` and `end`, which have no row.

    `old` is the row before (DELETE, UPDATE), `cursor` where a client would come back.
    """

    type: str
    row: dict[str, Any] | None = None
    old: dict[str, Any] | None = None
    cursor: str | None = None
    message: str | None = None


class Subscription:
    """What one caller is told of one table, from the moment at which this is made.

    A context manager: at its end the stream is closed. `told_all` waits on the loop until the feed
    has told all that is committed.
    """

    def __init__(
        self,
        application: Application,
        scope: Scope,
        run: Runs,
        told_all: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._run = run
        self._told_all = told_all
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._text = b""
        self._waiting: list[Told] = []
        self._is_live = False
        run(self._begin(application, scope))

    def next(self) -> Told:
        """Return the next event; wait for it. Raises AssertionError when none comes."""
        while not self._waiting:
            try:
                self._run(asyncio.wait_for(self._hear(), PATIENCE))
            except TimeoutError:
                raise AssertionError(f"nothing was told within {PATIENCE:g} s") from None
        return self._waiting.pop(0)

    def rest(self) -> list[Told]:
        """Return all events of what is committed by now that were not taken yet."""
        self._run(self._told_all())
        self._run(self._hear_sent())
        found, self._waiting = self._waiting, []
        return found

    def close(self) -> None:
        """End the stream."""
        self._run(self._end())

    def __enter__(self) -> Self:
        """Return the subscription, which is live."""
        return self

    def __exit__(self, *raised: object) -> None:
        """End the stream."""
        self.close()

    async def _begin(self, application: Application, scope: Scope) -> None:
        self._gone = asyncio.Event()

        async def receive() -> Message:
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self._sent.put_nowait(message)

        async def serve() -> None:
            await application(scope, receive, send)

        self._task = asyncio.create_task(serve())
        start = await asyncio.wait_for(self._sent.get(), PATIENCE)
        if start["status"] != 200:
            body = (await self._sent.get()).get("body", b"")
            raise AssertionError(f"following was refused: {start['status']} {body.decode()}")
        while not self._is_live:
            await asyncio.wait_for(self._hear(), PATIENCE)

    async def _hear(self) -> None:
        self._take(await self._sent.get())

    async def _hear_sent(self) -> None:
        while self._sent.qsize():
            self._take(self._sent.get_nowait())

    def _take(self, message: Message) -> None:
        *whole, self._text = (self._text + message.get("body", b"")).split(b"\n\n")
        told = [_told(text) for text in whole]
        self._is_live = self._is_live or any(one and one.type == "position" for one in told)
        self._waiting += [one for one in told if one is not None and one.type != "position"]

    async def _end(self) -> None:
        self._gone.set()
        await asyncio.wait([self._task])


def _told(text: bytes) -> Told | None:
    lines = [line.partition(": ") for line in text.decode().splitlines()]
    fields = {name: value for name, _, value in lines if name}
    if "data" not in fields:
        return None
    data, cursor = json.loads(fields["data"]), fields.get("id")
    if "event" in fields:
        return Told(fields["event"], cursor=cursor, message=data.get("message"))
    return Told(data["type"], data.get("record"), data.get("old_record"), cursor)
