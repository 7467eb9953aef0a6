"""What a project's code takes: to be loaded, to fork, and by what it gives back."""

from __future__ import annotations

import builtins
import threading
from pathlib import Path

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.errors import ProjectError

NOTES = table({"text": {"type": "string"}})


@pytest.mark.parametrize("code", ["builtins.jot_go.wait(60)", "while True:\n    pass"])
def test_code_that_never_comes_to_its_end_is_not_reloaded(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """The last good state is served, a loop is ended, and the next reload is taken."""
    monkeypatch.setattr("jotbase.functions.loading.TIMEOUT", 0.2)
    backend = serve({"notes": NOTES}, {"functions/__init__.py": "app = print"})
    builtins.jot_go = threading.Event()  # type: ignore[attr-defined]
    ended = builtins.jot_ended = threading.Event()  # type: ignore[attr-defined]
    file: Path = backend._backend.project.root / "functions/__init__.py"
    body = code.replace("\n", "\n    ")
    file.write_text(f"import builtins\ntry:\n    {body}\nfinally:\n    builtins.jot_ended.set()\n")

    with pytest.raises(ProjectError, match="not loaded within"):
        backend._threads.run(backend._backend.reload())
    assert backend.anonymous.get("/notes").json() == []
    if "while" in code:
        assert ended.wait(20)
    builtins.jot_go.set()  # type: ignore[attr-defined]
    file.write_text(RELOADED)
    monkeypatch.undo()
    backend._threads.run(backend._backend.reload())
    assert backend.anonymous.rpc("one").json() == 1


FORKED = """
import os
from jotbase.functions import before, data, rpc


def forked(code: int) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        data().get("notes")
    except RuntimeError:
        os._exit(code)
    return 0


@rpc
def forks() -> int:
    return forked(7)


@before("insert", "notes")
def hook_forks(note):
    return {"text": str(forked(8))}
"""


def test_a_forked_process_has_no_data_api(serve: Serve) -> None:
    """What would answer it is not there: it is told so, in functions and hooks alike."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": FORKED})

    assert backend.anonymous.rpc("forks").json() == 7
    backend.service.post("/notes", {"text": "a"})
    assert backend.service.get("/notes", {"select": "text"}).json() == [{"text": "8"}]


RELOADED = """
from jotbase.functions import rpc


@rpc
def one() -> int:
    return 1
"""
LARGE = """
import itertools
from collections.abc import Iterator
from typing import Any

from flask import Flask, jsonify

from jotbase.functions import Refusal, Row, before, computed, data, hook, rpc

app = Flask(__name__)
Note = Row["notes"]


def bomb():
    made = "a"
    for _ in range(60):
        made = [made] * 10
    return made


@rpc
def plain() -> Any:
    data().post("notes", {"text": "lost"})
    return bomb()


@rpc
def raw() -> bytes:
    return b"a" * (1 << 26)


@rpc
def numbers() -> list[int]:
    return itertools.count()


@rpc
def notes() -> list[Note]:
    return ({"id": n, "text": "a"} for n in itertools.count())


@rpc
def bombs() -> list[Note]:
    return [{"id": 1, "text": bomb()}]


@rpc
def refuses() -> int:
    raise Refusal("P0001", "no", details=bomb())


@computed
def large(note: Note) -> Any:
    return bomb()


@before("insert", "notes")
def stamp(note):
    return {"text": bomb()} if note["text"] == "bomb" else None


@hook("before_user_created")
def user_large(payload):
    return {"a": bomb()}


@app.get("/cycle")
def cycle():
    made = []
    made.append(made)
    return jsonify(made)
"""


def test_what_is_too_large_is_refused_before_it_is_made(serve: Serve) -> None:
    """From functions, computed columns, hooks and refusals; nothing is kept, others are served."""
    backend = serve({"notes": NOTES}, {"functions/__init__.py": LARGE})
    anonymous, service = backend.anonymous, backend.service
    for name in ("plain", "raw", "numbers", "notes", "bombs", "refuses"):
        refused(anonymous.rpc(name), 413, "54000")
    refused(service.post("/notes", {"text": "bomb"}), 413, "54000")
    assert anonymous.function("cycle").status == 500
    with pytest.raises(AssertionError, match="hook_payload_over_size_limit"):
        backend.user("ada@example.com")

    service.post("/notes", {"text": "a"})
    refused(service.get("/notes", {"select": "large"}), 413, "54000")
    assert service.get("/notes", {"select": "text"}).json() == [{"text": "a"}]
