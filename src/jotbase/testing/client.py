"""Clients of a backend under test: the data API and the functions, as one caller.

In charge of building requests and reading responses. Must not know how the backend is built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

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
        given = {name.rstrip("_").replace("_", "-"): text for name, text in (headers or {}).items()}
        sent = {"apikey": self.key, "authorization": f"Bearer {self.token}"}
        if method != "GET" and path.startswith("/rest/"):
            sent["prefer"] = "return=representation"
        body = b""
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["content-type"] = "application/json"
        query = urlencode(params or {}, doseq=True, safe="(),.*:")
        response = self.send(Request(method, path, query, sent | given, body))
        return Answer(
            response.status, {k.lower(): v for k, v in response.headers}, response.content()
        )
