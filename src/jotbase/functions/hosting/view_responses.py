"""The response of a view, checked against HTTP: its status and headers, then each piece.

In charge of confining a view's failure to its own response, and of sending the head with the first
piece only (PEP 3333). Must not know threads, nor the caller.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from jotbase.engines.calls.code_ending import run_unforked
from jotbase.errors import CodeFailed
from jotbase.functions.api.rpc import is_header

#: The key of a view's scope for the function that returns whether the client has disconnected.
GONE = "jotbase.gone"
#: Answers without a body (RFC 9110 sections 15.3.5 and 15.4.5).
_BODILESS = frozenset((204, 304))

log = logging.getLogger("jotbase.functions")


class HungUp(Exception):
    """Ends a response whose client has disconnected."""


def guarded(app: Any) -> Any:
    """Wrap the app so that an exception or an invalid response ends its own response only.

    Also sets `wsgi.input_terminated`: without it werkzeug reads no body without Content-Length.
    """

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.input_terminated"] = True
        head = _Head(start_response)
        pieces = run_unforked(lambda: app(environ, head.take))
        return _Answer(pieces, head, environ["asgi.scope"][GONE])

    return call


class _Head:
    """The status and headers, sent with the first piece."""

    def __init__(self, start_response: Any) -> None:
        self._start = start_response
        self._given: tuple[Any, ...] | None = None
        self._write: Callable[[bytes], None] | None = None
        self.bodiless = False

    def take(self, status: Any, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        """Store them (PEP 3333, `start_response`). Raises CodeFailed if they cannot be sent."""
        code = read_status(status)
        check_headers(headers)
        self._given = (f"{code} -", headers, exc_info)
        self.bodiless = code in _BODILESS

        def write(piece: bytes) -> None:
            self.send()(checked_piece(piece))

        return write

    def send(self) -> Callable[[bytes], None]:
        """Send them, once; return the function that writes a piece."""
        if self._given is None:
            raise CodeFailed("a view answered before it gave a status")
        if self._write is None:
            self._write = self._start(*self._given)
        return self._write


def read_status(status: Any) -> int:
    """Return the status as a number. Raises CodeFailed unless it is a final one, 200 to 599.

    RFC 9110 section 15: three digits in five classes; the first class is interim.
    """
    code = status.partition(" ")[0] if isinstance(status, str) else ""
    if not (code.isascii() and code.isdigit() and len(code) == 3 and "200" <= code <= "599"):
        raise CodeFailed(f"a view answered with an invalid status: {status!r:.100}")
    return int(code)


def check_headers(headers: Any) -> None:
    """Raise CodeFailed for invalid headers, and for those that contradict the framing."""
    lengths = set()
    for name, value in headers:
        if not (isinstance(name, str) and isinstance(value, str) and is_header(name, value)):
            raise CodeFailed(f"a view set an invalid header: {name!r:.100}")
        if name.lower() == "transfer-encoding":
            raise CodeFailed("a view set Transfer-Encoding, which is the server's")
        if name.lower() == "content-length":
            lengths.add(value if value.isascii() and value.isdigit() else "")
    if "" in lengths or len(lengths) > 1:
        raise CodeFailed("a view set an invalid Content-Length")


def checked_piece(piece: Any) -> bytes:
    """Return a piece of the body. Raises CodeFailed unless it is bytes."""
    if not isinstance(piece, bytes):
        raise CodeFailed(f"a view answered {type(piece).__name__} where bytes are due")
    return piece


class _Answer:
    """The iterable of a view's response; closed when the client has disconnected."""

    def __init__(self, pieces: Any, head: _Head, gone: Callable[[], bool]) -> None:
        self._pieces = pieces
        self._head = head
        self._gone = gone

    def __iter__(self) -> Iterator[bytes]:
        pieces = run_unforked(lambda: iter(self._pieces))
        end = object()
        while (piece := run_unforked(lambda: next(pieces, end))) is not end:
            if self._gone():
                raise HungUp
            found = checked_piece(piece)
            if found and not self._head.bodiless:
                self._head.send()
                yield found
        self._head.send()

    def close(self) -> None:
        """Close what was answered; the answer is what it is by then."""
        try:
            run_unforked(getattr(self._pieces, "close", lambda: None))
        except Exception:
            log.exception("closing what a view answered failed")
