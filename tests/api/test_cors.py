"""Pages of other origins: what they may send, and what they may read."""

from __future__ import annotations

import pytest
from tests.api.data_world import Serve, Wire, table

from jotbase.values import Response

NOTES = {"notes": table({"text": {"type": "string"}})}
ORIGIN = (b"origin", b"https://app.example")
PATHS = (b"/rest/v1/notes", b"/auth/v1/token", b"/functions/v1/x", b"/health", b"/nothing")


@pytest.fixture
def wire(serve: Serve) -> Wire:
    return serve.wire(serve(NOTES))


@pytest.fixture
def choosy(serve: Serve) -> Wire:
    return serve.wire(serve(NOTES, cors_origins=("https://app.example", "https://b.example")))


def preflight(wire: Wire, path: bytes, origin: bytes = ORIGIN[1]) -> Response:
    asked = (b"access-control-request-method", b"PATCH")
    names = (b"access-control-request-headers", b"apikey, prefer, x-odd")
    return wire.ask("OPTIONS", path, [(b"origin", origin), asked, names])


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_is_answered_for_every_path(wire: Wire, path: bytes) -> None:
    """Without credentials, which a browser does not send along: what was asked for is granted."""
    answer = preflight(wire, path)

    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("access-control-allow-origin") == "*"
    methods = (answer.header("access-control-allow-methods") or "").split(", ")
    assert {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"} <= set(methods)
    names = (answer.header("access-control-allow-headers") or "").lower().split(", ")
    assert {"authorization", "apikey", "prefer", "x-odd"} <= set(names)
    assert answer.header("access-control-max-age") == "86400"


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_may_be_read_refusals_too(wire: Wire, path: bytes) -> None:
    """A page must see why it was refused, and the headers that its client reads."""
    answer = wire.ask("GET", path, [ORIGIN])

    assert answer.header("access-control-allow-origin") == "*"
    exposed = [v for k, v in answer.headers if k.lower() == "access-control-expose-headers"]
    assert "Content-Range" in ", ".join(exposed)


@pytest.mark.parametrize("origin", [b"https://app.example", b"https://b.example"])
def test_a_listed_origin_is_named(choosy: Wire, origin: bytes) -> None:
    """Caches are told that the answer depends on the origin."""
    for answer in (
        preflight(choosy, PATHS[0], origin),
        choosy.ask("GET", PATHS[0], [(b"origin", origin)]),
    ):
        assert answer.header("access-control-allow-origin") == origin.decode()
        assert "Origin" in (answer.header("vary") or "")


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"https://app.example.evil.example",
        b"http://app.example",
        b"https://app.example:444",
        b"https://APP.example",
        b"null",
        b"*",
        b"https://app.example, https://b.example",
        b"https://app.example\r\nX-Odd: 1",
        b"\xff",
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_another_origin_is_granted_nothing(choosy: Wire, path: bytes, origin: bytes) -> None:
    """Nothing that looks alike is alike; the answer itself does not change."""
    for answer in (
        preflight(choosy, path, origin),
        choosy.ask("GET", path, [(b"origin", origin)]),
    ):
        assert answer.header("access-control-allow-origin") is None
        assert answer.status in (200, 401, 404)


def test_a_request_without_an_origin_gets_no_grant(wire: Wire) -> None:
    """Servers and command lines need none."""
    answer = wire.ask("GET", PATHS[0])

    assert not any(name.lower().startswith("access-control") for name, _ in answer.headers)
