"""The testing kit's `remote`: it answers what it was told, and keeps what it was asked."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from jotbase.testing.remote import Remote


@pytest.fixture
def service() -> Iterator[Remote]:
    made = Remote()
    yield made
    made.unexpected.clear()
    made.close()


def ask(service: Remote, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Send a request, and return status and body."""
    try:
        asked = Request(service.url + path, body, {"X-A": "b"}, method=method)
        with urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_answers_what_it_was_told(service: Remote) -> None:
    """JSON and bytes, in turn, and the last answer again."""
    service.answer("POST", "/charges", {"id": 1}, status=201)
    service.answer("POST", "/charges", b"busy", status=503)

    assert ask(service, "POST", "/charges?a=1&b=", b'{"n": 2}') == (201, b'{"id": 1}')
    assert [ask(service, "POST", "/charges") for _ in range(2)] == [(503, b"busy")] * 2
    first = service.wait_for(3)[0]
    assert (first.method, first.path, first.query) == ("POST", "/charges", {"a": "1", "b": ""})
    assert (first.json(), first.headers["x-a"]) == ({"n": 2}, "b")


def test_what_nobody_told_is_refused_and_fails_the_test() -> None:
    """404 for the code; the end of the test names the requests."""
    service = Remote()
    service.answer("GET", "/a")
    assert ask(service, "GET", "/b") == (404, b"")

    with pytest.raises(AssertionError, match="does not have: GET /b"):
        service.close()


def test_it_hangs_up(service: Remote) -> None:
    """As a network that breaks after the request."""
    service.hang_up("GET", "/a")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(service, "GET", "/a")
    assert [one.path for one in service.requests] == ["/a"]


def test_a_body_may_come_in_chunks(service: Remote) -> None:
    """As of an iterator whose length nobody knows."""
    service.answer("PUT", "/a")
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=10)
    connection.request("PUT", "/a", iter([b"ab", b"cd"]), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()

    assert service.requests[0].body == b"abcd"
