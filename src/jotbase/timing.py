"""How long each step of a request took, as the `Server-Timing` header tells it (W3C).

In charge of the header's text. Must not know the steps, nor read any clock but the one it is given.
"""

from __future__ import annotations

from collections.abc import Callable

from jotbase.values import Response


class Timing:
    """How long each step took, for the `Server-Timing` header; without a clock, nothing."""

    def __init__(self, ticks: Callable[[], float] | None) -> None:
        self._ticks = ticks
        self._last = ticks() if ticks else 0.0
        self._steps: list[str] = []

    def step(self, name: str) -> None:
        """End a step."""
        if self._ticks is not None:
            now = self._ticks()
            self._steps.append(f"{name};dur={(now - self._last) * 1000:.3f}")
            self._last = now

    def told(self, response: Response) -> Response:
        """Return the response with the header."""
        if self._ticks is None:
            return response
        header = ("Server-Timing", ", ".join(self._steps))
        return Response(response.status, (*response.headers, header), response.body)
