"""Clients of a backend under test: the data API and the functions, as one caller.

In charge of building requests and reading responses. Must not know how the backend is built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from jotbase.testing.subscription import Subscription
from jotbase.values import Request, Response

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the backend; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body, None when it is empty."""
        return json.loads(self.body) if self.body else None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def _cannot_follow(request: Request) -> Subscription:
    raise AssertionError("this client was made without a way to follow")


@dataclass(frozen=True, slots=True)
class Client:
    """One caller. `id` and `email` are None for the anonymous and the service client.

    Writes return the written rows (`Prefer: return=representation`) unless `headers` say otherwise.
    """

    send: Callable[[Request], Response]
    key: str
    token: str
    id: str | None = None
    email: str | None = None
    refresh_token: str | None = None
    follow: Callable[[Request], Subscription] = _cannot_follow

    def subscribe(self, path: str, params: Params | None = None, **headers: str) -> Subscription:
        """Follow a table: `with user.subscribe("/jobs", {"status": "eq.open"}) as told:`; each
        `told.next()` waits for one change, `told.rest()` returns all of what is committed.
        """
        return self.follow(
            self._made("GET", "/rest/v1" + path, params, {"accept": "text/event-stream", **headers})
        )

    def refresh(self) -> Client:
        """Return the same user's client with a new session: its token says what is true now."""
        body = {"refresh_token": self.refresh_token}
        answer = self.request("POST", "/auth/v1/token", {"grant_type": "refresh_token"}, body)
        if answer.status != 200:
            raise AssertionError(f"the session was not refreshed: {answer.text}")
        session = answer.json()
        email, token = session["user"]["email"], session["access_token"]
        return replace(self, email=email, token=token, refresh_token=session["refresh_token"])

    def get(self, path: str, params: Params | None = None, **headers: str) -> Answer:
        """Read rows of a table: `get("/jobs", {"id": "eq.1"})`."""
        return self.request("GET", "/rest/v1" + path, params, None, headers)

    def post(self, path: str, json: Any, params: Params | None = None, **headers: str) -> Answer:
        """Insert a row, or a list of rows."""
        return self.request("POST", "/rest/v1" + path, params, json, headers)

    def patch(self, path: str, params: Params, json: Any, **headers: str) -> Answer:
        """Update the rows that the filters in `params` select."""
        return self.request("PATCH", "/rest/v1" + path, params, json, headers)

    def delete(self, path: str, params: Params, **headers: str) -> Answer:
        """Delete the rows that the filters in `params` select."""
        return self.request("DELETE", "/rest/v1" + path, params, None, headers)

    def rpc(self, name: str, arguments: Any = None, **headers: str) -> Answer:
        """Call one of the project's functions: `rpc("add", {"a": 1})`."""
        json = {} if arguments is None else arguments
        return self.request("POST", "/rest/v1/rpc/" + name, None, json, headers)

    def function(self, name: str, method: str = "GET", json: Any = None, **headers: str) -> Answer:
        """Call one of the project's Flask functions."""
        return self.request(method, "/functions/v1/" + name.lstrip("/"), None, json, headers)

    def request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        json_body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send any request as this caller."""
        body, given = b"", dict(headers or {})
        if method != "GET" and path.startswith("/rest/"):
            given = {"prefer": "return=representation"} | given
        if json_body is not None:
            body = json.dumps(json_body).encode()
            given = {"content-type": "application/json"} | given
        response = self.send(self._made(method, path, params, given, body))
        return Answer(
            response.status, {k.lower(): v for k, v in response.headers}, response.content()
        )

    def _made(
        self,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> Request:
        given = {name.rstrip("_").replace("_", "-"): text for name, text in headers.items()}
        sent = {"apikey": self.key, "authorization": f"Bearer {self.token}"}
        query = urlencode(params or {}, doseq=True, safe="(),.*:")
        return Request(method, path, query, sent | given, body)
