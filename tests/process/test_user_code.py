"""The real server beside a project's code that waits for ever, ends the process, or asks itself."""

from __future__ import annotations

import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from tests.process.server import Served, serving, write_project

CODE = """
import json
import multiprocessing
import os
import sys
import threading
import time
from urllib.request import Request, urlopen

from flask import Flask, Response
from jotbase.functions import Row, computed, data, hook, rpc

app = Flask(__name__)
never = threading.Event()


def forked() -> int:
    child = os.fork()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 7


@rpc
def forks() -> int:
    data().post("notes", {"text": str(os.getpid())})
    return forked()


@app.get("/forks")
def view_forks():
    return {"ended": forked()}


@hook("before_user_created")
def hook_forks(payload):
    if payload["user"]["email"] == "forks@example.com":
        return {"error": {"http_code": 418, "message": f"ended {forked()}"}}


@computed
def ended(note: Row["notes"]) -> int:
    return forked()


@app.get("/forks_late")
def view_forks_late():
    def pieces():
        yield str(forked())

    return Response(pieces())


@rpc
def starts_a_process() -> int:
    made = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    made.start()
    return made.pid


@rpc
def asks_in_a_fork(word: str) -> list[Row["notes"]]:
    if child := os.fork():
        os.waitpid(child, 0)
        return []
    return data().get("notes") if word == "asks" else [{"id": 1, "text": "a"}]


@rpc
def waits(sign: str) -> None:
    data().post("notes", {"text": "waits"})
    open(sign, "w").close()
    never.wait()


@rpc
def ends() -> None:
    sys.exit(3)


@rpc
def asks_itself(url: str, key: str) -> list[str]:
    data().post("notes", {"text": "mine"})
    headers = {"apikey": key, "content-type": "application/json"}
    body = json.dumps({"text": "asked for"}).encode()
    urlopen(Request(url + "/rest/v1/notes", body, headers), timeout=15).close()
    return [note["text"] for note in data().get("notes", {"order": "text"})]


@computed
def hangs(note: Row["notes"]) -> str:
    open(note["text"], "w").close()
    never.wait()


@app.get("/waits")
def view():
    never.wait()


@app.get("/ends")
def view_ends():
    raise KeyboardInterrupt
"""
NOTES = {
    "type": "object",
    "properties": {"id": {"type": "integer", "identity": True}, "text": {"type": "string"}},
    "required": ["id", "text"],
    "primaryKey": ["id"],
    "access": {"select": "True", "insert": "True"},
}


def project(folder: Path) -> Path:
    """Return a project of that code."""
    return write_project(folder, {"notes": NOTES}, **{"functions/__init__.py": CODE})


def asked(served: Served, method: str, path: str, body: str = "") -> HTTPConnection:
    """Return a connection that has asked, and does not wait for the answer."""
    parts = urlsplit(served.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    headers = {"apikey": served.keys["publishable_key"], "content-type": "application/json"}
    connection.request(method, path, body, headers)
    return connection


def texts(served: Served) -> list[str]:
    """Return what the notes say, in order."""
    return [note["text"] for note in served.ask("GET", "/rest/v1/notes?order=text")]


def test_others_write_and_the_server_ends_while_code_waits(tmp_path: Path) -> None:
    """What it wrote is nobody's, and neither its threads nor its clients keep the process."""
    with serving(project(tmp_path)) as served:
        sign = tmp_path / "sign"
        waiting = [asked(served, "POST", "/rest/v1/rpc/waits", f'{{"sign": "{sign}"}}')]
        waiting += [asked(served, "GET", "/functions/v1/waits") for _ in range(3)]
        account = {"email": "ada@example.com", "password": "correct horse"}

        assert "access_token" in served.ask("POST", "/auth/v1/signup", account)
        while not sign.exists():
            served.ask("POST", "/rest/v1/notes", {"text": "other"})
        assert "waits" not in texts(served)
        served.process.terminate()
        assert served.process.wait(20) == 0
        assert {one.getresponse().status for one in waiting[1:]} == {503}
        for connection in waiting:
            connection.close()
    with serving(tmp_path) as again:
        assert "waits" not in texts(again)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/rest/v1/rpc/ends"), ("GET", "/functions/v1/ends")]
)
def test_code_cannot_end_the_process(tmp_path: Path, method: str, path: str) -> None:
    """It is answered 500, and the next one is served."""
    with serving(project(tmp_path)) as served:
        with pytest.raises(HTTPError, match="500"):
            served.ask(method, path, {} if method == "POST" else None)
        assert texts(served) == []


def test_a_function_asks_its_own_server(tmp_path: Path) -> None:
    """In the middle of its own unit of work, and both are kept."""
    with serving(project(tmp_path)) as served:
        body = {"url": served.url, "key": served.keys["publishable_key"]}

        assert served.ask("POST", "/rest/v1/rpc/asks_itself", body) == ["asked for", "mine"]
        assert texts(served) == ["asked for", "mine"]


