"""Requests that two servers might read in two ways, over real sockets: one reading, or none."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.raw_line import door

CHUNKED = b"Transfer-Encoding: chunked"


def ask(data: bytes) -> bytes:
    """Return all that a new server says to those bytes."""

    async def run() -> bytes:
        async with door() as served, asyncio.timeout(20):
            return await served.ask(data)

    return asyncio.run(run())


def post(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join((b"POST /x " + version, b"Host: a", *lines, b"", body))


@pytest.mark.parametrize(
    "data",
    [
        post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"),
        post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n"),
        post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"),
        post(b"Content-Length: 1", b"Content-Length: 1", body=b"a"),
        post(b"Content-Length: 1, 1", body=b"a"),
        post(b"Content-Length: +1", body=b"a"),
        post(b"Content-Length: 0x1", body=b"a"),
        post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
        post(CHUNKED, body=b"0\r\n\r\n", version=b"HTTP/1.0"),
        post(CHUNKED, body=b"0x1\r\na\r\n0\r\n\r\n"),
        post(CHUNKED, body=b"1\na\n0\n\n"),
        post(b"X: a\r\n b"),
        post(b"X: a\rb"),
        post(b"X: a\0b"),
        post(b"X : a"),
        post(b"X\xc3\xa9: a"),
        b"GET /x HTTP/1.1\nHost: a\n\n",
        b"GET /x HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET /x HTTP/0.9\r\n\r\n",
        b"GET /x\r\n\r\n",
        b"GET /x HTTP/1.2\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(data: bytes) -> None:
    """Nothing behind it on the connection is read: it might be the rest of the body."""
    said = ask(data + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in said
    assert said.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("path", [b"/x", b"/rest/v1/x"])
@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"Host: a\r\nHost: a\r\n",
        b"Host: a\r\nHost: b\r\n",
        b"Host: a b\r\n",
        b"Host: a/b\r\n",
        b"Host: a@b\r\n",
        b"Host: a, b\r\n",
        b"Host: \xff\r\n",
    ],
)
def test_one_host_is_named(path: bytes, hosts: bytes) -> None:
    """RFC 9112 3.2: a request without Host, with two or with one that is no name is a bad one."""
    assert ask(b"GET " + path + b" HTTP/1.1\r\n" + hosts + b"\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [
        b"GET /rest/v1/x HTTP/1.1\r\nHost: a.example:8000\r\n\r\n",
        b"GET /rest/v1/x HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET /x HTTP/1.0\r\n\r\n",
        b"GET http://other/x HTTP/1.1\r\nHost: a\r\n\r\n",
        post(CHUNKED, body=b"1;a=b\r\na\r\n0\r\n\r\n"),
        post(b"Content-Length: 3", body=b"abc"),
    ],
)
def test_what_can_be_read_in_one_way_is_served(data: bytes) -> None:
    """The absolute form, chunk extensions and the first version among it."""
    assert ask(data).startswith(b"HTTP/1.1 200 ")


def test_a_transfer_coding_that_is_not_served_is_told_so() -> None:
    """RFC 9112 6.1: 501, where the body could only be guessed at."""
    said = ask(post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"))

    assert said.startswith(b"HTTP/1.1 501 Not Implemented\r\n")


def test_trailers_are_dropped() -> None:
    """A secret key that stands behind a body is no header."""
    said = ask(post(CHUNKED, body=b"1\r\na\r\n0\r\napikey: secret\r\nauthorization: b\r\n\r\n"))

    assert said.endswith(b"\r\n\r\nhost,transfer-encoding|a")


@pytest.mark.parametrize("rest", [b"a" * 65_536, b"a: b\r\n" * 10_000])
@pytest.mark.parametrize("start", [b"1\r\na\r\n0\r\nx: ", b"1;x="])
def test_trailers_and_extensions_have_an_end(start: bytes, rest: bytes) -> None:
    """What is neither head nor body is bounded as a head is."""
    said = ask(post(CHUNKED, body=start + rest * 20))

    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")


def test_many_headers_are_too_many() -> None:
    """Each costs more than its bytes."""
    said = ask(b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 201 + b"\r\n")

    assert said.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_a_refusal_waits_for_the_answers_before_it() -> None:
    """Else it would be taken for the answer to another request."""
    said = ask(b"GET /rest/v1/one HTTP/1.1\r\nHost: a\r\n\r\nno http\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"GET /rest/v1/one  HTTP/1.1 400 " in said
    assert said.count(b"HTTP/1.1 ") == 2


def test_a_long_pipeline_is_cut() -> None:
    """A hundred wait at most; one more is told so behind their answers."""
    said = ask(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 200)

    assert said.count(b"HTTP/1.1 200 OK") == 101
    assert said.count(b"HTTP/1.1 503 ") == 1
