"""The project's Flask app under /functions/v1: its caller, its data client, its faults."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from typing import Any

import pytest
from tests.api.data_world import Serve, Wire, refused, table

from jotbase.errors import JotError
from jotbase.http.edge.asgi import Message
from jotbase.testing import TestBackend
from jotbase.testing.wire import exchange, http_scope
from jotbase.values import Request

CODE = """
from flask import Flask, Response, request

from jotbase.functions import caller, data

app = Flask(__name__)


@app.get("/whoami")
def whoami():
    who = caller()
    return {"id": who.id, "role": who.role, "email": who.email}


@app.get("/notes")
def notes():
    return data().get("/notes", {"order": "id"})


@app.post("/notes")
def note():
    return data().post("/notes", request.get_json())[0], 201


@app.get("/none")
def none():
    return data().get("/nowhere")


@app.get("/fail")
def fail():
    raise RuntimeError("the password is swordfish")


@app.get("/break")
def broken():
    def lines():
        yield "line 0\\n"
        raise RuntimeError("the password is swordfish")

    return Response(lines(), mimetype="text/plain")


@app.get("/refused")
def refused_in_the_middle():
    def lines():
        yield "line 0\\n"
        data().get("nowhere")

    return Response(lines(), mimetype="text/plain")


@app.get("/stream")
def stream():
    return Response((f"line {number}\\n" for number in range(3)), mimetype="text/plain")


@app.post("/size")
def size():
    return {"size": len(request.get_data())}


@app.get("/sub/<path:rest>")
def sub(rest):
    return {"rest": rest, "query": request.args.to_dict(), "url": request.path}
"""
NOTES = table(
    {
        "owner": {"type": "string", "format": "uuid", "defaultExpression": "user.id"},
        "text": {"type": "string", "minLength": 1},
    },
    access={"select": "row.owner == user.id", "insert": "new.owner == user.id"},
)


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": NOTES}, {"functions/__init__.py": CODE}, max_body=1000)


@pytest.fixture
def wire(serve: Serve, backend: TestBackend) -> Wire:
    return serve.wire(backend)


def test_a_view_knows_its_caller(backend: TestBackend) -> None:
    """The principal of the request's own token, for every kind of caller."""
    ada = backend.user("ada@example.com")

    assert ada.function("whoami").json() == {
        "id": ada.id,
        "role": "authenticated",
        "email": "ada@example.com",
    }
    assert backend.anonymous.function("whoami").json()["role"] == "anon"
    assert backend.service.function("whoami").json()["role"] == "service_role"


def test_the_data_client_acts_as_the_caller(backend: TestBackend) -> None:
    """Rules hold inside a view: each reads and writes one's own."""
    ada, ben = backend.user(), backend.user()

    made = ada.function("notes", "POST", {"text": "mine"})

    assert (made.status, made.json()["owner"]) == (201, ada.id)
    assert [row["text"] for row in ada.function("notes").json()] == ["mine"]
    assert ben.function("notes").json() == []


def test_a_refusal_of_the_data_client_is_the_answer(backend: TestBackend) -> None:
    """A view that lets a DataError pass answers with it, whole."""
    ada = backend.user()

    assert refused(ada.function("notes", "POST", {"text": ""}), 400, "23514")["details"][0] == {
        "pointer": "/text",
        "keyword": "minLength",
        "message": "the value is shorter than 1 character",
    }
    foreign = {"text": "x", "owner": "00000000-0000-4000-8000-000000000000"}
    refused(backend.anonymous.function("notes", "POST", foreign), 401, "42501")
    refused(ada.function("none"), 404, "PGRST205")


def test_a_view_that_fails_tells_nothing_of_it(backend: TestBackend) -> None:
    """A plain 500: no trace, no message, and the next call is served."""
    answer = backend.anonymous.function("fail")

    assert answer.status == 500
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text
    assert backend.anonymous.function("whoami").status == 200


