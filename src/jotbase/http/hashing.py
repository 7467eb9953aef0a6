"""Password hashes off the event loop: few threads, and a queue that has an end.

In charge of refusing what would wait too long: a hash takes 20 MiB and tens of milliseconds on
purpose, so a flood of sign-ins would else fill memory with requests that nobody waits for any more.
Must not know what is hashed, or why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jotbase.errors import AuthError

#: Hashes at a time.
THREADS = 4
#: Hashes under way and waiting: the last of them is answered in about two seconds.
MOST = 160
#: Seconds after which the queue will have shrunk.
RETRY_AFTER = 2


class Hashing:
    """A pool of threads for slow functions, of which at most `most` are under way or wait."""

    def __init__(self, threads: int = THREADS, most: int = MOST) -> None:
        self.most = most
        self._pool = ThreadPoolExecutor(threads, "jotbase-hash")
        self._under_way = 0

    async def run(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Return what the function returns. Raises AuthError (over_request_rate_limit, 429)."""
        if self._under_way >= self.most:
            raise AuthError(
                429,
                "over_request_rate_limit",
                "Request rate limit reached",
                extra={"retry_after": RETRY_AFTER},
            )
        loop = asyncio.get_running_loop()
        self._under_way += 1
        try:
            return await loop.run_in_executor(self._pool, lambda: function(*arguments))
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Take no more; what is under way ends by itself."""
        self._pool.shutdown(wait=False)
