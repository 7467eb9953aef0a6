"""The project's Flask app as an ASGI application, in a bounded pool of daemon threads.

In charge of the limits of running and waiting views, and of isolating a view's failure. Must not
know the caller: its context is entered before.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any

from jotbase.engines.calls.code_ending import end_code
from jotbase.engines.calls.turns import Turns
from jotbase.errors import JotError, run_contained
from jotbase.functions.hosting.view_deadline import RUN, Run, followed
from jotbase.functions.hosting.view_responses import GONE, HungUp, guarded

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("jotbase.functions")

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

    def allow(self, more: int) -> None:
        """Allow more threads, or fewer: one that is left behind has another in its place."""
        with self._lock:
            self._most += more
            if self._started <= self._most:
                return
            self._started -= 1
        self._idle.acquire(blocking=False)  # an idle thread, if any, takes the end
        self._jobs.put(None)

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
            del job, future, call  # what it answered may be large, and the next job come in an hour


class Hosted:
    """The app with at most `threads` running views and `waiting` more, for at most `patience`.

    A view that takes longer than `limit` for its next piece is left behind, and another thread
    takes its place: at most as many as there are `threads`. All in seconds.
    """

    def __init__(self, app: Any, threads: int, waiting: int, patience: float, limit: float) -> None:
        from jotbase.functions.hosting.wsgi_response import WsgiResponse  # a2wsgi: for views alone

        self._app = followed(guarded(app))
        self._threads = Threads("jotbase-view", threads)
        self._response = WsgiResponse
        self._turns = Turns(threads, waiting, patience)
        self._most = threads
        self._limit = limit
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises JotError 53300 if too many wait, or for too long, 57014 if the
        view takes too long.
        """
        inbox = _Inbox(receive)
        owner: str = scope.get(OWNER, "")
        try:
            await self._turns.take(owner)
            run = Run(self._limit, inbox.receive, send)
            told = {**scope, GONE: lambda: inbox.gone or run.over, RUN: run}
            view = asyncio.ensure_future(self._view(told, run, inbox))
            view.add_done_callback(lambda _: self._came_to_its_end(run, owner))
            try:
                if not await run.ends(view):
                    self._leave(view, run, owner)
                    raise _too_long(self._limit)
                await view
            except HungUp:
                return
            except asyncio.CancelledError as error:
                view.cancel()
                # The server is stopping: clients of running views get an error.
                raise JotError("57P01", "the server is stopping", hint="Try again.") from error
            finally:
                del view  # which holds the error that this frame is in the traceback of
        finally:
            inbox.close()

    async def _view(self, scope: Scope, run: Run, inbox: _Inbox) -> None:
        if not inbox.gone:
            response = self._response(self._app, self._threads, run.receive, run.send)
            await response(scope, inbox.whole_body())

    def _came_to_its_end(self, run: Run, owner: str) -> None:
        if not run.over:
            self._turns.give_back(owner)

    def _leave(self, view: asyncio.Task[None], run: Run, owner: str) -> None:
        """Go on without a view; give its turn to others while there may be more threads."""
        run.over = True
        replaced = len(self._left) < self._most
        self._left.add(view)
        if replaced:
            self._threads.allow(1)
            self._turns.give_back(owner)

        def came_back(task: asyncio.Task[None]) -> None:
            self._left.discard(task)
            if replaced:
                self._threads.allow(-1)
            else:
                self._turns.give_back(owner)
            if not task.cancelled() and task.exception() is not None:
                log.warning("a view that was left behind failed: %r", task.exception())

        view.add_done_callback(came_back)
        if run.thread is not None:
            end_code(run.thread, lambda: view.done() or not run.has_thread())

    def close(self) -> None:
        """Let the threads end."""
        for view in tuple(self._left):
            view.cancel()
        self._threads.shutdown()


def _too_long(limit: float) -> JotError:
    return JotError(
        "57014",
        "canceling view due to its time limit",
        details=f"The limit is {limit * 1000:.0f} ms until the next piece of its answer.",
        hint="Answer sooner, or raise JOTBASE_FUNCTIONS_TIMEOUT.",
    )


class _Inbox:
    """The client's messages, read one ahead in order to notice a disconnect."""

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive
        self._whole = self._parts = False
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

    def whole_body(self) -> bytes | None:
        """Take the body if its only message has come; else None, and nothing is taken."""
        if not self._whole or self._ahead is self._after or self._parts:
            return None
        body: bytes = self._ahead.result().get("body", b"")
        self._ahead = self._after
        return body

    async def receive(self) -> Message:
        """Return the next message."""
        message = await self._ahead
        self._parts = True
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