def test_an_answer_that_breaks_off_is_no_whole_one(wire: Wire) -> None:
    """The server cuts the connection: a client must not take the part for the whole."""
    with pytest.raises(RuntimeError, match="swordfish"):
        wire.ask("GET", b"/functions/v1/break")
    with pytest.raises(JotError, match="nowhere"):
        wire.ask("GET", b"/functions/v1/refused")


def test_a_view_may_stream(backend: TestBackend) -> None:
    """What it yields arrives in order."""
    answer = backend.anonymous.function("stream")

    assert (answer.status, answer.text) == (200, "line 0\nline 1\nline 2\n")


def test_a_body_may_be_as_large_as_any_other(backend: TestBackend, wire: Wire) -> None:
    """JOTBASE_MAX_BODY holds for functions too, whatever length is announced."""
    for announced in ([(b"content-length", b"1001")], []):
        answer = wire.ask("POST", b"/functions/v1/size", announced, b"x" * 1001)
        assert refused(answer, 413, "53400")["details"] == "The limit is 1000 bytes."
    assert backend.anonymous.function("size", "POST", "x" * 998).json() == {"size": 1000}


def test_a_bad_token_never_reaches_a_view(wire: Wire) -> None:
    """It is refused as on the data API."""
    for headers in ([(b"authorization", b"Bearer a.b.c")], [(b"apikey", b"sb_secret_x")]):
        refused(wire.ask("GET", b"/functions/v1/whoami", headers), 401, "PGRST301")


def test_path_and_query_arrive_as_they_were_sent(wire: Wire) -> None:
    """Percent-encoding is undone once, and the mount point is not part of the path."""
    answer = wire.ask("GET", b"/functions/v1/sub/a%20b/%C3%A9%2525?q=%2B1+2")

    assert json.loads(answer.body) == {
        "rest": "a b/é%25",
        "query": {"q": "+1 2"},
        "url": "/sub/a b/é%25",
    }


@pytest.mark.parametrize("path", [b"nothing", b"", b"%ff", b"%00", b"..%2f..%2f.env"])
def test_an_unknown_view_is_not_found(wire: Wire, path: bytes) -> None:
    """Nothing outside the app is reached through it."""
    assert wire.ask("GET", b"/functions/v1/" + path).status == 404


def test_pages_of_other_origins_may_call(wire: Wire) -> None:
    """The preflight is answered for the app, and its answers are granted."""
    origin = (b"origin", b"https://app.example")
    asked = [origin, (b"access-control-request-method", b"POST")]

    assert wire.ask("OPTIONS", b"/functions/v1/size", asked).status == 200
    for path in (b"whoami", b"fail", b"nothing"):
        answer = wire.ask("GET", b"/functions/v1/" + path, [origin])
        assert answer.header("access-control-allow-origin") == "*"


def test_without_functions_there_is_nothing_there(serve: Serve) -> None:
    """A project need not have any."""
    answer = serve({"notes": NOTES}).anonymous.function("whoami")

    assert (answer.status, answer.json()) == (404, {"message": "There is nothing at this path"})


EDGES = """
import threading

from flask import Flask, Response, request

from jotbase.functions import caller, data, rpc

app = Flask(__name__)
go = threading.Event()
closed = threading.Event()


@app.get("/own")
def own():
    return "x", 200, {"Access-Control-Allow-Origin": "https://b.example", "Vary": "Accept"}


@app.get("/hook")
def hook():
    return {"role": caller().role, "token": request.headers.get("Authorization")}


@app.get("/wait")
def wait():
    return {"in_time": go.wait(20)}


@app.get("/go")
def let_go():
    go.set()
    return "gone"


@app.get("/endless")
def endless():
    def pieces():
        try:
            while True:
                yield "x" * 1000
        finally:
            closed.set()

    return Response(pieces())


@rpc
def stays() -> None:
    data().post("notes", {"text": "mine"})
    while True:
        data().get("notes")


@app.get("/closed")
def is_closed():
    return {"closed": closed.wait(20)}
"""


