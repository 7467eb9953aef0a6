"""The context of project code: the caller, and a data client that acts as the caller.

In charge of passing this context to the thread that runs the code. Must not know Flask, nor how
data requests are handled: the handler is an argument.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jotbase.errors import JotError
from jotbase.functions.rpc import Pairs, run_function
from jotbase.query.plan.functions import Function
from jotbase.values import Principal, Request, Response

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

    def _ask(self, method: str, path: str, params: Params | None, content: Any) -> Any:
        headers = {"content-type": "application/json", "prefer": "return=representation"}
        body = b"" if content is None else json.dumps(content).encode()
        query = urlencode({key: _text(value) for key, value in (params or {}).items()})
        target = "/rest/v1/" + path.lstrip("/")
        response = self.answer(Request(method, target, query, headers, body), self.principal)
        body = response.content()
        content = json.loads(body) if body else None
        if response.status >= 400:
            raise _refusal(response.status, content)
        return content


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


_CLIENT: ContextVar[DataClient] = ContextVar("jotbase_data_client")


def enter(client: DataClient) -> None:
    """Set the client that `caller` and `data` use in this context."""
    _CLIENT.set(client)


def run_as(
    function: Function, arguments: Mapping[str, Any], principal: Principal, answer: Answer
) -> tuple[Any, int | None, Pairs]:
    """Run a function as a caller, with this handler of its data client; see `run_function`."""

    def run() -> tuple[Any, int | None, Pairs]:
        enter(DataClient(principal, answer))
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
