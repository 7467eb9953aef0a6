"""Password hashing in a small thread pool with a bounded queue.

In charge of refusing hashes that would wait too long: each takes 20 MiB and tens of milliseconds by
design, so a flood of sign-ins would otherwise fill the memory. And of a low thread priority, so
that reads do not wait for hashes. Must not know what is hashed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jotbase.errors import AuthError

#: Concurrent hashes: one processor is left to the event loop if there are several.
THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))
#: The most running and waiting hashes: the last one is done within some seconds.
MOST = 160
#: The value of Retry-After, in seconds.
RETRY_AFTER = 2
#: The nice value of hashing threads (nice(2)).
NICENESS = 10


def _lower_priority() -> None:
    # Linux has a niceness for each thread; elsewhere it is the whole process's, the loop's too.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _nothing() -> None:
    """Do nothing: the default of `check`."""


class HashingPool:
    """A pool of threads for slow functions, with at most `most` running and waiting calls.

    One client gets at most half of them.
    """

    def __init__(self, threads: int = THREADS, most: int = MOST) -> None:
        self.most = most
        self._pool = ThreadPoolExecutor(threads, "jotbase-hash", _lower_priority)
        self._free = asyncio.Semaphore(threads)
        self._under_way = 0
        self._of_client: Counter[str] = Counter()

    async def run(
        self,
        function: Callable[..., Any],
        /,
        *arguments: Any,
        check: Callable[[], None] = _nothing,
        client: str = "",
    ) -> Any:
        """Return the function's result; `check` is called just before it and may raise.

        Raises AuthError (over_request_rate_limit, 429), and what `check` raises.
        """
        own = self._of_client.get(client, 0) if client else 0
        if self._under_way >= self.most or own >= max(1, self.most // 2):
            raise AuthError(
                429,
                "over_request_rate_limit",
                "Request rate limit reached",
                extra={"retry_after": RETRY_AFTER},
            )
        loop = asyncio.get_running_loop()
        self._under_way += 1
        self._of_client[client] += 1
        try:
            async with self._free:
                check()
                return await loop.run_in_executor(self._pool, lambda: function(*arguments))
        finally:
            self._under_way -= 1
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]

    def close(self) -> None:
        """Accept no more calls; running ones end by themselves."""
        self._pool.shutdown(wait=False)
