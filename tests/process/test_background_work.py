"""`kill -9` while background work runs: it runs again after the restart, by the same key."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from tests.postgres_server import Server
from tests.process.server import Served, command, serving, write_project

CODE = """
from urllib.request import Request, urlopen

from jotbase.functions import after, data, rpc, task, webhook


def told(path, key):
    urlopen(Request(f"{RECEIVER}/{path}", key.encode()), timeout=30).close()


@after("insert", "notes")
def hooked(change):
    told(change.new["text"], change.key)


@task
def later(path, key):
    told(path, key)


@task(attempts=1)
def failing(path):
    told(path, "failing")
    raise RuntimeError("no")


@rpc
def fail(path: str) -> None:
    failing.later(path)


@rpc
def ask(path: str) -> None:
    later.later(path, "the key", key="the key")


webhook("insert", "sent", url=f"{RECEIVER}/webhook", secret="HOOK_SECRET")
"""
TABLE = {
    "$schema": "https://jotbase.dev/schema/table/v1",
    "type": "object",
    "properties": {"id": {"type": "integer", "identity": True}, "text": {"type": "string"}},
    "primaryKey": ["id"],
    "access": {"insert": "True", "select": "True"},
}


@dataclass
class Receiver:
    """What it is sent, as (path, key); it answers the first message of each path never."""

    url: str = ""
    told: Queue[tuple[str, str]] = field(default_factory=Queue)
    known: set[str] = field(default_factory=set)
    closing: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            made.told.put((self.path, self.headers.get("webhook-id") or body))
            if self.path not in made.known:
                made.known.add(self.path)
                made.closing.wait()
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    made.closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["sqlite", "postgres"])
def env(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the settings of a server on each engine."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    given = {"HOOK_SECRET": secret, "JOTBASE_WEBHOOKS_PRIVATE": "true"}
    if request.param == "sqlite":
        return given
    server: Server = request.getfixturevalue("postgres_server")
    return given | {"JOTBASE_DATABASE_URL": asyncio.run(server.create())}


def make_project(folder: Path, receiver: Receiver) -> Path:
    code = f"RECEIVER = {json.dumps(receiver.url)}\n{CODE}"
    return write_project(folder, {"notes": TABLE, "sent": TABLE}, **{"functions/__init__.py": code})


def begin(served: Served, what: str) -> str:
    """Have the server begin a piece of work; return the path that it sends to."""
    if what == "task":
        served.ask("POST", "/rest/v1/rpc/ask", {"path": "task"})
    else:
        table = {"hook": "notes", "webhook": "sent"}[what]
        served.ask("POST", f"/rest/v1/{table}", {"text": what})
    return f"/{what}"


@pytest.mark.parametrize("what", ["hook", "task", "webhook"])
def test_what_a_kill_interrupts_runs_again(
    tmp_path: Path, receiver: Receiver, env: dict[str, str], what: str
) -> None:
    """The receiver hears of it before the kill and after the restart, and can see the double."""
    project = make_project(tmp_path, receiver)
    with serving(project, env=env) as served:
        path = begin(served, what)
        first = receiver.told.get(timeout=20)
        served.kill()
    assert first[0] == path
    with serving(project, env=env):
        assert receiver.told.get(timeout=30) == first


def test_of_two_servers_one_tells(
    tmp_path: Path, receiver: Receiver, postgres_server: Server
) -> None:
    """Each change reaches the hook once, whichever server it came in by; after a kill the other
    goes on, and what it may tell again has the key that it had.
    """
    env = {"JOTBASE_DATABASE_URL": asyncio.run(postgres_server.create())}
    project = make_project(tmp_path, receiver)
    receiver.known.update(f"/{n}" for n in range(20))
    with serving(project, env=env) as one, serving(project, env=env) as other:
        for number in range(20):
            (one, other)[number % 2].ask("POST", "/rest/v1/notes", {"text": str(number)})
        told = [receiver.told.get(timeout=30) for _ in range(20)]
        assert [path for path, _ in told] == [f"/{n}" for n in range(20)]
        assert receiver.told.empty()
        one.kill()
        receiver.known.add("/last")
        other.ask("POST", "/rest/v1/notes", {"text": "last"})
        while (heard := receiver.told.get(timeout=30))[0] != "/last":
            assert heard in told


def test_dead_letters_are_seen_and_run_again(
    tmp_path: Path, receiver: Receiver, env: dict[str, str]
) -> None:
    """`jotbase tasks` beside the server: what was given up runs again, or goes."""
    project = make_project(tmp_path, receiver)

    def tasks(*arguments: str, code: int = 0) -> Any:
        done = command("tasks", *arguments, "--json", "--project", str(project), env=env)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def given_up() -> Any:
        """Look until the server has noted it: what it calls has returned before."""
        for _ in range(30):
            if dead := tasks("list", "--dead")["tasks"]:
                return dead
        raise AssertionError("nothing was given up")

    receiver.known.add("/again")
    with serving(project, env=env) as served:
        served.ask("POST", "/rest/v1/rpc/fail", {"path": "again"})
        assert receiver.told.get(timeout=20)[0] == "/again"
        dead = given_up()
        assert [(one["attempts"], one["error"]) for one in dead] == [(1, "RuntimeError: no")]
        assert tasks("retry", dead[0]["key"]) == {"keys": [dead[0]["key"]]}
        assert receiver.told.get(timeout=20)[0] == "/again"
        assert given_up()[0]["key"] == dead[0]["key"]
        assert tasks("delete", "nothing", code=1) == {"keys": []}
        assert tasks("delete", "--all") == {"keys": [dead[0]["key"]]}
        assert tasks("list")["dead"] == 0
