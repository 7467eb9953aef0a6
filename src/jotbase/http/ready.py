"""uvicorn's HTTP class, extended to take a whole answer: head and body in one write.

In charge of writing an answer's bytes at once where ASGI's two messages would cost two calls into
the kernel and a regular expression a header. Must not know what is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from jotbase.http.asgi import Scope
from jotbase.values import Response

#: The key in `scope["extensions"]` under which the cycle's `answer` stands.
EXTENSION = "jotbase.answer"

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}

#: The most bytes of a request line and headers; a loop reads up to 256 KiB at one time.
MAX_HEAD = 512 * 1024
_TOO_LONG = "The request's headers are too long."

Headers = tuple[tuple[str, str], ...]
#: Writes status, headers and body; False where it cannot, and the ASGI messages must be sent.
Answer = Callable[[int, Headers, bytes], bool]


#: Answers a request from its scope at once, or says None: it needs a task.
AtOnce = Callable[[Scope], Response | None]


class ReadyProtocol(HttpToolsProtocol):
    """Answers what `at_once` can without a task; all else gets what writes a whole answer."""

    at_once: AtOnce = staticmethod(lambda _: None)
    _unfinished: int | None = None

    def on_message_begin(self) -> None:
        """Begin to count what a head takes."""
        self._unfinished = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Count no more: a body has its own limit."""
        self._unfinished = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, and refuse a head that does not end: it is kept whole in memory."""
        super().data_received(data)
        if self._unfinished is not None:
            self._unfinished += len(data)
            if self._unfinished > MAX_HEAD:
                self._unfinished = None
                self.send_400_response(_TOO_LONG)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close."""
        body = orjson.dumps({"message": msg})
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
        self.transport.write(head(400, headers, keep_alive=False) + body)
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope: Any = cycle.scope
        answer = _answering(cycle)
        if scope["method"] == "GET":
            response = self.at_once(scope)
            if response is not None and answer(response.status, response.headers, response.body):
                return
        scope["extensions"] = {EXTENSION: answer}
        super()._start_asgi_task(cycle, app)


def ready_protocol(at_once: AtOnce) -> type[ReadyProtocol]:
    """Return the protocol class of a server that answers so."""
    return type("ReadyProtocol", (ReadyProtocol,), {"at_once": staticmethod(at_once)})


def _answering(cycle: RequestResponseCycle) -> Answer:
    def answer(status: int, headers: Headers, body: bytes) -> bool:
        if cycle.disconnected or cycle.flow.write_paused or cycle.response_started:
            return False
        cycle.transport.write(head(status, headers, keep_alive=cycle.keep_alive) + body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True

    return answer


def head(status: int, headers: Headers, *, keep_alive: bool) -> bytes:
    """Return status line and headers as bytes; header values are UTF-8.

    Raises ValueError for a line break in a header, which could begin another one (RFC 9110 5.5).
    """
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    text = "".join((_STATUS_LINES[status], *lines))
    if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
        raise ValueError("a header holds a line break")
    return (text if keep_alive else text + "connection: close\r\n").encode() + b"\r\n"