def test_a_statement_that_asked_for_code_that_waits_keeps_nothing(tmp_path: Path) -> None:
    """Neither others from writing, nor the process from ending, nor its successor from the file."""
    folder, sign = project(tmp_path), tmp_path / "sign"
    told = {"prefer": "return=representation"}
    hangs, lost = "/rest/v1/notes?select=hangs", {"text": str(sign)}
    with serving(folder, env={"JOTBASE_STATEMENT_TIMEOUT": "300"}) as served:
        with pytest.raises(HTTPError, match="504"):
            served.ask("POST", hangs, lost, headers=told)
        served.ask("POST", "/rest/v1/notes", {"text": str(tmp_path / "a")})
        with pytest.raises(HTTPError, match="504"):
            served.ask("GET", hangs)
        assert texts(served) == [str(tmp_path / "a")]
    sign.unlink()
    patient = {"JOTBASE_STATEMENT_TIMEOUT": "60000"}
    with serving(folder, env=patient) as again, ThreadPoolExecutor() as pool:
        held = pool.submit(again.ask, "POST", hangs, lost, headers=told)
        while not sign.exists():
            assert texts(again) == [str(tmp_path / "a")]
        again.process.terminate()
        assert again.process.wait(20) == 0
        assert held.exception() is not None
    with serving(folder) as last:
        last.ask("POST", "/rest/v1/notes", {"text": "c"})
        assert texts(last) == [str(tmp_path / "a"), "c"]


def test_a_process_that_code_forked_ends_with_the_code(tmp_path: Path) -> None:
    """It sends nothing, commits nothing, and keeps neither the port nor the file."""
    with serving(project(tmp_path)) as served:
        assert served.ask("POST", "/rest/v1/rpc/forks", {}) == 1
        assert served.ask("GET", "/functions/v1/forks") == {"ended": 1}
        assert served.ask("GET", "/functions/v1/forks_late") == 1
        [note] = served.ask("GET", "/rest/v1/notes?select=ended")
        assert note == {"ended": 1}
        account = {"email": "forks@example.com", "password": "correct horse"}
        with pytest.raises(HTTPError) as refused:
            served.ask("POST", "/auth/v1/signup", account)
        assert json.load(refused.value)["msg"] == "ended 1"
        assert texts(served) == [str(served.process.pid)]
        served.process.terminate()
        assert served.process.wait(20) == 0


@pytest.mark.parametrize("word", ["asks", "returns"])
def test_a_forked_process_has_no_way_to_the_data(tmp_path: Path, word: str) -> None:
    """Whatever it asks for or gives back, it waits for no thread that it has not."""
    with serving(project(tmp_path)) as served:
        assert served.ask("POST", "/rest/v1/rpc/asks_in_a_fork", {"word": word}) == []
        assert texts(served) == []


def test_a_process_that_code_started_keeps_no_connection_and_no_port(tmp_path: Path) -> None:
    """Clients are hung up on, the server ends while it runs, and the next one has the port."""
    with serving(project(tmp_path)) as served:
        place = ("127.0.0.1", urlsplit(served.url).port or 0)
        with socket.create_connection(place, timeout=20) as line:
            child = served.ask("POST", "/rest/v1/rpc/starts_a_process", {})
            try:
                line.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                with line.makefile("rb") as answer:
                    assert answer.read().startswith(b"HTTP/1.1 200")
                served.process.terminate()
                assert served.process.wait(20) == 0
                with socket.create_server(place):
                    pass
            finally:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)


SIGNALS = """
import signal

for one in (signal.SIGTERM, signal.SIGALRM):
    signal.signal(one, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
app = print
"""


def test_code_cannot_keep_the_server_from_its_signals(tmp_path: Path) -> None:
    """What handles or blocks them while it is loaded is undone when the server starts."""
    folder = write_project(tmp_path, {"notes": NOTES}, **{"functions/__init__.py": SIGNALS})
    with serving(folder) as served:
        assert texts(served) == []
        served.process.terminate()
        assert served.process.wait(20) == 0


LOADED = """
import os

pid = os.fork()
if pid:
    CHILD = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

from jotbase.functions import rpc


@rpc
def ended() -> int:
    return CHILD
"""


def test_code_that_forks_while_it_is_loaded_makes_no_second_server(tmp_path: Path) -> None:
    """The child ends where the code does."""
    folder = write_project(tmp_path, {"notes": NOTES}, **{"functions/__init__.py": LOADED})
    with serving(folder) as served:
        assert served.ask("POST", "/rest/v1/rpc/ended", {}) == 1
