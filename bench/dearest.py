"""The dearest part: what 32 readers by key wait for beside the dearest requests that are allowed.

Each kind of dear request is asked again and again by one caller, in a process of its own. Must not
know how a server keeps them off its loop.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import statistics
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from urllib.parse import quote

from client import Client
from load import wrk
from processes import stop
from servers import SERVERS, Callers, launch, run
from workloads import raw

READERS = 32
#: A table of long values, open to all who signed up.
TABLE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "text": {"type": ["string", "null"]},
        "doc": {"type": ["array", "null"]},
        "name": {"type": ["string", "null"]},
    },
    "required": ["id"],
    "primaryKey": ["id"],
    "access": dict.fromkeys(("select", "insert", "update", "delete"), "True"),
}
LETTERS = 4_000_000
ITEMS = 4_000
#: What each asks: a method and path, a body, and the body's type.
Question = tuple[str, str, bytes | None, str]


def questions() -> dict[str, Question]:
    """Return the dear requests by what they are."""
    objects = json.dumps([{"a": [number % 2], "b": ITEMS - 2} for number in range(900)])
    lines = "\n".join(f'{number},"say ""{number}"" twice"' for number in range(200_000, 300_000))

    def asked(where: str) -> Question:
        return "GET", f"/rest/v1/dear?select=id&{where}", None, ""

    return {
        "a search in 4 MB": asked("text=plfts.nothing"),
        "an expression in 4 MB": asked("text=match." + quote("(a|b)*a(a|b){12}c")),
        "a LIKE pattern in 4 MB": asked("text=like." + quote("*" + "a" * 2_000 + "b")),
        "containment of 4,000 objects": asked("doc=cs." + quote(objects)),
        "CSV of 3 MB, refused": ("POST", "/rest/v1/dear", f"id,nope\n{lines}".encode(), "text/csv"),
    }


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Readers alone, then beside each dear request; medians of the rounds' p99, in seconds."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    (plan.folder / "project/schemas/dear.json").write_text(json.dumps(TABLE))
    child, _ = run(plan)
    dear = questions()
    seen: dict[str, list[float]] = {name: [] for name in ("alone", *dear)}
    try:
        callers = server.sign_up(plan)
        _seed(Client(plan.port), callers)
        pool = plan.folder / "dearest.requests"
        pool.write_bytes(raw(plan.port, "GET", "/rest/v1/dear?id=eq.3", callers.users[0].headers))
        for _ in range(rounds):
            for name, found in seen.items():
                with _asking(plan.port, callers, dear.get(name)):
                    found.append(wrk(plan.port, pool, READERS, seconds)["p99"] / 1e6)
    finally:
        stop(child)
    result = {name: statistics.median(found) for name, found in seen.items()}
    for name, p99 in result.items():
        say(f"{READERS} readers' p99, {name}: {p99 * 1000:.1f} ms")
    return {"p99": result, "readers": READERS}


def _seed(client: Client, callers: Callers) -> None:
    """Store a text of words that are all new, one of two letters, and an array of objects."""
    words = " ".join(f"generally{number}ing" for number in range(LETTERS // 20))
    objects = [{"a": [number % 2], "b": number} for number in range(ITEMS)]
    rows = [
        {"id": 1, "text": words, "doc": objects},
        {"id": 2, "text": "ab" * (LETTERS // 4) + "a" * (LETTERS // 2), "doc": None},
        {"id": 3, "text": None, "doc": None},
    ]
    for row in rows:
        client.need("POST", "/rest/v1/dear", callers.users[0].headers, row)
    client.close()


@contextlib.contextmanager
def _asking(port: int, callers: Callers, question: Question | None) -> Iterator[None]:
    """Ask the question all the time; what is answered, a refusal too, does not matter."""
    if question is None:
        yield
        return
    over = multiprocessing.Event()
    arguments = (port, dict(callers.users[-1].headers), question, over)
    process = multiprocessing.Process(target=_ask_on, args=arguments)
    process.start()
    try:
        yield
    finally:
        over.set()
        process.join()


def _ask_on(port: int, headers: dict[str, str], question: Question, over: Event) -> None:
    method, path, body, kind = question
    client = Client(port)
    sent = {**headers, "Content-Type": kind} if kind else headers
    while not over.is_set():
        client.ask(method, path, sent, body)
    client.close()
