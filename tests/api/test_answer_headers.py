"""Headers that answers have whatever they say: what they vary with, a trace, where they are."""

from __future__ import annotations

import pytest
from tests.api.data_world import Serve, Wire, table

NOTES = {"notes": table({"text": {"type": "string"}})}
ORIGIN = (b"origin", b"https://app.example")
OPEN_VIEW = """
from flask import Flask, Response

app = Flask(__name__)


@app.get("/open")
def open_view():
    return Response("hi", headers={"Access-Control-Allow-Origin": "https://own.example"})
"""


@pytest.fixture
def wire(serve: Serve) -> Wire:
    return serve.wire(serve(NOTES))


@pytest.mark.parametrize("path", [b"/rest/v1/notes", b"/rest/v1/nothing", b"/rest/v1/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_answers_of_the_data_api_say_what_they_vary_with(
    wire: Wire, method: str, path: bytes
) -> None:
    """A cache must not give a CSV to whom JSON was asked by."""
    answer = wire.ask(method, path, [])

    assert ("vary", "Accept, Prefer, Range") in [(n.lower(), v) for n, v in answer.headers]


def test_other_answers_do_not(wire: Wire) -> None:
    """They are the same whatever is preferred."""
    assert wire.ask("GET", b"/health", []).header("vary") is None


@pytest.mark.parametrize("path", [b"/rest/v1/notes", b"/auth/v1/user", b"/health", b"/nothing"])
def test_a_trace_is_repeated(serve: Serve, path: bytes) -> None:
    """Under the name that the settings say, in every answer, and never one with odd bytes."""
    wire = serve.wire(serve(NOTES, trace_header="X-Request-Id"))

    assert wire.ask("GET", path, [(b"x-request-id", b"a-1")]).header("x-request-id") == "a-1"
    assert wire.ask("GET", path, []).header("x-request-id") is None
    assert wire.ask("GET", path, [(b"x-request-id", b"\xe9")]).header("x-request-id") is None


def test_no_trace_is_repeated_unasked(wire: Wire) -> None:
    """Without the setting it is a header as any other."""
    answer = wire.ask("GET", b"/rest/v1/notes", [(b"x-request-id", b"a-1")])

    assert answer.header("x-request-id") is None


@pytest.mark.parametrize(("count", "told"), [(100, True), (500, False)])
def test_a_long_query_is_not_repeated(wire: Wire, count: int, told: bool) -> None:
    """Node's client fails on more than 16 KiB of headers: five hundred UUIDs are twenty."""
    keys = ",".join(["11111111-1111-4111-8111-111111111111"] * count)
    answer = wire.ask("GET", b"/rest/v1/notes?text=in.(" + keys.encode() + b")", [])

    assert answer.status == 200
    assert (answer.header("content-location") is not None) is told


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE"])
def test_the_one_schema_may_be_named(wire: Wire, method: str) -> None:
    """`public` is what is served; another one is refused."""
    name = b"accept-profile" if method in ("GET", "HEAD") else b"content-profile"
    path = b"/rest/v1/notes?text=eq.a"
    body = b'{"text":"a"}' if method in ("POST", "PATCH") else b""
    asked = [(b"content-type", b"application/json")]

    named = wire.ask(method, path, [*asked, (name, b"public")], body)
    assert named.status == wire.ask(method, path, asked, body).status
    assert wire.ask(method, path, [*asked, (name, b"private")], body).status == 406


def test_a_grant_of_a_view_is_not_doubled(serve: Serve) -> None:
    """Browsers refuse an answer that allows two origins."""
    wire = serve.wire(serve(NOTES, {"functions/__init__.py": OPEN_VIEW}))
    answer = wire.ask("GET", b"/functions/v1/open", [ORIGIN])

    granted = [v for n, v in answer.headers if n.lower() == "access-control-allow-origin"]
    assert granted == ["https://own.example"]


@pytest.mark.parametrize(
    ("method", "path", "steps"),
    [
        ("OPTIONS", b"/rest/v1/notes", ["jwt", "parse", "response"]),
        ("OPTIONS", b"/rest/v1/", ["jwt", "parse", "response"]),
        ("GET", b"/rest/v1/notes", ["jwt", "parse", "plan", "transaction", "response"]),
    ],
)
def test_the_steps_of_an_answer_are_timed(
    serve: Serve, method: str, path: bytes, steps: list[str]
) -> None:
    """Where the setting asks for it, each step is named in its order."""
    header = (
        serve.wire(serve(NOTES, server_timing=True)).ask(method, path, []).header("server-timing")
    )

    assert header is not None
    assert [one.split(";")[0] for one in header.split(", ")] == steps
