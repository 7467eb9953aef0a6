"""One WSGI response as ASGI messages: a whole one in one message to the loop, a stream in many.

In charge of how often thread and event loop wake each other, which is most of what a short view
costs (decision 187). Must not know limits, nor the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from contextvars import copy_context
from typing import Any

from a2wsgi.wsgi import Body, build_environ

Message = MutableMapping[str, Any]

#: Pieces that wait for a slow client before the view does.
AHEAD = 10


class WsgiResponse:
    """Runs the app for one request in a thread of the executor, and sends what it answers."""

    def __init__(
        self,
        app: Any,
        executor: Executor,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self._app = app
        self._executor = executor
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(AHEAD)
        self._sending: asyncio.Task[None] | None = None
        self._held: list[Message] = []
        self._length: int | None = None
        self._failure: BaseException | None = None

    async def __call__(self, scope: Any, body: bytes | None) -> None:
        """Serve the request; `body` is its whole body where that is known already."""
        given: Any = Body(self._loop, self._receive)  # type: ignore[arg-type]
        if body is not None:
            given.buffer.extend(body)
            given._has_more = False  # noqa: SLF001 - what it would learn of the next message
        environ = build_environ(scope, given)
        context = copy_context()
        try:
            rest = await self._loop.run_in_executor(self._executor, context.run, self._run, environ)
            if self._sending is not None:
                await self._queue.put(None)
                await self._sending
            for message in rest:
                await self._send(message)
            if self._failure is not None:
                raise self._failure
        finally:
            if self._sending is not None and not self._sending.done():
                self._sending.cancel()

    def _run(self, environ: Any) -> list[Message]:
        """Run the app in its thread; return the messages that are left to be sent."""
        pieces = self._app(environ, self._start)
        try:
            for piece in pieces:
                self._take(piece)
        finally:
            getattr(pieces, "close", lambda: None)()
        return [*self._held, _piece(b"", more=False)]

    def _take(self, piece: bytes) -> None:
        """Send a piece at once, unless it is the whole body: then it goes with the end."""
        if self._sending is None and self._length == len(piece) and len(self._held) == 1:
            self._held.append(_piece(piece))
            return
        messages = [*self._held, _piece(piece)]
        self._held = []
        asyncio.run_coroutine_threadsafe(self._stream(messages), self._loop).result()

    async def _stream(self, messages: list[Message]) -> None:
        if self._sending is None:
            self._sending = self._loop.create_task(self._send_queued())
        for message in messages:
            await self._queue.put(message)

    async def _send_queued(self) -> None:
        while (message := await self._queue.get()) is not None:
            await self._send(message)

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        """Keep the head until the first piece (PEP 3333, `start_response`)."""
        self._failure = exc_info[1] if exc_info else None
        if self._sending is None and not self._held:
            lines = [(name.strip().lower(), value.strip()) for name, value in headers]
            self._length = next((int(one) for name, one in lines if name == "content-length"), None)
            encoded = [(name.encode("latin1"), value.encode("latin1")) for name, value in lines]
            code = int(status.split(" ", 1)[0])
            start = {"type": "http.response.start", "status": code, "headers": encoded}
            self._held.append(start)
        return self._take


def _piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
