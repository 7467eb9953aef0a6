"""The context of project code: the caller, and a data client that acts as the caller.

In charge of passing this context to the thread that runs the code. Must not know Flask, nor how
data requests are handled: the handler is an argument.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from jotbase.errors import JotError
from jotbase.functions.api.rpc import Pairs, run_function
from jotbase.query.plan.functions import Function
from jotbase.realtime.rooms.http_messages import PATH as BROADCASTS
from jotbase.schema.values.json_length import check_length
from jotbase.tasks.requests import ENQUEUE
from jotbase.values import SERVICE_PRINCIPAL, Principal, Request, Response

Params = Mapping[str, str | int | bool]

#: Handles a data request as the given principal; called from a thread, it blocks.
Answer = Callable[[Request, Principal], Response]


class DataError(JotError):
    """An error of the data API; code, status, details and hint are those of its response."""


@dataclass(frozen=True, slots=True)
class DataClient:
    """The data API as one caller: paths and parameters are those of `/rest/v1`.

    Every method returns the parsed JSON (None for an empty body) and raises DataError.
    """

    principal: Principal
    answer: Answer
    process: int = field(default_factory=os.getpid)

    def get(self, path: str, params: Params | None = None) -> Any:
        """Read rows."""
        return self._ask("GET", path, params, None)

    def post(self, path: str, json: Any, params: Params | None = None) -> Any:
        """Insert a row or a list of rows, and return what was stored."""
        return self._ask("POST", path, params, json)

    def patch(self, path: str, params: Params, json: Any) -> Any:
        """Update the rows that the filters in `params` select, and return them."""
        return self._ask("PATCH", path, params, json)

    def delete(self, path: str, params: Params | None = None) -> Any:
        """Delete the rows that `params` select, and return them."""
        return self._ask("DELETE", path, params, None)

    def rpc(self, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Call one of the project's functions."""
        return self._ask("POST", f"rpc/{name}", None, dict(arguments or {}))

    def as_service(self) -> DataClient:
        """Return this client with the rights of the service role, in the same unit of work."""
        return replace(self, principal=SERVICE_PRINCIPAL)

    def broadcast(self, topic: str, event: str, payload: Any, *, private: bool = False) -> None:
        """Send a message to all who listen to the topic: JSON, or bytes.

        In a unit of work it is sent after the commit, and not at all without one.
        """
        names = [quote(name, safe="", errors="surrogatepass") for name in (topic, event)]
        path = f"{BROADCASTS}broadcast/{names[0]}/events/{names[1]}"
        opaque = isinstance(payload, bytes)
        kind = "application/octet-stream" if opaque else "application/json"
        body = payload if opaque else _dumped(payload)
        query = f"private={str(private).lower()}"
        asked = Request("POST", path, query, {"content-type": kind}, body)
        response = self._answered(asked)
        if response.status >= 400:
            raise _unsaid(response.status, json.loads(response.content()))

    def _ask(self, method: str, path: str, params: Params | None, content: Any) -> Any:
        headers = {"content-type": "application/json", "prefer": "return=representation"}
        body = b"" if content is None else _dumped(content)
        query = urlencode({key: _text(value) for key, value in (params or {}).items()})
        target = "/rest/v1/" + path.lstrip("/")
        return self._parsed(Request(method, target, query, headers, body))

    def add_task(self, told: bytes) -> None:
        """Add a background task in the running transaction, if there is one (`tasks.requests`)."""
        self._parsed(Request("POST", ENQUEUE, body=told))

    def _parsed(self, request: Request) -> Any:
        response = self._answered(request)
        body = response.content()
        content = json.loads(body) if body else None
        if response.status >= 400:
            raise _refusal(response.status, content)
        return content

    def _answered(self, request: Request) -> Response:
        if os.getpid() != self.process:
            # The thread that would answer is in the server alone: it would be waited for for ever.
            raise RuntimeError("a forked process has no data API: ask before, or by HTTP")
        return self.answer(request, self.principal)


def _dumped(content: Any) -> bytes:
    check_length(content)
    return json.dumps(content).encode()


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal(status: int, content: Any) -> DataError:
    told: dict[str, Any] = content if isinstance(content, dict) else {}
    return DataError(
        told.get("code", "PGRSTX00"),
        told.get("message", "The data API gave no reason"),
        details=told.get("details"),
        hint=told.get("hint"),
        status=status,
    )


#: The SQLSTATE of a refused broadcast, by the status of the answer over HTTP.
_UNSAID = {403: "42501", 422: "22023", 429: "53400"}


def _unsaid(status: int, told: Mapping[str, Any]) -> DataError:
    if "code" in told:
        return _refusal(status, told)
    faults: Mapping[str, list[str]] = told.get("errors", {})
    said = [f"{name} {reason}" for name, reasons in faults.items() for reason in reasons]
    message = told.get("message") or "; ".join(said)
    return DataError(_UNSAID.get(status, "22023"), message, status=status)


_CLIENT: ContextVar[DataClient] = ContextVar("jotbase_data_client")


_CLOCK: ContextVar[Callable[[], float]] = ContextVar("jotbase_clock", default=time.time)


def enter(client: DataClient, clock: Callable[[], float]) -> None:
    """Set the client that `caller` and `data` use in this context, and the clock of `now`."""
    _CLIENT.set(client)
    set_clock(clock)


def set_clock(clock: Callable[[], float]) -> None:
    """Set the clock of `now` in this context."""
    _CLOCK.set(clock)


def run_as(
    function: Function,
    arguments: Mapping[str, Any],
    principal: Principal,
    answer: Answer,
    clock: Callable[[], float] = time.time,
) -> tuple[Any, int | None, Pairs]:
    """Run a function as a caller, with this handler of its data client; see `run_function`."""

    def run() -> tuple[Any, int | None, Pairs]:
        enter(DataClient(principal, answer), clock)
        return run_function(function, arguments)

    return copy_context().run(run)


def data() -> DataClient:
    """Return the data client of the running view or function. Raises LookupError outside."""
    try:
        return _CLIENT.get()
    except LookupError:
        raise LookupError("data() and caller() only work inside the code of functions/") from None


def caller() -> Principal:
    """Return the caller of the running view or function. Raises LookupError outside."""
    return data().principal


def broadcast(topic: str, event: str, payload: Any, *, private: bool = False) -> None:
    """Send a message as the caller; see `DataClient.broadcast`. Raises LookupError outside."""
    data().broadcast(topic, event, payload, private=private)


def now() -> datetime:
    """Return the server's time, which tests can set; the system's outside of a request."""
    return datetime.fromtimestamp(_CLOCK.get()(), UTC)
