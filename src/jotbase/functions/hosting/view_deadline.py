"""The deadline of one view: how long it may take to the next piece of its answer.

In charge of noticing that it is over, and of dropping what the view sends afterwards. Must not know
what follows for threads and turns (`wsgi_threads`). Decision 110.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from jotbase.engines.calls.code_ending import ENDING

Message = MutableMapping[str, Any]
T = TypeVar("T")

#: The key of a view's scope for its `Run`.
RUN = "jotbase.run"

#: Threads serve one view after another: the one that each has begun last.
_BEGUN: WeakKeyDictionary[threading.Thread, Run] = WeakKeyDictionary()


class Run:
    """One running view; `over` once nobody waits for it any more."""

    def __init__(
        self,
        limit: float,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self.over = False
        self.thread: threading.Thread | None = None
        self._limit = limit
        self._receive = receive
        self._send = send
        self._clock = asyncio.get_running_loop().time
        self._waits_for_client = 0
        self._since = self._clock()

    def begin(self) -> None:
        """Note that the current thread is this view's; whoever ends another's leaves it alone."""
        with ENDING:
            self.thread = threading.current_thread()
            _BEGUN[self.thread] = self

    def has_thread(self) -> bool:
        """Return whether its thread has begun no other view."""
        return self.thread is not None and _BEGUN.get(self.thread) is self

    async def receive(self) -> Message:
        """Return the client's next message; a slow client is not the view's time."""
        if self.over:
            return {"type": "http.disconnect"}
        return await self._of_client(self._receive())

    async def send(self, message: Message) -> None:
        """Send a piece of the answer, and begin to wait for the next."""
        if not self.over:
            await self._of_client(self._send(message))

    async def ends(self, view: asyncio.Future[Any]) -> bool:
        """Wait for the view; return whether it came to its end in time."""
        while not view.done():
            left = self._since + self._limit - self._clock()
            if self._waits_for_client:
                left = self._limit
            elif left <= 0:
                return False
            await asyncio.wait((view,), timeout=left)
        return True

    async def _of_client(self, waiting: Awaitable[T]) -> T:
        self._waits_for_client += 1
        try:
            return await waiting
        finally:
            self._waits_for_client -= 1
            self._since = self._clock()


def followed(app: Any) -> Any:
    """Wrap the WSGI app so that the view's `Run` knows its thread, and when that has begun."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        environ["asgi.scope"][RUN].begin()
        return app(environ, start_response)

    return call
