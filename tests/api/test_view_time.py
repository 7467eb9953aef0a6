"""Views that do not return: their time ends, and everybody else is served."""

from __future__ import annotations

import asyncio
import builtins
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.engines.calls.code_ending import end_code
from jotbase.functions.hosting.view_deadline import RUN, Run, followed
from jotbase.testing import TestBackend

CODE = """
import builtins
from flask import Flask, Response, abort, request

app = Flask(__name__)


def spin():
    try:
        while True:
            pass
    finally:
        builtins.jot_spun.set()


@app.before_request
def before():
    if request.args.get("at") == "before":
        spin()


@app.after_request
def after(response):
    if request.args.get("at") == "after":
        spin()
    return response


@app.teardown_request
def teardown(error):
    if request.args.get("at") == "teardown":
        spin()


@app.errorhandler(418)
def handler(error):
    spin()


@app.get("/waits")
def waits():
    builtins.jot_go.wait(60)
    return {}


@app.get("/stops")
def stops():
    def pieces():
        yield b"a"
        builtins.jot_go.wait(60)
        yield b"b"
    return Response(pieces())


@app.get("/quick")
def quick():
    if request.args.get("at") == "handler":
        abort(418)
    return {"quick": True}
"""


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """The event that views wait for; set at the end, so that no thread is left."""
    builtins.jot_go = threading.Event()  # type: ignore[attr-defined]
    yield builtins.jot_go  # type: ignore[attr-defined]
    builtins.jot_go.set()  # type: ignore[attr-defined]


def backend_of(serve: Serve, limit: int = 100) -> TestBackend:
    """Return a backend with two threads for views."""
    files = {"functions/__init__.py": CODE}
    return serve({"notes": table({})}, files, functions_threads=2, functions_timeout=limit)


@pytest.mark.usefixtures("go")
def test_a_view_that_does_not_return_is_left_behind(serve: Serve) -> None:
    """504 in the form of all errors; as many as there are threads have others in their place."""
    backend = backend_of(serve)

    for _ in range(2):
        error = refused(backend.anonymous.function("waits"), 504, "57014")
        assert error["message"] == "canceling view due to its time limit"
        assert error["details"] == "The limit is 100 ms until the next piece of its answer."
    assert backend.anonymous.function("quick").json() == {"quick": True}


def test_those_that_come_back_give_their_turn_back(serve: Serve, go: threading.Event) -> None:
    """Also beyond the threads that there may be more of: what was left is served again."""
    backend = backend_of(serve)
    for _ in range(4):
        refused(backend.anonymous.function("waits"), 504, "57014")

    go.set()
    for _ in range(5):
        assert backend.anonymous.function("quick").json() == {"quick": True}


@pytest.mark.usefixtures("go")
def test_an_answer_that_does_not_go_on_is_cut_off(serve: Serve) -> None:
    """Nobody takes the part for the whole."""
    backend = backend_of(serve)

    with pytest.raises(Exception, match="time limit"):
        serve.wire(backend).ask("GET", b"/functions/v1/stops")
    assert backend.anonymous.function("quick").json() == {"quick": True}


@pytest.mark.parametrize("at", ["before", "after", "teardown", "handler"])
def test_code_around_a_view_is_ended_alike(serve: Serve, at: str) -> None:
    """A loop in it takes the processor no longer than the view may."""
    backend = backend_of(serve)
    spun = builtins.jot_spun = threading.Event()  # type: ignore[attr-defined]

    answer = backend.anonymous.request("GET", "/functions/v1/quick", {"at": at})

    assert answer.status == 504 if at != "teardown" else answer.status in (200, 504)
    assert spun.wait(20)
    assert backend.anonymous.function("quick").json() == {"quick": True}


PROJECT_CODE = """
def spin(until, answer):
    while not until():
        pass
    return answer
"""


def test_the_end_of_a_view_does_not_hit_the_next_one_of_its_thread() -> None:
    """The view that was left behind came back; its thread serves another caller's view since."""
    spin: dict[str, Any] = {"__name__": "functions"}
    exec(PROJECT_CODE, spin)
    left, other = asyncio.run(_two_runs())
    begun, ended = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], _: Any) -> Any:
        if environ["asgi.scope"][RUN] is left:
            return []
        begun.set()
        return spin["spin"](ended.is_set, [b"whole"])

    def serve() -> Any:
        for run in (left, other):
            answer = followed(app)({"asgi.scope": {RUN: run}}, None)
        return answer

    with ThreadPoolExecutor(1) as threads:
        serving = threads.submit(serve)
        begun.wait(10)
        assert left.thread is not None
        end_code(left.thread, lambda: not left.has_thread())
        for one in threading.enumerate():
            if one.name == "jotbase-end-code":
                one.join(10)
        ended.set()
        assert serving.result(10) == [b"whole"]


async def _two_runs() -> tuple[Run, Run]:
    return Run(1.0, _never, _never), Run(1.0, _never, _never)


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is told")
