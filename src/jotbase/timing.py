"""The `Server-Timing` header (W3C Server Timing): how long each step of a request took.

In charge of measuring and of the header's text. Must not know the steps, nor read any clock but the
one that it is given.
"""

from __future__ import annotations

from collections.abc import Callable

from jotbase.values import Response


class Timing:
    """The durations of one request's steps; `clock` returns seconds, None turns measuring off."""

    def __init__(self, clock: Callable[[], float] | None) -> None:
        self._clock = clock
        self._last = clock() if clock else 0.0
        self._steps: list[str] = []

    def step(self, name: str) -> None:
        """Record the time since the step before as the duration of the step with this name."""
        if self._clock is not None:
            now = self._clock()
            self._steps.append(f"{name};dur={(now - self._last) * 1000:.3f}")
            self._last = now

    def with_header(self, response: Response) -> Response:
        """Return the response with the header added, the same response without a clock."""
        if self._clock is None:
            return response
        header = ("Server-Timing", ", ".join(self._steps))
        return Response(
            response.status, (*response.headers, header), response.body, response.spooled
        )
