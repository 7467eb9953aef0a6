"""Heads of HTTP messages: which request heads are refused, and rendering response heads.

In charge of what llhttp accepts and RFC 9112 forbids, and of the bytes of response heads. Must not
know the responses, nor any socket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

import orjson

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}

#: The most bytes of a request line and headers; a loop reads up to 256 KiB at one time.
MAX_HEAD = 512 * 1024
#: The most header lines of a request; browsers send 20, nginx takes 1000, Apache 100.
MAX_HEADERS = 200

#: RFC 3986 3.2.2 without what nobody's name has: a comma would also be two lines joined to one.
_HOST = re.compile(r"[\w.~%!$&'()*+;=:\[\]-]*", re.ASCII)

Headers = tuple[tuple[str, str], ...]
#: A status, and what is wrong.
Rejection = tuple[int, str]

NO_HTTP: Rejection = (400, "Invalid HTTP request received.")
TOO_LONG: Rejection = (400, "The request's headers are too long.")
TOO_MANY: Rejection = (431, f"The request has more than {MAX_HEADERS} header lines.")
TOO_LATE: Rejection = (408, "The request did not come in time.")
_HOSTLESS: Rejection = (400, "The request has no Host, several, or one that is no name.")
_VERSION: Rejection = (400, "The version is neither HTTP/1.1 nor HTTP/1.0.")
_CODING: Rejection = (501, "The only transfer coding that is served is chunked.")
_OLD_CODING: Rejection = (400, "HTTP/1.0 has no transfer codings.")


def is_valid_host(value: str | None) -> bool:
    """Whether the Host header is present once and valid (RFC 9112 section 3.2)."""
    return value is not None and _HOST.fullmatch(value) is not None


def rejection_reason(version: str, headers: Iterable[tuple[bytes, bytes]]) -> Rejection | None:
    """Return why a request with this head is not served, though its parser took it."""
    if version not in ("1.1", "1.0"):
        return _VERSION
    hosts, codings = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name == b"transfer-encoding":
            codings.append(value.strip().lower())
    if len(hosts) > 1 or not (is_valid_host(hosts[0]) if hosts else version == "1.0"):
        return _HOSTLESS
    if not codings:
        return None
    # Who stands before us may read the two differently (RFC 9112 6.1, 11.2).
    if version == "1.0":
        return _OLD_CODING
    return None if codings == [b"chunked"] else _CODING


def head(status: int, headers: Headers, *, keep_alive: bool) -> bytes:
    """Return status line and headers as bytes; header values are UTF-8. A status may be any.

    Raises ValueError for a line break in a header, which could begin another one (RFC 9110 5.5).
    """
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    text = "".join((_STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n", *lines))
    if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
        raise ValueError("a header holds a line break")
    return (text if keep_alive else text + "connection: close\r\n").encode() + b"\r\n"


def rejection_response(refusal: Rejection) -> bytes:
    """Return the bytes of the response to a refused request, after which the connection closes."""
    status, message = refusal
    return _last_answer(status, (), orjson.dumps({"message": message}))


def overload_response(message: str, hint: str) -> bytes:
    """Return the bytes of a 503 response, after which the connection closes."""
    error = {"code": "53300", "message": message, "details": None, "hint": hint}
    return _last_answer(503, (("Retry-After", "5"),), orjson.dumps(error))


def _last_answer(status: int, headers: Headers, body: bytes) -> bytes:
    described = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return head(status, (*headers, *described), keep_alive=False) + body
