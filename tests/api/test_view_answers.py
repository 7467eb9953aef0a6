"""What views answer that cannot be sent, and whose turn it is to have their threads."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.testing import TestBackend
from jotbase.testing.wire import exchange
from jotbase.values import Request, Response

CODE = """
import threading
from flask import Flask, Response
from jotbase.functions import Refusal, rpc

go = threading.Event()
app = Flask(__name__)


@app.get("/refuses/<what>")
def refuses(what):
    if what == "text":
        raise Refusal("P0001", 42)
    if what == "details":
        raise Refusal("P0001", "no", details=object())
    raise Refusal("P0001", "no", details={"a": 1}, headers=[("X-Why", "b")])


@app.get("/waits")
def waits():
    return {"in_time": go.wait(20)}


@rpc(reads=True)
def waits_too() -> bool:
    return go.wait(20)


@app.get("/quick")
def quick():
    return {}


@rpc(reads=True)
def quick_too() -> bool:
    return True


def closing():
    class Pieces(list):
        def close(self):
            raise RuntimeError("swordfish")

    return Pieces([b"whole"])


STATUSES = {"none": "0 X", "early": "100 Continue", "switch": "101 X", "far": "999 X", "text": "OK"}
HEADERS = {
    "name": [("X Y", "a")],
    "line": [("X-Y", "a\\r\\nX-Z: b")],
    "kind": [("X-Y", 7)],
    "euro": [("X-Y", "\\ud800")],
    "framed": [("Transfer-Encoding", "chunked")],
    "length": [("Content-Length", "7"), ("Content-Length", "8")],
}
PIECES = {"str": ["a"], "number": [7], "nothing": None, "first": (1 / 0 for _ in "a")}


def raw(environ, start_response):
    _, kind, *what = environ["PATH_INFO"].split("/")
    if kind == "status":
        start_response(STATUSES[what[0]], [])
        return [b"a"]
    if kind == "header":
        start_response("200 OK", HEADERS[what[0]])
        return [b"a"]
    if kind == "pieces":
        start_response("200 OK", [])
        return PIECES[what[0]]
    if kind == "closing":
        start_response("200 OK", [])
        return closing()
    if kind == "unsaid":
        return [b"a"]
    if kind == "empty":
        start_response("204 No Content", [])
        return [b"a"]
    return views(environ, start_response)


views, app.wsgi_app = app.wsgi_app, raw
"""
WRONG = [
    *(f"status/{one}" for one in ("none", "early", "switch", "far", "text")),
    *(f"header/{one}" for one in ("name", "line", "kind", "euro", "framed", "length")),
    *(f"pieces/{one}" for one in ("str", "number", "nothing", "first")),
    "unsaid",
]
SHARED = {"functions_threads": 4, "functions_queue": 4}


def project(serve: Serve, **settings: Any) -> TestBackend:
    """Return a backend with that code."""
    return serve({"notes": table({})}, {"functions/__init__.py": CODE}, **settings)


@pytest.mark.parametrize("path", WRONG)
def test_what_cannot_be_sent_is_a_500(
    serve: Serve, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """With a line in the log, and no part of it is sent."""
    backend = project(serve)

    refused(backend.anonymous.function(path), 500, "PGRSTX00")
    assert f"GET /functions/v1/{path} failed" in caplog.text
    assert backend.anonymous.function("quick").json() == {}


def test_a_whole_answer_stays_whole(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Where closing it fails, which is logged; one that has no body sends none."""
    backend = project(serve)

    assert backend.anonymous.function("closing").body == b"whole"
    assert "closing what a view answered failed" in caplog.text
    empty = backend.anonymous.function("empty")
    assert (empty.status, empty.body) == (204, b"")


def test_a_refusal_is_text_and_json(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Any other is the code's failure; what is said of headers holds in views, too."""
    backend = project(serve)

    told = serve.wire(backend).ask("GET", b"/functions/v1/refuses/well")
    assert (told.status, told.header("x-why")) == (400, "b")
    assert json.loads(told.body)["details"] == {"a": 1}
    assert backend.anonymous.function("refuses/text").status == 500
    assert "a Refusal's message is text, not int" in caplog.text
    assert backend.anonymous.function("refuses/details").status == 500
    assert "a Refusal's details cannot be sent" in caplog.text


def asked(backend: TestBackend, path: str, client: str, **headers: str) -> Future[Response]:
    """Ask as the client of that address."""
    request = Request("GET", path, headers=headers, client=client)
    work: Coroutine[Any, Any, Response] = exchange(backend._application, request)
    return asyncio.run_coroutine_threadsafe(work, backend._threads.loop)


@pytest.mark.parametrize(
    ("waits", "quick"),
    [
        ("/functions/v1/waits", "/functions/v1/quick"),
        ("/rest/v1/rpc/waits_too", "/rest/v1/rpc/quick_too"),
    ],
)
@pytest.mark.parametrize("proxied", [False, True])
def test_one_client_never_has_all_threads(
    serve: Serve, waits: str, quick: str, proxied: bool
) -> None:
    """Without an account it is known by its address, or by the proxy's word for it."""
    backend = project(serve, proxies=1 if proxied else 0, **SHARED)

    def ask(path: str, client: str) -> Future[Response]:
        if proxied:
            return asked(backend, path, "10.0.0.9", **{"x-forwarded-for": client})
        return asked(backend, path, client)

    mine = [ask(waits, "10.0.0.1") for _ in range(6)]
    assert ask(quick, "10.0.0.2").result(20).status == 200
    assert ask(waits, "10.0.0.1").result(20).status == 503
    sys.modules["functions"].go.set()
    assert [json.loads(one.result(20).body) for one in mine][5] in (True, {"in_time": True})
