"""Whatever a project's code raises, at whatever border, ends its own answer and nothing more."""

from __future__ import annotations

import asyncio
import builtins
import threading
from pathlib import Path

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError
from jotbase.testing import TestBackend

ENDS = ("SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "asyncio.CancelledError()")
CODE = """
import asyncio
from flask import Flask, Response

from jotbase.functions import Row, computed, data, rpc

app = Flask(__name__)


class Ends:
    def __iter__(self):
        return self

    def __next__(self):
        raise END

    def close(self):
        raise END


@rpc
def ends() -> int:
    data().post("notes", {"text": "lost"})
    raise END


@rpc
async def ends_later() -> int:
    await asyncio.sleep(0)
    raise END


@computed
def shout(note: Row["notes"]) -> str:
    raise END


@app.get("/ends")
def view():
    raise END


@app.get("/begins")
def begins():
    def lines():
        yield "line"
        raise END

    return Response(lines(), mimetype="text/plain")


@app.get("/raw")
def raw():
    return Response(Ends(), mimetype="text/plain")
"""
NOTES = table({"text": {"type": "string"}})


def project(end: str) -> dict[str, str]:
    """Return the project's code, which raises `end` wherever it is asked."""
    return {"functions/__init__.py": CODE.replace("END", end)}


@pytest.fixture(params=ENDS)
def backend(request: pytest.FixtureRequest, serve: Serve) -> TestBackend:
    return serve({"notes": NOTES}, project(request.param))


def test_a_called_function_cannot_end_the_server(backend: TestBackend) -> None:
    """It is a 500 like any failure, nothing is kept, and the next caller is served."""
    for name in ("ends", "ends_later"):
        refused(backend.anonymous.rpc(name), 500, "PGRSTX00")

    assert backend.service.get("/notes").json() == []


def test_a_computed_column_cannot_end_the_server(backend: TestBackend) -> None:
    """Neither where it is read nor where what was written is told."""
    service = backend.service
    service.post("/notes", {"text": "a"})

    refused(service.get("/notes", {"select": "shout"}), 500, "PGRSTX00")
    refused(service.post("/notes", {"text": "b"}, {"select": "shout"}), 500, "PGRSTX00")
    assert service.get("/notes", {"select": "text"}).json() == [{"text": "a"}]


def test_a_view_cannot_end_the_server(serve: Serve, backend: TestBackend) -> None:
    """Neither before its answer begins nor in the middle of it, where the answer is cut off."""
    assert backend.anonymous.function("ends").status == 500
    assert backend.anonymous.function("raw").status == 500
    with pytest.raises(Exception, match=r"Exit|Interrupt|Cancelled"):
        serve.wire(backend).ask("GET", b"/functions/v1/begins")

    assert backend.anonymous.get("/notes").json() == []


@pytest.mark.parametrize("end", ENDS)
def test_code_cannot_end_the_server_that_loads_it(serve: Serve, end: str) -> None:
    """A start says what happened; a reload goes on with what was served."""
    with pytest.raises(ProjectError, match=r"failed to load: [\w.]*(Exit|Interrupt|Cancel)"):
        serve({"notes": NOTES}, {"functions/__init__.py": f"import asyncio\nraise {end}"})

    backend = serve({"notes": NOTES}, {"functions/__init__.py": f"app = print  # {end}"})
    root: Path = backend._backend.project.root
    (root / "functions/__init__.py").write_text(f"import asyncio\nraise {end}")
    with pytest.raises(ProjectError, match="the code failed to load"):
        backend._threads.run(backend._backend.reload())
    assert backend.anonymous.get("/notes").json() == []


def test_code_that_waits_while_it_is_reloaded_holds_up_nobody(serve: Serve) -> None:
    """It loads in a thread: requests are answered meanwhile."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": "app = print"})
    waits = "import builtins\nbuiltins.jot_go.wait(20)\napp = print"
    builtins.jot_go = threading.Event()  # type: ignore[attr-defined]
    (backend._backend.project.root / "functions/__init__.py").write_text(waits)
    loop = backend._threads.loop
    reload = asyncio.run_coroutine_threadsafe(backend._backend.reload(), loop)

    assert backend.anonymous.get("/notes").json() == []
    assert not reload.done()
    builtins.jot_go.set()  # type: ignore[attr-defined]
    reload.result(20)
    assert backend.anonymous.get("/notes").json() == []


ODD = """
from typing import Any

from jotbase.functions import Refusal, Row, computed, data, respond, rpc

Note = Row["notes"]


class Items(list):
    def __iter__(self):
        raise SystemExit


class Loud(BaseException):
    def __str__(self):
        raise SystemExit


def give(what: str) -> Any:
    data().post("notes", {"text": "lost"})
    if what == "loud":
        raise Loud
    if what == "head":
        respond(headers=[("X-Odd", "\\ud800")])
    if what == "length":
        respond(headers=[("Content-Length", "3")])
    if what == "details":
        raise Refusal("P0001", "no", details=object())
    cycle = []
    cycle.append(cycle)
    deep = []
    for _ in range(3000):
        deep = [deep]
    odd = {"cycle": cycle, "deep": deep}
    if what in odd:
        return odd[what]
    return {"items": Items([1]), "object": object(), "big": 2**70, "text": "\\ud800"}[what]


@rpc
def plain(what: str) -> Any:
    return give(what)


@rpc
def numbers(what: str) -> list[int]:
    return give(what)


@rpc
def notes(what: str) -> list[Note]:
    return give(what)


@computed
def odd(note: Note) -> list[Note]:
    return Items([1])
"""


ODDITIES = ["items", "object", "big", "text", "loud", "head", "length", "cycle", "deep"]


@pytest.mark.parametrize("what", ODDITIES)
@pytest.mark.parametrize("name", ["numbers", "notes"])
def test_an_odd_result_is_a_failure_like_any(serve: Serve, name: str, what: str) -> None:
    """Whatever looks at it may run the project's code: that ends nothing, and all is undone."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": ODD})

    assert backend.anonymous.rpc(name, {"what": what}).status == 500
    assert backend.anonymous.rpc("plain", {"what": "details"}).status == 500
    assert backend.service.get("/notes").json() == []
    backend.service.post("/notes", {"text": "a"})
    assert backend.service.get("/notes", {"select": "id,odd(id)"}).status == 500
    assert backend.service.get("/notes", {"select": "text"}).json() == [{"text": "a"}]


ASYNC = """
import asyncio
from flask import Flask, request

from jotbase.functions import Row, computed, data, rpc

app = Flask(__name__)


@app.get("/later")
async def later():
    await asyncio.sleep(0)
    return {"path": request.path, "notes": data().get("notes")}


@rpc
async def sum_of(a: int, b: int) -> int:
    await asyncio.sleep(0)
    return a + b + len(data().get("notes"))
"""


def test_coroutine_functions_are_run(serve: Serve) -> None:
    """`async def` works for views and for functions that are called."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": ASYNC})

    assert backend.anonymous.rpc("sum_of", {"a": 1, "b": 2}).json() == 3
    assert backend.anonymous.function("later").json() == {"path": "/later", "notes": []}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("@rpc\ndef f() -> list[int]:\n    yield 1\n", "gives back no one result"),
        ("@rpc\nasync def f() -> list[int]:\n    yield 1\n", "gives back no one result"),
        ('@computed\nasync def f(row: Row["notes"]) -> int:\n    return 1\n', "write `def`"),
    ],
)
def test_what_cannot_be_run_is_refused_at_load(serve: Serve, code: str, reason: str) -> None:
    """Never a 500 when it is called."""
    head = "from jotbase.functions import Row, computed, rpc\n\n\n"
    with pytest.raises(ProjectError, match=reason):
        serve({"notes": NOTES}, {"functions/__init__.py": head + code})


LOOPS = """
import builtins

from jotbase.functions import Row, computed, rpc


def spin() -> int:
    try:
        while True:
            try:
                pass
            except Exception:
                pass
    finally:
        builtins.jot_ended.set()


@computed
def spins(note: Row["notes"]) -> int:
    return spin()


@rpc(reads=True)
def loops() -> int:
    return spin()
"""


@pytest.mark.parametrize("path", ["/notes", "/rpc/loops"])
def test_a_loop_that_nothing_waits_for_is_ended(serve: Serve, path: str) -> None:
    """A computed column's and a called function's: no thread takes the processor for ever."""
    limits = {"statement_timeout": 100, "transaction_timeout": 100}
    backend = serve({"notes": NOTES}, {"functions/__init__.py": LOOPS}, **limits)
    backend.service.post("/notes", {"text": "a"})
    ended = builtins.jot_ended = threading.Event()  # type: ignore[attr-defined]

    assert backend.service.get(path, {"select": "spins"} if path == "/notes" else {}).status == 504
    assert ended.wait(20)
    assert backend.service.get("/notes", {"select": "text"}).json() == [{"text": "a"}]


HOOKS = """
import builtins
from jotbase.functions import hook


@hook("before_user_created")
def looks(payload):
    if payload["user"]["email"].startswith("ends"):
        raise SystemExit(3)
    try:
        while payload["user"]["email"].startswith("loops"):
            pass
    finally:
        builtins.jot_spun.set()
"""


def test_a_hook_of_accounts_is_ended_and_ends_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its only thread is there for the next caller."""
    monkeypatch.setattr("jotbase.functions.hooks.TIMEOUT", 0.2)
    spun = builtins.jot_spun = threading.Event()  # type: ignore[attr-defined]
    backend = serve({"notes": NOTES}, {"functions/__init__.py": HOOKS}, functions_threads=1)

    with pytest.raises(AssertionError, match="hook_timeout"):
        backend.user("loops@example.com")
    assert spun.wait(20)
    with pytest.raises(AssertionError, match="The hook failed; see the log"):
        backend.user("ends@example.com")
    assert backend.user("ada@example.com").id
