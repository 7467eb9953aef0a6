"""How a view's answer is handed to the server: a whole one at once, a stream piece by piece."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.http.edge.asgi import Message
from jotbase.testing.wire import http_scope
from jotbase.values import Request

CODE = """
from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/whole")
def whole():
    return {"a": 1}


@app.get("/empty")
def empty():
    return "", 204


@app.get("/pieces")
def pieces():
    return Response(iter(["ab", "cd"]), mimetype="text/plain")


@app.get("/measured")
def measured():
    return Response(iter(["ab", "cd"]), headers={"Content-Length": "4"})


@app.post("/echo")
def echo():
    first = request.stream.read(2)
    return {"first": first.decode(), "rest": request.stream.read().decode()}


@app.post("/ignore")
def ignore():
    return "ignored"


def writing(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"ab")
    return [b"cd"]


app.wsgi_app = (lambda flask: lambda environ, start: (
    writing(environ, start) if environ["PATH_INFO"] == "/writing" else flask(environ, start)
))(app.wsgi_app)
"""


@pytest.fixture
def messages(serve: Serve) -> Any:
    """Return what asks a view with these parts of a body, and gives back all messages."""
    backend = serve({"notes": table({})}, {"functions/__init__.py": CODE})

    async def ask(method: str, view: str, parts: tuple[bytes, ...]) -> list[Message]:
        said: list[Message] = []
        left = list(parts)

        async def receive() -> Message:
            if left:
                part = left.pop(0)
                return {"type": "http.request", "body": part, "more_body": bool(left)}
            await asyncio.Event().wait()
            raise AssertionError("nobody disconnects")

        async def send(message: Message) -> None:
            said.append(message)

        scope = http_scope(Request(method, f"/functions/v1/{view}", "", {}))
        async with asyncio.timeout(20):
            await backend._application(scope, receive, send)
        return said

    def run(method: str, view: str, *parts: bytes) -> list[Any]:
        told = serve.threads.run(ask(method, view, parts or (b"",)))
        return [
            told[0]["status"],
            *((one["body"], one.get("more_body", False)) for one in told[1:]),
        ]

    return run


def test_a_whole_answer_wakes_the_loop_once(messages: Any) -> None:
    """Its head, its only piece and its end come together; so do those of an empty one."""
    assert messages("GET", "whole") == [200, (b'{"a":1}\n', True), (b"", False)]
    assert messages("GET", "empty") == [204, (b"", False)]
    assert messages("HEAD", "whole") == [200, (b"", False)]


def test_pieces_are_sent_as_they_come(messages: Any) -> None:
    """Whether the length is known or not, and by PEP 3333's `write`, too."""
    stream = [200, (b"ab", True), (b"cd", True), (b"", False)]
    assert messages("GET", "pieces") == stream
    assert messages("GET", "measured") == stream
    assert messages("GET", "writing") == stream


@pytest.mark.parametrize("parts", [(b"abcdef",), (b"a", b"bcd", b"ef"), (b"abcdef", b"")])
def test_a_body_is_read_however_it_arrives(messages: Any, parts: tuple[bytes, ...]) -> None:
    """In one message or in many; a view may leave it unread."""
    told = (b'{"first":"ab","rest":"cdef"}\n', True)
    assert messages("POST", "echo", *parts) == [200, told, (b"", False)]
    assert messages("POST", "ignore", *parts) == [200, (b"ignored", True), (b"", False)]