def edges(serve: Serve, **settings: Any) -> tuple[TestBackend, Wire]:
    """Return a backend of those views, and the way to ask it in bytes."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": EDGES}, **settings)
    return backend, serve.wire(backend)


def test_a_views_own_headers_win(serve: Serve) -> None:
    """What it says of origins stands alone, without our leave for credentials beside it."""
    _, wire = edges(serve, cors_origins=("https://a.example",))

    answer = wire.ask("GET", b"/functions/v1/own", [(b"origin", b"https://a.example")])
    names = [name.lower() for name, _ in answer.headers]

    assert names.count("access-control-allow-origin") == 1
    assert answer.header("access-control-allow-origin") == "https://b.example"
    assert "access-control-allow-credentials" not in names
    assert [text for name, text in answer.headers if name.lower() == "vary"] == ["Accept", "Origin"]


def test_a_foreign_token_is_a_views_to_judge_where_it_is_named(serve: Serve) -> None:
    """It is called as the API key says; elsewhere such a token is refused, and a bad key always."""
    foreign = [(b"authorization", b"Bearer whsec.of.somebody")]
    _, strict = edges(serve)
    _, wire = edges(serve, functions_foreign_tokens=("hook",))

    answer = wire.ask("GET", b"/functions/v1/hook", foreign)

    assert json.loads(answer.body) == {"role": "anon", "token": "Bearer whsec.of.somebody"}
    refused(strict.ask("GET", b"/functions/v1/hook", foreign), 401, "PGRST301")
    refused(wire.ask("GET", b"/functions/v1/own", foreign), 401, "PGRST301")
    bad = [*foreign, (b"apikey", b"sb_secret_x")]
    refused(wire.ask("GET", b"/functions/v1/hook", bad), 401, "PGRST301")


def test_more_views_than_may_wait_are_refused(serve: Serve) -> None:
    """503 with the time to try again, while what waits is answered in its turn."""
    backend, wire = edges(serve, functions_threads=1, functions_queue=1)
    run = backend._threads
    ask = partial(exchange, backend._application, Request("GET", "/functions/v1/wait"))
    first, second = (asyncio.run_coroutine_threadsafe(ask(), run.loop) for _ in range(2))

    full = wire.ask("GET", b"/functions/v1/go")
    code = sys.modules["functions"]

    assert refused(full, 503, "53300")["message"] == "too many function calls at once"
    assert full.header("retry-after") == "1"
    code.go.set()
    assert (first.result(20).status, second.result(20).status) == (200, 200)


async def hang_up(backend: TestBackend, request: Request) -> None:
    """Ask, and hang up as soon as the answer begins, or at once where none does."""
    begun = asyncio.Event()
    messages: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        if request.method == "GET":
            await begun.wait()
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        begun.set()

    await asyncio.wait_for(backend._application(http_scope(request), receive, send), 15)


def test_views_run_beside_each_other(serve: Serve) -> None:
    """As many as there are threads, also where one has waited for work already."""
    backend, _ = edges(serve, functions_threads=3)
    backend.anonymous.function("hook")
    ask = partial(exchange, backend._application)
    loop = backend._threads.loop
    asked = [
        asyncio.run_coroutine_threadsafe(ask(Request("GET", f"/functions/v1/{name}")), loop)
        for name in ("wait", "wait", "go")
    ]

    assert [json.loads(one.result(30).body) for one in asked[:2]] == [{"in_time": True}] * 2
    assert asked[2].result(20).body == b"gone"


def test_an_answer_that_nobody_reads_ends(serve: Serve) -> None:
    """A view that streams for ever is closed when its client hangs up."""
    backend, _ = edges(serve)

    backend._threads.run(hang_up(backend, Request("GET", "/functions/v1/endless")))

    assert backend.anonymous.function("closed").json() == {"closed": True}


def test_a_call_that_nobody_waits_for_ends(serve: Serve) -> None:
    """Its next question is refused, and what it wrote is undone."""
    backend, _ = edges(serve)
    headers = {"content-type": "application/json"}

    backend._threads.run(
        hang_up(backend, Request("POST", "/rest/v1/rpc/stays", "", headers, b"{}"))
    )

    assert backend.service.get("/notes").json() == []
