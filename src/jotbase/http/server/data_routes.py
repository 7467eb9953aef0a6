"""Routing `/rest/v1` to the pipeline: synchronously where nothing must be awaited, else as a task.

In charge of authentication and of choosing between the two. Must not know how a request is handled
(`pipeline`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jotbase.engines.base import REPLICA, ReplicaRead
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.pipeline import DataApi, answer, answer_now
from jotbase.realtime.messages.cursors import read_cursor
from jotbase.values import Request, Response

#: The header of a read with the cursor of its position in the change log.
POSITION = "X-Jotbase-Cursor"


@dataclass(frozen=True, slots=True)
class DataRoutes:
    """Handles requests below `/rest/v1`.

    `data` returns the data API of the project's files as they are now; `timed` says that answers
    bear `Server-Timing`, which only the way through the event loop measures. `position` returns
    the cursor up to which changes have been told, all of which a read that begins then has seen.
    """

    data: Callable[[], DataApi]
    credentials: CredentialCheck
    timed: bool
    position: Callable[..., str] = str

    async def answer(self, request: Request) -> Response:
        """Handle a data request."""
        position = self.position()
        if request.method not in ("GET", "HEAD"):
            return await answer(request, self.data())
        read = ReplicaRead(_least(request.headers.get(POSITION.lower(), "")))
        REPLICA.set(read)
        response = await answer(request, self.data())
        # What a replica has seen may be less than what was told.
        shown = position if read.seen is None else self.position(read.seen)
        return _with_position(response, request, shown)

    def answer_now(self, request: Request) -> Response | None:
        """Handle a data request without awaiting anything; None if that is impossible."""
        principal = self.credentials.known(request.headers)
        if principal is None or self.timed:
            return None
        position = self.position()
        response = answer_now(request, principal, self.data())
        return None if response is None else _with_position(response, request, position)


def _least(sent: str) -> int:
    """Return the number of a cursor that a client sends back, 0 where it is none."""
    cursor = read_cursor(sent)
    return 0 if cursor is None else cursor.number


def _with_position(response: Response, request: Request, position: str) -> Response:
    """Add the cursor to the answer of a read; rows and the changes after it leave no gap."""
    if not position or response.status >= 300 or request.method not in ("GET", "HEAD"):
        return response
    headers = (*response.headers, (POSITION, position))
    return Response(response.status, headers, response.body, response.spooled)
