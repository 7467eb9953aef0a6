"""What is no HTTP, and heads without end: refused in JSON by the protocol class, then cut off."""

from __future__ import annotations

import orjson
import pytest
from tests.api.parser_line import Line, serve

from jotbase.http.server.message_heads import MAX_HEAD

CHUNK = 65_536


def told(line: Line) -> str:
    head, _, body = line.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n")
    assert b"connection: close" in head
    return str(orjson.loads(body)["message"])


@pytest.mark.parametrize(
    "data",
    [
        b"\0\1\2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nPrefer: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nPrefer: a\r\n b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(data: bytes) -> None:
    """Smuggling by two lengths, bytes that no header may hold, and plain noise."""
    line, _ = serve(data)

    assert told(line) == "Invalid HTTP request received."
    assert line.closed


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /?", b"a" * CHUNK),
        (b"GET / HTTP/1.1\r\nX: ", b"a" * CHUNK),
    ],
)
def test_a_head_without_end_is_cut_off(start: bytes, more: bytes) -> None:
    """A long line, a long header: no more is read than the limit and a chunk."""
    line, taken = serve(start, *[more] * 100)

    assert told(line) == "The request's headers are too long."
    assert line.closed
    assert taken <= MAX_HEAD + len(start) + len(more)


def test_a_body_is_no_head() -> None:
    """Its length is not the protocol's to judge, and a head within the limit is served."""
    head = (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nX: "
        + b"a" * 60_000
        + b"\r\n\r\n"
    )

    line, _ = serve(head, *[b"x" * 100_000] * 10)

    assert line.written.startswith(b"HTTP/1.1 204")
    assert not line.closed
