"""A request handler that is created at its first use, so that its imports do not delay the start.

In charge of creating it once. Must not know the handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from jotbase.values import Request, Response

Answerer = Callable[[Request], Awaitable[Response]]


class Deferred:
    """A handler that `make` returns, called by `load` or at the first request."""

    def __init__(self, make: Callable[[], Answerer]) -> None:
        self._make = make
        self._made: Answerer | None = None

    def load(self) -> Answerer:
        """Return the handler, created if necessary."""
        if self._made is None:
            self._made = self._make()
        return self._made

    async def __call__(self, request: Request) -> Response:
        """Handle one request."""
        return await self.load()(request)
