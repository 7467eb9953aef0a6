"""Hooks of a project's functions: `@hook("before_user_created")`, and calling them in threads.

In charge of the names that may be hooked, of the bounded threads, and of the time that a call may
take, after which its code is ended. Must not know what a payload holds.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from jotbase.engines.calls.code_ending import end_code, run_unforked
from jotbase.errors import AuthError, JotError
from jotbase.functions.api.context import set_clock
from jotbase.functions.api.registering import Registered, register
from jotbase.functions.api.rpc import Refusal, awaited
from jotbase.functions.hosting.wsgi_threads import Threads
from jotbase.schema.values.json_length import check_length

log = logging.getLogger("jotbase.functions")

Code = TypeVar("Code", bound=Callable[..., Any])

NAMES = (
    "before_user_created",
    "custom_access_token",
    "password_verification_attempt",
    "send_email",
)

#: The longest that a call may take, in seconds.
TIMEOUT = 5.0
#: The most characters of what a hook gives back, as JSON, before it is looked at on the event loop.
MOST_ANSWER = 1 << 20


def hook(name: str) -> Callable[[Code], Code]:
    """Have a function called with a payload, a dict, where accounts reach that point.

    It gives back a dict, or None to go on; `Refusal`, or GoTrue's `{"error": …}`, refuses.
    """

    def add(code: Code) -> Code:
        def make(into: Registered) -> None:
            if name not in NAMES:
                raise NameError(f"no hook is named {name!r}: {', '.join(NAMES)}")
            if name in into.hooks:
                raise NameError("two functions hook the same")
            into.hooks[name] = awaited(code)

        register(name, make)
        return code

    return add


class Hooks:
    """Calls the project's hooks, at most `threads` at once; others wait, up to `waiting`."""

    def __init__(self, threads: int, waiting: int, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._threads = Threads("jotbase-hook", threads)
        self._most = threads + waiting
        self._under_way: set[Future[Any]] = set()
        self._codes: Mapping[str, Callable[..., Any]] = {}

    def replace(self, codes: Mapping[str, Callable[..., Any]]) -> None:
        """Call these from now on."""
        self._codes = codes

    def has(self, name: str) -> bool:
        """Whether the project hooks this."""
        return name in self._codes

    async def call(self, name: str, payload: dict[str, Any]) -> Any:
        """Return what the function gives back.

        Raises AuthError: hook_timeout (422), over_request_rate_limit (429), unexpected_failure
        (500) when the function fails.
        """
        if len(self._under_way) >= self._most:
            raise AuthError(
                429,
                "over_request_rate_limit",
                "Request rate limit reached",
                extra={"retry_after": math.ceil(TIMEOUT)},
            )
        began: list[threading.Thread] = []
        future = self._threads.submit(_called, self._codes[name], payload, began, self._clock)
        self._under_way.add(future)
        # Called in the thread that ends the job: a set's `discard` is safe there.
        future.add_done_callback(self._under_way.discard)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), TIMEOUT)
        except TimeoutError:
            for thread in began:
                end_code(thread, future.done)
            message = f"Failed to reach hook within maximum time of {TIMEOUT:f} seconds"
            raise AuthError(422, "hook_timeout", message) from None

    def close(self) -> None:
        """End the threads after what they do."""
        self._threads.shutdown()


def _called(
    code: Callable[..., Any],
    payload: dict[str, Any],
    began: list[threading.Thread],
    clock: Callable[[], float],
) -> Any:
    """Return what the code gives back; its thread is added to `began`."""
    set_clock(clock)
    began.append(threading.current_thread())
    try:
        return _bounded(run_unforked(lambda: code(payload)))
    except Refusal as refusal:
        return {"error": {"http_code": refusal.status, "message": refusal.message}}
    except AuthError:
        raise
    except Exception:
        log.exception("a hook failed")
        raise AuthError(500, "unexpected_failure", "The hook failed; see the log") from None


def _bounded(answer: Any) -> Any:
    try:
        check_length(answer, MOST_ANSWER)
    except JotError as error:
        message = f"Payload size exceeded size limit of {MOST_ANSWER} characters"
        raise AuthError(422, "hook_payload_over_size_limit", message) from error
    return answer
