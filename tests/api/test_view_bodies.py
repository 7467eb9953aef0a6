"""Large answers of views: sent by pieces, and held by nobody while their client reads them."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.data_world import Serve, table

from jotbase.engines.spool import KEPT_IN_MEMORY, Spool
from jotbase.errors import JotError
from jotbase.http.edge.asgi import PIECE, Message
from jotbase.http.server import view_bodies
from jotbase.http.server.view_bodies import in_pieces

LARGE, SMALL = KEPT_IN_MEMORY + 5, PIECE + 5


def sent(*messages: Message) -> list[Message]:
    """Send the messages, and return what came of them."""
    found: list[Message] = []

    async def send(message: Message) -> None:
        found.append(message)

    async def go() -> None:
        sending = in_pieces(send)
        for message in messages:
            await sending(message)

    asyncio.run(go())
    return found


def body(size: int, *, more: bool) -> Message:
    """Return a message with so many bytes, none like those beside it."""
    text = b"".join(b"%7d" % number for number in range(size // 7 + 1))[:size]
    return {"type": "http.response.body", "body": text, "more_body": more}


@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("size", [SMALL, LARGE, 2 * PIECE])
def test_a_body_is_sent_by_pieces(size: int, more: bool) -> None:
    """All of it, and only the last piece says that no more comes."""
    found = sent({"type": "http.response.start", "status": 200}, body(size, more=more))
    assert found[0] == {"type": "http.response.start", "status": 200}
    assert b"".join(one["body"] for one in found[1:]) == body(size, more=more)["body"]
    assert max(len(one["body"]) for one in found[1:]) == PIECE
    assert [one["more_body"] for one in found[1:]] == [True] * (len(found) - 2) + [more]


def test_what_is_small_is_sent_as_it_is() -> None:
    """The message itself."""
    small = body(PIECE, more=False)
    assert sent(small)[0] is small


@pytest.mark.parametrize(("size", "held"), [(LARGE, 0), (SMALL, SMALL)])
def test_a_large_body_leaves_its_message(size: int, held: int) -> None:
    """Who made the message still has it, until the client has read the last piece."""
    large = body(size, more=True)
    assert sum(len(one["body"]) for one in sent(large)) == size
    assert len(large["body"]) == held


@pytest.mark.parametrize(
    "error",
    [JotError("53100", "no space left on device"), RuntimeError("can't start new thread")],
)
def test_without_a_file_it_is_sent_from_memory(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A full disk, or a system without threads, refuses no answer that is made already."""

    def full(_: bytes) -> Spool:
        raise error

    monkeypatch.setattr(view_bodies, "kept_in_file", full)
    large = body(LARGE, more=False)
    assert b"".join(one["body"] for one in sent(large)) == large["body"]


def test_a_view_answers_megabytes(serve: Serve) -> None:
    """Its bytes, whether whole or streamed."""
    code = """
from flask import Flask, Response
app = Flask(__name__)


@app.get("/whole")
def whole():
    return Response("abcdefg" * 1_000_000)


@app.get("/stream")
def stream():
    return Response("abcdefg" * 100_000 for _ in range(10))
"""
    backend = serve({"note": table({})}, {"functions/__init__.py": code})
    for name in ("whole", "stream"):
        answer = backend.anonymous.request("GET", f"/functions/v1/{name}")
        assert (answer.status, answer.text) == (200, "abcdefg" * 1_000_000)
