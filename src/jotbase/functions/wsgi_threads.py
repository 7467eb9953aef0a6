"""The project's Flask app as an ASGI application, in a bounded pool of daemon threads.

In charge of the limits of running and waiting views, and of isolating a view's failure. Must not
know the caller: its context is entered before.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any

from jotbase.engines.calls.turns import Turns
from jotbase.errors import JotError, run_contained
from jotbase.functions.answering import GONE, HungUp, guarded

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Where a view's scope says whose share of the threads it takes.
OWNER = "jotbase.owner"


class Threads(Executor):
    """An executor of daemon threads, which unlike the standard library's do not delay the exit."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._idle = threading.Semaphore(0)
        self._started = 0
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Run the call in a thread, as soon as one is free."""
        future: Future[Any] = Future()
        self._jobs.put((future, lambda: call(*given, **named)))
        if self._idle.acquire(blocking=False):  # an idle thread takes this job
            return future
        with self._lock:
            if self._started < self._most:
                self._started += 1
                name = f"{self._name}-{self._started}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads after their queued jobs; never waits."""
        with self._lock:
            for _ in range(self._started):
                self._jobs.put(None)

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        try:
            return self._jobs.get_nowait()
        except Empty:
            self._idle.release()
            return self._jobs.get()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            future, call = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(run_contained(call))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                future.set_exception(error)


class Hosted:
    """The app with at most `threads` running views and `waiting` more, for at most `seconds`."""

    def __init__(self, app: Any, threads: int, waiting: int, seconds: float) -> None:
        from a2wsgi import WSGIMiddleware  # a project without functions never loads it

        hosted: Any = WSGIMiddleware(guarded(app))
        hosted.executor.shutdown()
        hosted.executor = self._threads = Threads("jotbase-view", threads)
        self._hosted = hosted
        self._turns = Turns(threads, waiting, seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises JotError 53300 if too many wait, or for too long."""
        inbox = _Inbox(receive)
        owner: str = scope.get(OWNER, "")
        try:
            await self._turns.take(owner)
            try:
                if not inbox.gone:
                    told = {**scope, GONE: lambda: inbox.gone}
                    await self._hosted(told, inbox.receive, send)
            except HungUp:
                return
            except asyncio.CancelledError as error:
                # The server is stopping: clients of running views get an error.
                raise JotError("57P01", "the server is stopping", hint="Try again.") from error
            finally:
                self._turns.give_back(owner)
        finally:
            inbox.close()

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown()


class _Inbox:
    """The client's messages, read one ahead in order to notice a disconnect."""

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive
        self._whole = False
        self._ahead = self._begin()

    def _begin(self) -> asyncio.Task[Message]:
        async def read() -> Message:
            return await self._receive()

        task = asyncio.create_task(read())
        task.add_done_callback(self._look)
        return task

    def _look(self, task: asyncio.Task[Message]) -> None:
        if task.cancelled() or task.exception() is not None:
            return
        message = task.result()
        if message["type"] == "http.disconnect":
            self.gone = True
        elif not message.get("more_body", False) and not self._whole:
            self._whole = True
            self._after = self._begin()

    async def receive(self) -> Message:
        """Return the next message."""
        message = await self._ahead
        if message.get("more_body", False):
            self._ahead = self._begin()
        elif self._whole:
            self._ahead = self._after
        return message

    def close(self) -> None:
        """Read no further."""
        for task in (self._ahead, getattr(self, "_after", None)):
            if task is not None:
                task.cancel()
