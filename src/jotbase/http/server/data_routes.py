"""Routing `/rest/v1` to the pipeline: synchronously where nothing must be awaited, else as a task.

In charge of authentication and of choosing between the two. Must not know how a request is handled
(`pipeline`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jotbase.http.edge.credentials import CredentialCheck
from jotbase.pipeline import DataApi, answer, answer_now
from jotbase.values import Request, Response


@dataclass(frozen=True, slots=True)
class DataRoutes:
    """Handles requests below `/rest/v1`.

    `data` returns the data API of the project's files as they are now; `timed` says that answers
    bear `Server-Timing`, which only the way through the event loop measures.
    """

    data: Callable[[], DataApi]
    credentials: CredentialCheck
    timed: bool

    async def answer(self, request: Request) -> Response:
        """Handle a data request."""
        return await answer(request, self.data())

    def answer_now(self, request: Request) -> Response | None:
        """Handle a data request without awaiting anything; None if that is impossible."""
        principal = self.credentials.known(request.headers)
        if principal is None or self.timed:
            return None
        return answer_now(request, principal, self.data())
