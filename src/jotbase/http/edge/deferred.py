"""What answers requests, made only when it is needed: its imports need not delay a start.

In charge of making it once. Must not know what it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from jotbase.values import Request, Response

Answerer = Callable[[Request], Awaitable[Response]]


class Deferred:
    """An answerer that `make` returns, made at `load` or at the first request."""

    def __init__(self, make: Callable[[], Answerer]) -> None:
        self._make = make
        self._made: Answerer | None = None

    def load(self) -> Answerer:
        """Return the answerer, made if it is not yet."""
        if self._made is None:
            self._made = self._make()
        return self._made

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return await self.load()(request)
