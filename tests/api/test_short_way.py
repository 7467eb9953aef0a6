"""The data API's short way from the parser to an answer: what takes it, and in which order."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.parser_line import MAX_BODY, connect, serve, turn

from jotbase.values import Request, Response

GET = b"GET /rest/v1/jobs?id=eq.1 HTTP/1.1\r\nHost: a\r\n\r\n"


def ready(request: Request) -> Response:
    return Response(200, (("Content-Length", "3"),), b"now")


def test_what_is_known_is_answered_in_one_write() -> None:
    """Head and body, and the connection stays open."""
    line, _ = serve(GET, now=ready)

    assert line.written == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnow"
    assert not line.closed


def test_what_has_to_wait_is_answered_later() -> None:
    """Where `now` says None, `later` gets the same request."""
    line, _ = serve(GET)

    assert line.written.endswith(b"\r\n\r\nGET /rest/v1/jobs id=eq.1 ")


def test_a_body_comes_whole_however_it_is_cut() -> None:
    """Each chunk of a body is kept until Content-Length is reached."""
    head = b"POST /rest/v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"

    line, _ = serve(head + b"ab", b"c", b"def")

    assert line.written.endswith(b"\r\n\r\nPOST /rest/v1/jobs  abcdef")


def test_repeated_headers_are_joined() -> None:
    """As RFC 9110 section 5.3 has it, names in lower case."""
    seen: list[Request] = []

    def keep(request: Request) -> Response:
        seen.append(request)
        return ready(request)

    serve(b"GET /rest/v1/a HTTP/1.1\r\nHost: a\r\nPrefer: a=b\r\nPREFER: c=d\r\n\r\n", now=keep)

    assert seen[0].headers == {"host": "a", "prefer": "a=b, c=d"}


def test_pipelined_requests_are_answered_in_order() -> None:
    """What needs a turn of the loop is not overtaken by what does not."""
    second = b"GET /rest/v1/two HTTP/1.1\r\nHost: a\r\n\r\n"

    def first_waits(request: Request) -> Response | None:
        return None if request.path.endswith("jobs") else ready(request)

    line, _ = serve(GET + second + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", now=first_waits)

    bodies = [part.partition(b"\r\n\r\n")[2] for part in line.written.split(b"HTTP/1.1 ")[1:]]
    assert bodies[0] == b"GET /rest/v1/jobs id=eq.1 "
    assert [b"x-way: long" in part for part in line.written.split(b"HTTP/1.1 ")[1:]] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD /rest/v1/jobs HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS /rest/v1/jobs HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /rest/v1/jobs HTTP/1.0\r\n\r\n",
        b"GET /rest/v1/jobs HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /rest/v1/jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET http://a/rest/v1/jobs HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /rest/v1/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /rest/v1/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"POST /rest/v1/a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
    ],
)
def test_all_else_goes_the_long_way(data: bytes) -> None:
    """Other paths and methods, and all that asks something of the connection."""
    line, _ = serve(data)

    assert line.written.startswith(b"HTTP/1.1 204")
    assert b"x-way: long" in line.written


def test_a_status_that_has_no_name_is_written() -> None:
    """A function may choose any."""
    line, _ = serve(GET, now=lambda _: Response(332, (("Content-Length", "0"),)))

    assert line.written == b"HTTP/1.1 332 \r\nContent-Length: 0\r\n\r\n"


def test_one_connections_trouble_is_not_the_others() -> None:
    """Answers of one turn are written together, and one that cannot be is cut off alone."""

    async def two() -> tuple[bool, bytes]:
        broken, first = connect(now=ready)
        sound, second = connect(now=ready)
        second.outbox = first.outbox
        broken.write = fail  # type: ignore[method-assign]
        first.data_received(GET)
        second.data_received(GET)
        await turn()
        await turn()
        return broken.closed, sound.written

    def fail(data: object) -> None:
        raise OSError("no more")

    closed, written = asyncio.run(two())

    assert closed
    assert written.endswith(b"now")


def test_an_idle_connection_is_closed() -> None:
    """Only after an answer, and not before its time."""

    async def idle() -> bool:
        line, protocol = connect(now=ready, keep_alive=0.01)
        protocol.data_received(GET)
        protocol.data_received(GET)
        async with asyncio.timeout(20):
            await line.ended.wait()
        return line.written.count(b"HTTP/1.1 ") == 2

    assert asyncio.run(idle())


def test_a_connection_in_use_is_not_idle() -> None:
    """However long an answer takes."""

    async def wait() -> bool:
        asked = asyncio.Event()
        answered = asyncio.Event()

        async def slow(request: Request) -> Response:
            asked.set()
            await answered.wait()
            return ready(request)

        line, protocol = connect(later=slow, keep_alive=0)
        protocol.data_received(GET)
        async with asyncio.timeout(20):
            await asked.wait()
            await turn()
            still_open = not line.closed
            answered.set()
            await line.ended.wait()
        return still_open and line.written.endswith(b"now")

    assert asyncio.run(wait())


def test_a_header_cannot_begin_another_one() -> None:
    """An answer whose header holds a line break is never written."""

    def splitting(request: Request) -> Response:
        return Response(200, (("Location", "a\r\nSet-Cookie: b"),))

    line, _ = serve(GET, now=splitting)

    assert line.written == b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
