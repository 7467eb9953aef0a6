"""A service at the other end of HTTP, for code that calls one or sends webhooks to it.

It stands for a server that the project does not run. A real socket, so that every library reaches
it; it answers what a test has said, and nothing else. Must not know the backend.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

#: How long `wait_for` waits, in seconds: a test that fails must end.
PATIENCE = 10.0


@dataclass(frozen=True)
class Received:
    """A request that came in; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body, None when it is empty."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class _Told:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hangs_up: bool = False


class Remote:
    """A server on a port of its own; `requests` are those that came in, in order."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.unexpected: list[Received] = []
        self._told: dict[tuple[str, str], list[_Told]] = {}
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer such requests so: JSON, or bytes. Several answers are given in turn, the last one
        for good.
        """
        if isinstance(body, bytes):
            kind, content = "application/octet-stream", body
        else:
            kind, content = "application/json", b"" if body is None else json.dumps(body).encode()
        told = _Told(status, {"Content-Type": kind, **(headers or {})}, content)
        self._told.setdefault((method, path), []).append(told)

    def hang_up(self, method: str, path: str) -> None:
        """Close the connection of such a request without an answer, as a broken network does."""
        self._told.setdefault((method, path), []).append(_Told(hangs_up=True))

    def wait_for(self, count: int = 1) -> list[Received]:
        """Wait until so many requests have come in, and return all. Raises AssertionError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE):
                raise AssertionError(f"{len(self.requests)} requests came in, not {count}")
            return list(self.requests)

    def close(self) -> None:
        """Stop. Raises AssertionError where a request came in that no answer was told for."""
        self._server.shutdown()
        self._server.server_close()
        if self.unexpected:
            shown = ", ".join(f"{one.method} {one.path}" for one in self.unexpected)
            raise AssertionError(f"the remote service was asked for what it does not have: {shown}")

    def _take(self, request: Received) -> _Told:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            answers = self._told.get((request.method, request.path), [])
            if not answers:
                self.unexpected.append(request)
                return _Told(404, {}, b"")
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = PATIENCE

            def _serve(self) -> None:
                path, _, query = self.path.partition("?")
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = dict(parse_qsl(query, keep_blank_values=True))
                told = take(Received(self.command, path, asked, headers, self._body()))
                if told.hangs_up:
                    self.close_connection = True
                    return
                self.send_response(told.status)
                lines = {"Content-Length": str(len(told.body)), **told.headers}
                for name, value in lines.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told.body)

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("content-length", 0)))
                found = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    found += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                """Say nothing: `requests` has them."""

        return Handler
