"""Calling an ASGI application without a socket: one request, one complete response.

In charge of the event loop of a backend under test, in a thread of its own. Must not know the
application.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import unquote

from jotbase.http.edge.asgi import Application, Message, Scope
from jotbase.values import Request, Response

Result = TypeVar("Result")


class LoopThread:
    """An event loop in a daemon thread; `run` executes a coroutine on it and waits."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result], timeout: float = 30) -> Result:
        """Return the coroutine's result, or raise what it raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def stop(self) -> None:
        """Stop the loop and wait for its thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def exchange(application: Application, request: Request) -> Response:
    """Return the application's complete response to a request."""
    return await call(application, http_scope(request), request.body)


async def call(application: Application, scope: Scope, body: bytes) -> Response:
    """Return the application's complete response to an HTTP scope.

    The client never disconnects before the response is complete.
    """
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Message] = []
    answered = asyncio.Event()

    async def receive() -> Message:
        if given:
            return given.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    await application(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    whole = b"".join(message.get("body", b"") for message in sent)
    headers = tuple((name.decode(), value.decode()) for name, value in start["headers"])
    return Response(start["status"], headers, whole)


def http_scope(request: Request) -> Scope:
    """Return the ASGI scope of a request."""
    headers = {"host": "backend.test", **request.headers}
    if request.body:
        headers["content-length"] = str(len(request.body))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (request.client or "127.0.0.1", 1),
        "server": ("backend.test", 80),
    }
