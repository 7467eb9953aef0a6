"""Password hashes off the event loop: few threads, and a queue that has an end.

In charge of refusing what would wait too long: a hash takes 20 MiB and tens of milliseconds on
purpose, so a flood of sign-ins would else fill memory with requests that nobody waits for any more.
And of leaving the processor to the loop: whoever only reads does not wait for hashes. Must not know
what is hashed, or why.
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

#: Hashes at a time: one processor is left to the loop, where there is more than one.
THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))
#: Hashes under way and waiting: the last of them is answered in some seconds.
MOST = 160
#: Seconds after which the queue will have shrunk.
RETRY_AFTER = 2
#: How far a hash stands back when the loop wants its processor (nice(2)).
NICENESS = 10


def _stand_back() -> None:
    # Linux has a niceness for each thread; elsewhere it is the whole process's, the loop's too.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _nothing() -> None:
    """Stand in where nothing is to be looked at first."""


class HashingPool:
    """A pool of threads for slow functions, of which at most `most` are under way or wait.

    Half of the places are one client's at most, so that nobody takes them all.
    """

    def __init__(self, threads: int = THREADS, most: int = MOST) -> None:
        self.most = most
        self._pool = ThreadPoolExecutor(threads, "jotbase-hash", _stand_back)
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
        """Return what the function returns; `check` may refuse when its turn has come.

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
        """Take no more; what is under way ends by itself."""
        self._pool.shutdown(wait=False)
