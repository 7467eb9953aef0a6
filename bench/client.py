"""A small HTTP client for seeding, checking and signing up: JSON in, status and JSON out.

Knows one base address; must not know what is asked.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any


class Refused(RuntimeError):
    """An answer that was not the one needed to go on."""


class Client:
    """One connection to 127.0.0.1, kept open between questions."""

    def __init__(self, port: int, timeout: float = 60.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: object = None
    ) -> tuple[int, Any]:
        """Sends one request; gives the status, and the body read as JSON (None when it is not).

        A body of bytes goes out as it is, anything else as JSON; `headers` may name another type.
        """
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers} if data is not None else headers
        try:
            self._connection.request(method, path, data, dict(sent))
            response = self._connection.getresponse()
            answer = response.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise
        try:
            return response.status, json.loads(answer)
        except ValueError:
            return response.status, None

    def need(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> Any:
        """As `ask`, but anything outside 2xx raises Refused."""
        status, answer = self.ask(method, path, headers, body)
        if not 200 <= status < 300:
            raise Refused(f"{method} {path} answered {status}: {str(answer)[:300]}")
        return answer

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
