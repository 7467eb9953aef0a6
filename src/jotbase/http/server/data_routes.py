"""The data API as the server asks it: at once where nothing has to be waited for, else in turn.

In charge of who is calling and of which way a request can take. Must not know how it is answered
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
    """Answers what is below `/rest/v1`.

    `data` returns the data API of the project's files as they are now; `timed` says that answers
    bear `Server-Timing`, which only the way through the event loop measures.
    """

    data: Callable[[], DataApi]
    credentials: CredentialCheck
    timed: bool

    async def answer(self, request: Request) -> Response:
        """Answer a data request."""
        return await answer(request, self.data())

    def answer_now(self, request: Request) -> Response | None:
        """Answer a data request that need not wait for anything, or return None."""
        principal = self.credentials.known(request.headers)
        if principal is None or self.timed:
            return None
        return answer_now(request, principal, self.data())
